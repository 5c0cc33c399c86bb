"""Streams in this process: finals that no packet can change, stable words that stay, utterances like files."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.audio import PacketDecoder, PacketFormat
from hindi_stt.cli.main import main
from hindi_stt.errors import AudioTooShort, HindiSTTError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.streaming import (
    Event,
    LocalBackend,
    Partial,
    SpeechStarted,
    SpeechStopped,
    Stream,
    Utterance,
)
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.streams import RATE, TALK, Busy, Stuck, every, listen, packets, speech, utterances
from tests.support.wav import wav

MODULES_UNDER_TEST = ("hindi_stt/streaming/partials.py",)


@pytest.fixture(scope="module")
def talk(pipeline: Pipeline, acoustic: LocalAcoustic) -> list[Event]:
    return listen(pipeline, acoustic, every(TALK, 0.1))


def test_an_utterance_is_what_its_audio_is_as_a_file(
    pipeline: Pipeline, acoustic: LocalAcoustic, talk: list[Event]
) -> None:
    found = utterances(talk)
    assert len(found) == 2
    for utterance in found:
        audio = TALK[round(utterance.start_s * RATE) : round(utterance.end_s * RATE)]
        alone = pipeline.transcribe(wav(audio), acoustic)
        assert utterance.text == alone.text
        assert [word.confidence for word in utterance.words] == pytest.approx([w.confidence for w in alone.words])
        assert [word.start_s - utterance.start_s for word in utterance.words] == pytest.approx(
            [word.start_s for word in alone.words]
        )


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 3 * RATE), max_size=60))
def test_packets_do_not_matter(
    pipeline: Pipeline, acoustic: LocalAcoustic, talk: list[Event], sizes: list[int]
) -> None:
    assert utterances(listen(pipeline, acoustic, packets(TALK, sizes))) == utterances(talk)


@pytest.mark.slow
def test_the_text_of_a_long_stream_is_that_of_the_file(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Without a pause for longer than the model takes: clips that overlap are stitched in both."""
    samples = speech("family.flac", 0.1, "rain.flac", 0.1, *["family.flac", 0.1] * 5, 1.2, "rain.flac", 1.5)
    assert len(samples) > 18 * RATE
    expected = pipeline.transcribe(wav(samples), acoustic)
    streamed = listen(pipeline, acoustic, every(samples, 0.3), backend=Busy(acoustic))
    found = utterances(streamed)
    assert " ".join(utterance.text for utterance in found) == expected.text
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(found))
    (committed,) = utterances(listen(pipeline, acoustic, every(samples, 0.3), end_pointing=False))
    assert committed.text == expected.text


