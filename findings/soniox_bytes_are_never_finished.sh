#!/usr/bin/env bash
# soniox 2.10.0, websockets 17.4, Python 3.11.
#
# Behaviour: send_bytes(audio) of the real-time session sends the end of the audio only where it is given an iterator. After one bytes
#   object, which it takes as well, finish=True, the default, does nothing, so that the last words do not come, and the loop over the
#   events waits for as long as the service does. An event with error_code is handed over as any other; the closing behind it, and a lost
#   connection, end that loop as its normal end does, without an exception. Leaving the `with` block sends the end of the audio and does
#   not close the connection.
# Wrong guess: an argument for the end of the audio holds for both forms of the audio; an error of the service or a lost connection is
#   raised as SonioxRealtimeError, which the package has; and a context manager's connection is closed behind it.
# Seen, the same with both clients: "bytes: the service got 32000 bytes and no end; events: none in 1 s", "iterator: the service got 32000
#   bytes and the end; events: नमस्ते", "error event: loop ended, no exception", "lost connection: loop ended, no exception" and
#   "connection 1 s after the block: open".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check soniox==2.10.0 websockets==17.4
cat > "$work/run.py" <<'PY'
import asyncio
import json
import sys

from soniox import AsyncSonioxClient, SonioxClient
from soniox.types.realtime import RealtimeSTTConfig
from websockets.asyncio.server import serve

AUDIO = bytes(32000)
CONFIG = RealtimeSTTConfig(model="stt-rt", audio_format="pcm_s16le", sample_rate=16000, num_channels=1, language_hints=["hi"])
FINAL = {"tokens": [{"text": "नमस्ते", "start_ms": 0, "end_ms": 500, "confidence": 0.9, "is_final": True}], "finished": True}
ERROR = {"tokens": [], "error_code": 503, "error_message": "Cannot continue request"}


class Service:
    """Answers the end of the audio with a final token; it can fail at the first audio, or leave closing to the client."""

    def __init__(self, failure=None, closes=True):
        self.failure, self.closes = failure, closes
        self.size, self.ended = 0, False

    async def __call__(self, connection):
        await connection.recv()  # The configuration.
        async for message in connection:
            self.size += len(message)
            if self.failure == "error event":
                return await connection.send(json.dumps(ERROR))
            if self.failure == "lost connection":
                return connection.transport.abort()
            if message == "":
                self.ended = True
                await connection.send(json.dumps(FINAL))
                if self.closes:
                    return


async def read_async(address, audio):
    client = AsyncSonioxClient(api_key="none", websocket_base_url=address)

    async def pieces():
        for start in range(0, len(AUDIO), 8000):
            yield AUDIO[start : start + 8000]

    async with client.realtime.stt.connect(config=CONFIG) as session:
        await session.send_bytes(pieces() if audio is None else audio)
        return [event.tokens[0].text async for event in session.receive_events() if event.tokens]


def read_in_thread(address, audio):
    client = SonioxClient(api_key="none", websocket_base_url=address)
    pieces = (AUDIO[start : start + 8000] for start in range(0, len(AUDIO), 8000))
    with client.realtime.stt.connect(config=CONFIG) as session:
        session.send_bytes(pieces if audio is None else audio)
        return [event.tokens[0].text for event in session.receive_events() if event.tokens]


async def transcribe(kind, audio, service):
    """The texts that come within a second, None if the reader still waits then; it ends when the service goes."""
    async with serve(service, "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        read = read_async(address, audio) if kind == "async" else asyncio.to_thread(read_in_thread, address, audio)
        task = asyncio.ensure_future(read)
        done, _ = await asyncio.wait([task], timeout=1)
        texts = task.result() if done else None
        ended = service.ended
    await task
    return texts, ended


async def connections_after_block(kind):
    def in_thread(address):
        with SonioxClient(api_key="none", websocket_base_url=address).realtime.stt.connect(config=CONFIG) as session:
            session.send_byte_chunk(AUDIO)

    async with serve(Service(closes=False), "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        if kind == "async":
            client = AsyncSonioxClient(api_key="none", websocket_base_url=address)
            async with client.realtime.stt.connect(config=CONFIG) as session:
                await session.send_byte_chunk(AUDIO)
        else:
            await asyncio.to_thread(in_thread, address)
        await asyncio.sleep(1)
        return len(server.connections)


async def main():
    as_expected = True
    for kind in ("async", "sync"):
        for name, audio, expected in (("bytes", AUDIO, (None, False)), ("iterator", None, (["नमस्ते"], True))):
            service = Service()
            texts, ended = await transcribe(kind, audio, service)
            end = "and the end" if ended else "and no end"
            print(f"{kind}, {name}: the service got {service.size} bytes {end}; events: {'none in 1 s' if texts is None else ' '.join(texts)}")
            as_expected = as_expected and (texts, ended) == expected
        for failure in ("error event", "lost connection"):
            try:
                texts, _ = await transcribe(kind, AUDIO, Service(failure))
                print(f"{kind}, {failure}: {'still waits' if texts is None else 'loop ended, no exception'}")
                as_expected = as_expected and texts == []
            except Exception as raised:
                print(f"{kind}, {failure}: {raised!r}")
                as_expected = False
        count = await connections_after_block(kind)
        print(f"{kind}, connection 1 s after the block: {'open' if count else 'closed'}")
        as_expected = as_expected and count == 1
    return as_expected


sys.exit(not asyncio.run(main()))
PY
"$work/venv/bin/python" "$work/run.py"
