"""The benchmark of streams, where the server ends an utterance that the benchmark's own stream does not."""

from __future__ import annotations

import asyncio
import json

import numpy as np
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.streaming import COMPLETED, RATE, Shown, follow


def completed(end_ms: int) -> str:
    words = [{"word": "नमस्ते", "start": 0.1, "end": 0.4}]
    return json.dumps({"type": COMPLETED, "audio_end_ms": end_ms, "words": words})


def test_a_final_that_nobody_expected_is_counted() -> None:
    async def connected(connection: ServerConnection) -> None:
        async for message in connection:
            if json.loads(message)["type"] == "input_audio_buffer.clear":
                for end_ms in (200, 300, 400):
                    await connection.send(completed(end_ms))
                await connection.send('{"type": "input_audio_buffer.cleared"}')

    async def run() -> Shown:
        shown = Shown()
        async with serve(connected, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            samples = np.zeros(RATE // 2, np.float32)
            await follow(f"ws://127.0.0.1:{port}", samples, {200: 0.3, 400: 0.5}, shown)
        return shown

    shown = asyncio.run(run())
    assert shown.n_others == 1
    assert len(shown.final_s) == 2
    assert shown.n_final == 3
