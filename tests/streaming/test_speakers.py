"""Streams that tell speakers apart, by the embedded model and a speaker model that tells bandwidths apart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.streaming import LocalBackend, Partial, Stream, TurnDetection, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.conversations import TALK, TALK_TURNS, dull
from tests.support.speaker_model import write_speaker_bundle
from tests.support.streams import every, listen, silence, speech, utterances

RAIN, FAMILY = speech("rain.flac"), speech("family.flac")


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    bundle = write_speaker_bundle(tmp_path_factory.mktemp("speakers") / "bundle")
    return Pipeline(Bundle.open(EMBEDDED), Settings(model=""), SpeakerSource(lambda: bundle))


def told(found: list[Utterance]) -> list[str | None]:
    """Who speaks, turn by turn."""
    names = [segment.speaker for utterance in found for segment in utterance.segments]
    return [name for i, name in enumerate(names) if not i or name != names[i - 1]]


@pytest.mark.slow
@pytest.mark.parametrize("turns", [None, TurnDetection(silence_duration_ms=700)])
@pytest.mark.parametrize("end_pointing", [True, False])
def test_each_turn_has_its_speaker_and_the_words_are_the_same(
    speaking: Pipeline, acoustic: LocalAcoustic, turns: TurnDetection | None, end_pointing: bool
) -> None:
    parts = every(TALK, 0.3)
    kinds: dict[str, Any] = {"end_pointing": end_pointing, "turns": turns}
    plain = utterances(listen(speaking, acoustic, parts, **kinds))
    events = listen(speaking, acoustic, parts, **kinds, diarize="true")
    found = utterances(events)
    assert told(found) == TALK_TURNS
    assert [one.words for one in found] == [one.words for one in plain]
    assert {segment.speaker for one in plain for segment in one.segments} == {None}
    assert any(isinstance(event, Partial) for event in events) == end_pointing


def test_what_is_written_of_segments_is_written_of_speakers(speaking: Pipeline, acoustic: LocalAcoustic) -> None:
    """Marks and script, whose words keep their speaker, and masks, without which words would be shown too soon."""
    fields = {"punctuation": "pauses", "script": "latin", "mask": "phone"}
    found = utterances(listen(speaking, acoustic, every(TALK, 0.3), diarize="true", **fields))
    assert told(found) == TALK_TURNS
    assert all(one.text.isascii() for one in found)
    assert found[0].text.endswith(".")


@pytest.mark.slow
def test_packets_do_not_matter(speaking: Pipeline, acoustic: LocalAcoustic) -> None:
    found = [utterances(listen(speaking, acoustic, every(TALK, size), diarize="true")) for size in (0.05, 1.0)]
    assert found[0] == found[1]


def test_an_utterance_that_is_forgotten_while_its_speakers_are_sought_costs_nothing_else(
    speaking: Pipeline, acoustic: LocalAcoustic
) -> None:
    """The thread ends before the stream goes on, and the next utterance is labelled."""
    options = speaking.options({"diarize": "true"})
    speakers = LiveDiarization(speaking.speakers.embedder, options.speakers)
    begun = asyncio.Event()
    plain = speakers.listen

    async def run() -> list[Utterance]:
        loop = asyncio.get_running_loop()

        def listen_and_tell(*args: Any) -> Any:
            loop.call_soon_threadsafe(begun.set)
            return plain(*args)

        speakers.listen = listen_and_tell  # type: ignore[method-assign]
        stream = Stream(speaking, LocalBackend(acoustic), options, speakers=speakers)

        async def push(samples: np.ndarray) -> list[Any]:
            return [event async for event in stream.push(samples.astype(np.float32) / 32_768)]

        task = asyncio.create_task(push(np.concatenate([FAMILY, silence(1.5)])))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stream.clear()
        events = await push(np.concatenate([dull(FAMILY), silence(1.5)]))
        return utterances(events)

    (found,) = asyncio.run(run())
    assert told([found]) == ["Speaker 1"]


def test_a_speaker_keeps_the_name_in_the_next_stream_of_a_track(speaking: Pipeline, acoustic: LocalAcoustic) -> None:
    options = speaking.options({"diarize": "true"})
    speakers = LiveDiarization(speaking.speakers.embedder, options.speakers)

    async def run() -> list[Utterance]:
        found: list[Utterance] = []
        start_s = 0.0
        for samples in (FAMILY, dull(FAMILY), FAMILY):
            stream = Stream(
                speaking, LocalBackend(acoustic), options, end_pointing=False, start_s=start_s, speakers=speakers
            )
            async for _ in stream.push(samples.astype(np.float32) / 32_768):
                pass
            found += utterances([event async for event in stream.commit()])
            start_s = stream.received_s
        return found

    assert told(asyncio.run(run())) == ["Speaker 1", "Speaker 2", "Speaker 1"]


def test_a_damaged_speaker_model_is_an_error_of_the_utterance(acoustic: LocalAcoustic, tmp_path: Path) -> None:
    from hindi_stt.errors import BundleInvalid

    bundle = write_speaker_bundle(tmp_path / "bundle")
    pipeline = Pipeline(Bundle.open(EMBEDDED), Settings(model=""), SpeakerSource(lambda: bundle))
    bundle.model.write_bytes(b"no model")
    with pytest.raises(BundleInvalid):
        listen(pipeline, acoustic, every(np.concatenate([FAMILY, silence(1.5)]), 0.3), diarize="true")
