"""What a turn's final waits for: its clip is transcribed before the turn is over, and no hypothesis is begun then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from hindi_stt.errors import HindiSTTError, Overloaded, RunnerUnavailable
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.streaming import Event, LocalBackend, Stream, TurnDetection, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs
from tests.support.streams import FAMILY, RAIN, RATE, TALK, Busy, Stuck, listen, packets, silence, utterances
from tests.support.wav import wav

MODULES_UNDER_TEST = ("hindi_stt/streaming/backend.py",)

PACKET = RATE // 50


class Recorder(LocalBackend):
    """Counts what is asked of the model; `closed`: it takes nothing more."""

    def __init__(self, acoustic: LocalAcoustic) -> None:
        super().__init__(acoustic)
        self.finals = self.others = self.places = 0
        self.closed = False

    def partial(self) -> AbstractAsyncContextManager[None]:
        self.places += 1
        return super().partial()

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        if self.closed:
            raise RunnerUnavailable("closed")
        self.finals += final
        self.others += not final
        return await super().log_probs(features, final=final)


async def push(stream: Stream, samples: np.ndarray) -> list[Event]:
    """The events of these samples in packets of 20 ms, each with time for what runs beside it."""
    events: list[Event] = []
    for part in packets(samples, [PACKET] * (len(samples) // PACKET + 1)):
        events += [event async for event in stream.push(part.astype(np.float32) / 32_768)]
        events += [event async for event in stream.partial()]
        await asyncio.sleep(0.001)
    return events


@contextlib.asynccontextmanager
async def open_stream(pipeline: Pipeline, line: LocalBackend, silence_ms: int) -> AsyncIterator[Stream]:
    turns = TurnDetection(silence_duration_ms=silence_ms)
    stream = Stream(pipeline, line, pipeline.options({}), min_s=0, turns=turns)
    yield stream
    await stream.clear()


@pytest.mark.parametrize("silence_ms", [500, 2000])
def test_a_final_is_there_before_the_silence_is_over(
    pipeline: Pipeline, acoustic: LocalAcoustic, silence_ms: int
) -> None:
    """0.4 s after the last sound the model may be gone: the turn's text comes all the same."""

    async def go() -> tuple[list[Event], Recorder]:
        line = Recorder(acoustic)
        async with open_stream(pipeline, line, silence_ms) as stream:
            events = await push(stream, np.append(RAIN, silence(0.4)))
            early = stream._clips._early
            assert early is not None
            await asyncio.wait([early.task], timeout=30)
            line.closed = True
            events += await push(stream, silence(silence_ms / 1000))
        return events, line

    events, line = asyncio.run(go())
    (done,) = utterances(events)
    assert line.finals == 0
    start, end = (round(at * RATE) for at in (done.start_s, done.end_s))
    heard = np.append(RAIN, silence(1))[start:end]
    assert done.text == pipeline.transcribe(wav(heard), acoustic).text


def test_speech_after_a_pause_is_transcribed_whole(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """The early result of the first half is not the turn's."""
    samples = np.concatenate([RAIN, silence(0.45), FAMILY, silence(1)])

    async def go() -> list[Event]:
        async with open_stream(pipeline, LocalBackend(acoustic), 800) as stream:
            return await push(stream, samples)

    (done,) = utterances(asyncio.run(go()))
    start, end = (round(at * RATE) for at in (done.start_s, done.end_s))
    assert done.text == pipeline.transcribe(wav(samples[start:end]), acoustic).text
    assert len(done.text.split()) > len(pipeline.transcribe(wav(RAIN), acoustic).text.split()) + 4


@pytest.mark.slow
@pytest.mark.parametrize("make", [Busy, Stuck])
def test_finals_are_the_same_where_no_clip_can_run_early(
    pipeline: Pipeline, acoustic: LocalAcoustic, make: type
) -> None:
    turns = TurnDetection(silence_duration_ms=500)

    def heard(line: LocalBackend) -> list[Utterance]:
        async def go() -> list[Event]:
            stream = Stream(pipeline, line, pipeline.options({}), min_s=0, turns=turns)
            events: list[Event] = []
            for part in packets(TALK, [RATE // 10] * 200):
                events += [event async for event in stream.push(part.astype(np.float32) / 32_768)]
            return events + [event async for event in stream.commit()]

        return utterances(asyncio.run(go()))

    expected = utterances(listen(pipeline, acoustic, packets(TALK, [RATE // 10] * 200), turns=turns))
    assert heard(make(acoustic)) == expected


def test_errors_are_reported_with_the_turn(pipeline: Pipeline) -> None:
    def broken(batch: list[Features]) -> list[HindiSTTError]:
        return [Overloaded("full") for _ in batch]

    async def go() -> None:
        async with open_stream(pipeline, LocalBackend(broken), 500) as stream:
            await push(stream, np.append(RAIN, silence(0.4)))
            with pytest.raises(Overloaded):
                await push(stream, silence(0.2))

    asyncio.run(go())


@pytest.mark.slow
@pytest.mark.parametrize("silence_ms", [200, 500])
def test_no_hypothesis_is_begun_shortly_before_a_turn_ends(
    pipeline: Pipeline, acoustic: LocalAcoustic, silence_ms: int
) -> None:
    """Wherever in the steps of the hypotheses the speech ends."""

    async def places(before_s: float) -> int:
        line = Recorder(acoustic)
        async with open_stream(pipeline, line, silence_ms) as stream:
            samples = np.concatenate([silence(before_s), RAIN, silence(silence_ms / 1000 - 0.13)])
            await push(stream, samples)
            before = line.places
            events = await push(stream, silence(0.1))
            assert not utterances(events)
            return line.places - before

    assert [asyncio.run(places(0.04 * step)) for step in range(8)] == [0] * 8
