"""Audio that comes faster than it is spoken takes turns while others speak live, and only then."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Iterator

import pytest

from hindi_stt.access.limits import Client
from hindi_stt.api.forms.transcription_request import ModelRequest
from hindi_stt.api.live import catch_up as module
from hindi_stt.api.live.backend import LiveBackend
from hindi_stt.api.live.catch_up import CatchUp, TrackPace
from hindi_stt.api.live.track import Track, TrackConfig
from hindi_stt.audio import PacketFormat
from hindi_stt.errors import Overloaded
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.observability.metrics import Metrics
from hindi_stt.settings import Settings
from hindi_stt.streaming import Utterance
from tests.support.api_requests import make_recognizer
from tests.support.streams import RATE, TALK

pytestmark = pytest.mark.slow

MODULES_UNDER_TEST = (
    "hindi_stt/api/live/backend.py",
    "hindi_stt/api/live/catch_up.py",
    "hindi_stt/api/live/track.py",
)

# Far more than a test takes.
AHEAD_S = 1000.0


class Waits:
    """Seconds that tracks have waited."""

    def __init__(self) -> None:
        self.all_s: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.all_s.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def ahead(catch_up: CatchUp, client: str = "batch", by_s: float = AHEAD_S) -> TrackPace:
    pace = catch_up.track(client)
    pace.take(by_s)
    return pace


def speaking(catch_up: CatchUp) -> TrackPace:
    pace = catch_up.track("speaker")
    pace.take(0.1)
    return pace


class Work:
    """A step of work that begins, and ends when it is told to."""

    def __init__(self, pace: TrackPace) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.task = asyncio.create_task(self._run(pace))

    async def _run(self, pace: TrackPace) -> list[str]:
        return [event async for event in pace.in_turns(self._events())]

    async def _events(self) -> AsyncGenerator[str]:
        self.begun.set()
        await self.may_end.wait()
        yield "done"

    async def end(self) -> None:
        self.may_end.set()
        assert await self.task == ["done"]


async def settle() -> None:
    """Let whatever can begin do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(body: object) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await body  # type: ignore[misc]

    asyncio.run(limited())


def test_one_at_a_time_beside_a_speaker(waits: Waits) -> None:
    async def body() -> None:
        catch_up = CatchUp(0.25, 2, waits)
        speaker = speaking(catch_up)
        first, second = Work(ahead(catch_up)), Work(ahead(catch_up, "other"))
        await settle()
        live = Work(speaker)
        await settle()
        assert [first.begun.is_set(), second.begun.is_set(), live.begun.is_set()] == [True, False, True]
        await live.end()
        first.may_end.set()
        await second.begun.wait()
        await second.end()
        await first.end()
        assert len(waits.all_s) >= 2

    run(body())


@pytest.mark.parametrize(("share", "cores", "n_begun"), [(0.25, 8, 2), (0.5, 8, 4), (0.1, 1, 1), (1, 1, 5)])
def test_as_many_turns_as_the_share_of_the_cores(waits: Waits, share: float, cores: int, n_begun: int) -> None:
    async def body() -> None:
        catch_up = CatchUp(share, cores, waits)
        speaker = speaking(catch_up)
        works = [Work(ahead(catch_up)) for _ in range(5)]
        await settle()
        assert sum(work.begun.is_set() for work in works) == n_begun
        catch_up.lift()
        for work in works:
            speaker.take(0.01)
            await work.end()

    run(body())


def test_nobody_waits_where_nobody_else_speaks(waits: Waits) -> None:
    async def body() -> None:
        catch_up = CatchUp(0.25, 1, waits)
        works = [Work(ahead(catch_up)) for _ in range(5)]
        await settle()
        assert all(work.begun.is_set() for work in works)
        for work in works:
            await work.end()
        assert not waits.all_s

    run(body())


def test_real_time_is_always_taken(waits: Waits) -> None:
    """The turn of another one never ends; who is ahead by a tenth of a second goes on without a turn after it."""

    async def body() -> None:
        catch_up = CatchUp(0.25, 1, waits)
        speaker = speaking(catch_up)
        first = Work(ahead(catch_up))
        await settle()
        second = Work(ahead(catch_up, by_s=5.1))
        await settle()
        assert not second.begun.is_set()
        await second.end()
        assert not first.task.done()
        speaker.take(0.1)
        await first.end()

    run(body())