@pytest.mark.slow
def test_speech_without_pauses_is_transcribed_in_parts(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Each part is told when the next has been heard, and says no word of the other."""
    samples = np.tile(speech("family.flac")[: int(3.7 * RATE)], 9)
    events = listen(pipeline, acoustic, every(samples, 1.0))
    found = utterances(events)
    assert len(found) >= 2
    assert events.index(found[0]) < len(events) - 10
    assert " ".join(utterance.text for utterance in found) == pipeline.transcribe(wav(samples), acoustic).text
    added = [word.start_s for event in events if isinstance(event, Partial) for word in event.stable]
    assert added
    for utterance in found:
        assert utterance.start_s <= utterance.words[0].start_s
        assert utterance.words[-1].end_s <= utterance.end_s + 0.04


def test_without_end_pointing_a_commit_is_a_file(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    samples = TALK[: 7 * RATE]
    events = listen(pipeline, acoustic, every(samples, 0.1), end_pointing=False)
    (utterance,) = events
    assert utterance.text == pipeline.transcribe(wav(samples), acoustic).text
    assert (utterance.start_s, utterance.end_s) == (0.0, 7.0)


def test_events_come_in_order_and_stable_words_stay(talk: list[Event]) -> None:
    order = ""
    changed = shown = 0
    stable: list[str] = []
    for event in talk:
        match event:
            case SpeechStarted():
                order += "("
                stable = []
            case Partial(added, unstable):
                order += "." * (order[-1] != ".")
                stable += [word.text for word in added]
                assert added or unstable or stable
            case SpeechStopped():
                order += "|"
            case Utterance():
                order += ")"
                final = [word.text for word in event.words]
                shown += len(stable)
                changed += sum(a != b for a, b in zip(stable, final, strict=False))
    assert order == "(.|)" * 2
    assert shown > 5
    assert changed <= 0.1 * shown


def test_partials_come_before_the_end(talk: list[Event]) -> None:
    first = next(i for i, event in enumerate(talk) if isinstance(event, Partial))
    before = [event for event in talk[: talk.index(utterances(talk)[0])] if isinstance(event, Partial)]
    assert first == 1
    assert len(before) > 4
    assert any(event.unstable for event in before)
    assert any(event.stable for event in before)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields", [{"numerals": "latin", "punctuation": "pauses"}, {"punctuation": "model"}, {"script": "latin"}]
)
def test_options_hold_here_too(pipeline: Pipeline, acoustic: LocalAcoustic, fields: dict[str, str]) -> None:
    events = listen(pipeline, acoustic, every(TALK, 0.2), **fields)
    for utterance in utterances(events):
        audio = TALK[round(utterance.start_s * RATE) : round(utterance.end_s * RATE)]
        assert utterance.text == pipeline.transcribe(wav(audio), acoustic, pipeline.options(fields)).text
    added = [word.text for event in events if isinstance(event, Partial) for word in event.stable]
    final = [word.text for utterance in utterances(events) for word in utterance.words]
    assert added
    # Early on a model hears one or the other word differently.
    assert len(set(added) - set(final)) <= 1


def test_masks_show_nothing_before_the_end(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    events = listen(pipeline, acoustic, every(TALK, 0.2), mask="all")
    assert utterances(events)
    assert not [event for event in events if isinstance(event, Partial)]


@pytest.mark.parametrize("level", [0, 1])
def test_silence_and_hiss_have_no_utterances(pipeline: Pipeline, acoustic: LocalAcoustic, level: int) -> None:
    noise = np.random.default_rng(0).normal(0, level, 5 * RATE).astype(np.int16)
    assert listen(pipeline, acoustic, every(noise, 0.5)) == []


def test_a_commit_of_nothing_is_refused(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    async def run() -> None:
        stream = Stream(pipeline, LocalBackend(acoustic), pipeline.options({}))
        with pytest.raises(AudioTooShort):
            _ = [event async for event in stream.commit()]

    asyncio.run(run())


def test_cleared_audio_is_never_transcribed(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    async def run() -> list[Event]:
        stream = Stream(pipeline, LocalBackend(acoustic), pipeline.options({}), end_pointing=False)
        _ = [event async for event in stream.push(TALK[: 3 * RATE].astype(np.float32) / 32_768)]
        await stream.clear()
        rain = speech("rain.flac").astype(np.float32) / 32_768
        _ = [event async for event in stream.push(rain)]
        return [event async for event in stream.commit()]

    (utterance,) = asyncio.run(run())
    assert utterance.text == pipeline.transcribe(wav(speech("rain.flac")), acoustic).text
    assert utterance.start_s == 3.0


def test_a_busy_model_drops_partials_and_no_finals(
    pipeline: Pipeline, acoustic: LocalAcoustic, talk: list[Event]
) -> None:
    events = listen(pipeline, acoustic, every(TALK, 0.2), backend=Busy(acoustic))
    assert utterances(events) == utterances(talk)
    assert not [event for event in events if isinstance(event, Partial)]


def test_finals_do_not_wait_for_partials(pipeline: Pipeline, acoustic: LocalAcoustic, talk: list[Event]) -> None:
    line = Stuck(acoustic)

    async def run() -> list[Event]:
        stream = Stream(pipeline, line, pipeline.options({}), min_s=0)
        events: list[Event] = []
        for part in every(TALK, 0.1):
            events += [event async for event in stream.push(part.astype(np.float32) / 32_768)]
            await asyncio.sleep(0.01)
        return events + [event async for event in stream.commit()]

    assert utterances(asyncio.run(run())) == utterances(talk)
    assert line.asked == line.dropped > 0


def test_errors_of_the_model_reach_the_caller(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    with pytest.raises(HindiSTTError, match="broken"):
        listen(
            pipeline,
            acoustic,
            every(TALK, 0.5),
            backend=LocalBackend(lambda batch: [HindiSTTError("broken") for _ in batch]),
        )


def encoded(samples: np.ndarray, packet_format: PacketFormat) -> bytes:
    """int16 samples at the format's rate, by libsndfile's encoder."""
    if packet_format.encoding == "pcm16":
        return samples.astype("<i2").tobytes()
    subtype = {"g711_ulaw": "ULAW", "g711_alaw": "ALAW"}[packet_format.encoding]
    return wav(samples.astype(np.float32) / 32_768, packet_format.rate, subtype, "RAW")


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([PacketFormat("pcm16", r) for r in (8_000, 16_000, 24_000)] + [PacketFormat("g711_ulaw", 8_000)]),
    st.lists(st.integers(0, 9_000), max_size=30),
)
def test_decoding_does_not_depend_on_packets(packet_format: PacketFormat, sizes: list[int]) -> None:
    data = encoded(TALK[: 2 * packet_format.rate], packet_format)
    whole = PacketDecoder(packet_format, RATE)
    expected = np.concatenate([whole.push(data), whole.flush()])
    decoder = PacketDecoder(packet_format, RATE)
    edges = [0, *np.cumsum(sizes).tolist(), len(data)]
    parts = [decoder.push(data[a:b]) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate([*parts, decoder.flush()]), expected)
    assert len(expected) == 2 * RATE


@pytest.mark.parametrize("encoding", ["g711_ulaw", "g711_alaw"])
def test_g711_is_what_libsndfile_wrote(encoding: str) -> None:
    samples = TALK[: 2 * 8_000]
    data = encoded(samples, PacketFormat(encoding, 8_000))
    decoded = PacketDecoder(PacketFormat(encoding, 8_000), 8_000).push(data)
    assert len(data) == len(samples)
    np.testing.assert_allclose(decoded, samples / 32_768, atol=0.02)
    assert np.corrcoef(decoded, samples)[0, 1] > 0.999


@pytest.mark.slow
def test_the_command_line(pipeline: Pipeline, acoustic: LocalAcoustic, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stream", str(DATA / "family.flac"), "--realtime", "--format", "json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["type"] for event in events] == ["Partial"] * (len(events) - 1) + ["Utterance"]
    assert len(events) > 4
    assert main(["stream", str(DATA / "family.flac")]) == 0
    samples = speech("family.flac")
    (utterance,) = utterances(listen(pipeline, acoustic, every(samples, 0.1)))
    assert capsys.readouterr().out == utterance.text + "\n" == events[-1]["text"] + "\n"


def test_a_missing_microphone_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # as if it were not installed
    assert main(["listen"]) == 1
    assert "no_microphone" in capsys.readouterr().err
