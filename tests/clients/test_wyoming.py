"""The client of the package `wyoming`, as Home Assistant's integration uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.ports import free_ports
from tests.support.server import Server
from tests.support.wav import wav

pytestmark = pytest.mark.clients
pytest.importorskip("wyoming")

from wyoming.asr import Transcribe, Transcript, TranscriptChunk, TranscriptStart, TranscriptStop  # noqa: E402
from wyoming.audio import AudioChunk, AudioStart, AudioStop  # noqa: E402
from wyoming.client import AsyncTcpClient  # noqa: E402
from wyoming.error import Error  # noqa: E402
from wyoming.event import Event  # noqa: E402
from wyoming.info import Describe, Info  # noqa: E402
from wyoming.ping import Ping, Pong  # noqa: E402

RATE = 16_000


@pytest.fixture(scope="module")
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("wyoming"), HINDI_STT_PROTOCOLS="wyoming", HINDI_STT_WYOMING_PORT=str(port)
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


async def read(client: AsyncTcpClient) -> Event:
    event = await asyncio.wait_for(client.read_event(), 60)
    assert event is not None
    return event


def test_the_service_is_described(home: Server, port: int) -> None:
    """By the fields from which Home Assistant makes its entity."""

    async def run() -> None:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Ping("there?").event())
            assert Pong.from_event(await read(client)).text == "there?"
            await client.write_event(Describe().event())
            event = await read(client)
            assert Info.is_type(event.type)
            info = Info.from_event(event)
            program = info.asr[0]
            assert program.installed
            assert program.supports_transcript_streaming
            languages = {language for model in program.models if model.installed for language in model.languages}
            assert languages == {"hi"}
            assert not info.tts

    asyncio.run(run())


def test_a_command_is_transcribed(home: Server, port: int, rain: np.ndarray) -> None:
    """As Home Assistant sends it: 16 kHz in chunks, until the transcript; then as a streaming client reads it."""
    expected = home.transcribe(wav(rain)).json()["text"]
    assert len(expected.split()) > 4
    data = rain.astype("<i2").tobytes()

    async def run() -> None:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Transcribe(language="hi").event())
            await client.write_event(AudioStart(rate=RATE, width=2, channels=1).event())
            for start in range(0, len(data), 2_048):
                chunk = AudioChunk(rate=RATE, width=2, channels=1, audio=data[start : start + 2_048])
                await client.write_event(chunk.event())
            await client.write_event(AudioStop().event())
            events = [await read(client)]
            while not TranscriptStop.is_type(events[-1].type):
                events.append(await read(client))
        assert TranscriptStart.from_event(events[0]).language == "hi"
        (transcript,) = [Transcript.from_event(event) for event in events if Transcript.is_type(event.type)]
        assert (transcript.text, transcript.language) == (expected, "hi")
        chunks = [TranscriptChunk.from_event(event).text for event in events if TranscriptChunk.is_type(event.type)]
        assert "".join(chunks) == expected

    asyncio.run(run())


def test_a_model_that_is_not_here(home: Server, port: int) -> None:
    async def run() -> None:
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Transcribe(name="another").event())
            await client.write_event(AudioStart(rate=RATE, width=2, channels=1).event())
            event = await read(client)
            assert Error.is_type(event.type)
            assert Error.from_event(event).code == "unknown_model"

    asyncio.run(run())