def test_turns_are_given_back_whatever_happens(waits: Waits) -> None:
    """Cancelled while it waits, cancelled while it works, a failure: the next one has its turn."""

    async def body() -> None:
        catch_up = CatchUp(0.25, 4, waits)
        speaker = speaking(catch_up)
        works, waiting = Work(ahead(catch_up)), Work(ahead(catch_up))
        await settle()
        for cancelled in (waiting, works):
            cancelled.task.cancel()
            await asyncio.gather(cancelled.task, return_exceptions=True)

        async def failing() -> AsyncGenerator[str]:
            raise ValueError("failed")
            yield ""

        with pytest.raises(ValueError, match="failed"):
            async for _ in ahead(catch_up).in_turns(failing()):
                pass
        speaker.take(0.1)
        await Work(ahead(catch_up)).end()

    run(body())


def test_hypotheses_are_for_those_who_speak(acoustic: LocalAcoustic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hindi_stt.api.recognizer._BUSY_LOOP_S", 60.0)  # of a busy machine

    async def body() -> None:
        recognizer = make_recognizer(acoustic, Settings(model=""))
        catch_up, model = recognizer.catch_up, recognizer.registry.default.tag
        recording, speaker = ahead(catch_up), catch_up.track("speaker")
        async with LiveBackend(recognizer, model, recording).partial():  # nobody else speaks
            pass
        speaker.take(0.1)
        with pytest.raises(Overloaded):
            LiveBackend(recognizer, model, recording).partial()
        async with LiveBackend(recognizer, model, speaker).partial():
            pass

    run(body())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    yield now
    monkeypatch.undo()


def test_how_far_a_track_is_ahead(clock: list[float], waits: Waits) -> None:
    pace = CatchUp(0.25, 2, waits).track("a")
    pace.take(5.0)
    assert pace.ahead_s == 0
    pace.take(2.0)
    assert pace.ahead_s == 2
    clock[0] = 1.5
    assert pace.ahead_s == 0.5
    assert pace.live_s == -math.inf
    # Half a minute in which nothing was taken is made up for, and no more than that.
    clock[0] = 1000
    pace.take(35.0)
    assert pace.ahead_s == 0
    assert pace.live_s == 1000
    pace.take(1.0)
    assert pace.ahead_s == 1


def test_a_recording_beside_a_speaker_loses_nothing(acoustic: LocalAcoustic) -> None:
    """As fast as it can be sent, beside a speaker and without: the same words, and only beside one it waits."""
    data = (TALK.astype("<i2").tobytes()) * 2

    async def transcribed(*, beside: bool) -> tuple[list[str], float]:
        recognizer = make_recognizer(acoustic, Settings(model="", min_audio_s=0.1))
        before_s = waited(recognizer.metrics)
        pipeline = recognizer.pipelines[recognizer.registry.default.tag]
        config = TrackConfig(ModelRequest(pipeline, pipeline.defaults, ()), PacketFormat("pcm16", RATE))
        tracks = [Track(recognizer, Client(name), config, lambda: None, lambda _: None) for name in "abc"]
        texts: list[str] = []

        async def sent(track: Track) -> None:
            for start in range(0, len(data), RATE):
                await track.admit(data[start : start + RATE])
                texts.extend([e.text async for e in track.push(data[start : start + RATE]) if isinstance(e, Utterance)])
            texts.extend([event.text async for event in track.finish() if isinstance(event, Utterance)])

        async def spoken() -> None:
            while True:
                await tracks[0].admit(bytes(320))
                await asyncio.sleep(0.01)

        speaker = asyncio.create_task(spoken()) if beside else None
        await asyncio.gather(*(sent(track) for track in (tracks[1:] if beside else tracks[1:2])))
        if speaker is not None:
            speaker.cancel()
            await asyncio.gather(speaker, return_exceptions=True)
        return sorted(texts), waited(recognizer.metrics) - before_s

    alone, alone_s = asyncio.run(transcribed(beside=False))
    beside, beside_s = asyncio.run(transcribed(beside=True))
    assert sorted([*alone, *alone]) == beside
    assert len(alone) > 2
    assert alone_s == 0 < beside_s


def waited(metrics: Metrics) -> float:
    found: float = metrics.catch_up_wait_seconds._value.get()
    return found
