"""A recording holds a thread for a block at a time, whatever it is made of, and counts from its first block on."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile
from prometheus_client import REGISTRY

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.api.audio_load import AudioLoad
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.audio import Clips, Recording
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import HindiSTTError, Overloaded, RateLimited
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.observability.metrics import Metrics
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs
from tests.conftest import DATA

MODULES_UNDER_TEST = ("hindi_stt/decoding/assembly.py",)

RATE = 8_000


def flac(minutes: float, channels: int = 1, *, loud: bool = False) -> bytes:
    buffer = io.BytesIO()
    second = np.zeros((RATE, channels), np.int16)
    if loud:
        second[:] = np.round(9_000 * np.sin(2 * np.pi * np.arange(RATE) / 20)).astype(np.int16)[:, None]
    with soundfile.SoundFile(buffer, "w", RATE, channels, format="FLAC") as file:
        for _ in range(round(60 * minutes)):
            file.write(second)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "channel"),
    [
        pytest.param(flac(10), None, id="silence"),
        pytest.param(flac(4, 8), 3, id="one channel of eight"),
        pytest.param(flac(3, loud=True), None, id="sound"),
        pytest.param((DATA / "rain_opus.ogg").read_bytes() * 40, None, id="joined files"),
    ],
)
def test_no_slice_is_longer_than_two_blocks(pipeline: Pipeline, content: bytes, channel: int | None) -> None:
    recording = Recording(io.BytesIO(content), channel=channel)
    clips = Clips(recording, pipeline.sample_rate, pipeline.limits, pipeline.max_segment_s)
    before_s = 0.0
    steps = 0
    while not clips.ended:
        clips.advance()
        assert clips.duration_s - before_s <= 2 * pipeline.max_segment_s
        before_s, steps = clips.duration_s, steps + 1
    assert clips.duration_s > 60
    assert steps >= clips.duration_s / (2 * pipeline.max_segment_s)


@pytest.fixture(scope="module")
def metrics() -> Iterator[Metrics]:
    """Other tests of this process may have made some, and may want to."""
    _forget()
    yield Metrics()
    _forget()


def _forget() -> None:
    for collector, names in list(REGISTRY._collector_to_names.items()):
        if any(name.startswith("hindi_stt_") for name in names):
            REGISTRY.unregister(collector)


class Scene:
    """A recognizer with a model in this process."""

    def __init__(self, bundle: Bundle, metrics: Metrics, **settings: float) -> None:
        self.settings = Settings(model="", **settings)  # type: ignore[arg-type]
        acoustic = LocalAcoustic(bundle, threads=1)

        async def infer(_: str, features: Features, *, live_final: bool = False) -> LogProbs:
            (result,) = await asyncio.to_thread(acoustic, [features])
            if isinstance(result, HindiSTTError):
                raise result
            return result

        self.recognizer = Recognizer(Registry([bundle]), infer, self.settings, metrics, RateLimits())
        self.pipeline = self.recognizer.pipelines[bundle.tag]

    async def transcribe(self, content: bytes, client: Client) -> float:
        """Seconds that were decoded, until the end or an error."""
        recognition = self.recognizer.recognize(
            Recording(io.BytesIO(content)), self.pipeline, self.pipeline.options({}), client
        )
        try:
            await recognition.transcript()
        except RateLimited:
            return recognition.duration_s
        return recognition.duration_s


@pytest.fixture
def scene(bundle: Bundle, metrics: Metrics) -> Scene:
    return Scene(bundle, metrics)


def test_silence_counts_against_the_quota_while_it_is_decoded(scene: Scene) -> None:
    decoded_s = asyncio.run(scene.transcribe(flac(10), Client("clinic", audio_s_per_hour=100.0)))
    assert decoded_s <= 100 + 2 * scene.settings.max_segment_s


@pytest.mark.slow
def test_silence_is_load_while_it_is_decoded_and_none_afterwards(scene: Scene, metrics: Metrics) -> None:
    gauge = metrics.in_progress

    def in_progress_s() -> float:
        return float(gauge.collect()[0].samples[0].value)

    async def watch() -> float:
        most_s = 0.0
        content = flac(5)
        work = asyncio.gather(*(scene.transcribe(content, Client("busy")) for _ in range(10)))
        while not work.done():
            most_s = max(most_s, in_progress_s())
            await asyncio.sleep(0.001)
        await work
        return most_s

    most_s = asyncio.run(watch())
    assert 50 <= most_s <= 10 * 2 * scene.settings.max_segment_s
    assert in_progress_s() == pytest.approx(0.0, abs=1e-6)


def test_one_client_fills_its_share_and_no_more(metrics: Metrics) -> None:
    load = AudioLoad(Settings(model="", max_queue_s=100.0), metrics)
    held = load.hold("busy")
    held.change(70.0)
    with pytest.raises(Overloaded) as caught:
        load.admit("busy", 10.0)
    assert "of busy" in caught.value.message
    load.admit("other", 10.0)
    others = load.hold("other")
    others.change(28.0)
    with pytest.raises(Overloaded):
        load.admit("third", 10.0)
    for one in (held, others):
        one.change(0.0)
    load.admit("third", 1000.0)  # alone it is never refused


def test_a_refusal_applies_to_its_client_only(metrics: Metrics) -> None:
    load = AudioLoad(Settings(model="", max_queue_s=100.0), metrics)
    load.remember_refusal("busy", 5.0)
    with pytest.raises(Overloaded):
        load.refuse_if_full("busy")
    load.refuse_if_full("other")
    load.remember_refusal("", 5.0)
    with pytest.raises(Overloaded):
        load.refuse_if_full("other")
