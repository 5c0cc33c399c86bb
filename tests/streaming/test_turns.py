"""Turn detection: when a turn ends, where it begins, and what a session is told about it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.sync.client import ClientConnection

from hindi_stt.api.realtime.turn_detection import DELAYS
from hindi_stt.audio.segmentation import Clip
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.streaming import Context, LocalBackend, Stream, TurnDetection, Utterance
from hindi_stt.streaming.turns import TurnSegmenter
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.realtime import COMPLETED, Event, append, receive, send, session, until
from tests.support.server import Server
from tests.support.streams import FAMILY, RAIN, RATE, TALK, listen, packets, silence, speech, utterances
from tests.support.wav import wav

STARTED = "input_audio_buffer.speech_started"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("turns"))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def turns(**wanted: Any) -> Event:
    """A session at 16 kHz that asks for the server's turns."""
    given = {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": {"type": "server_vad", **wanted}}
    return {"audio": {"input": given}}


def so_far(ws: ClientConnection) -> list[Event]:
    """The events about what was sent until now: everything is answered in order, and this is refused at once."""
    send(ws, type="nothing", event_id="barrier")
    events = [receive(ws)]
    while events[-1]["type"] != "error":
        events.append(receive(ws))
    assert events[-1]["error"]["event_id"] == "barrier"
    return events[:-1]


def kinds(events: list[Event]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.parametrize("silence_ms", [200, 350, 500, 1000, 2000])
def test_a_turn_ends_after_the_silence_that_was_asked_for(live: Server, silence_ms: int) -> None:
    """In samples: not 40 ms too early, and no more than 60 ms late."""
    with session(live, turns(silence_duration_ms=silence_ms)) as ws:
        append(ws, np.concatenate([silence(0.4), RAIN, silence(silence_ms / 1000 - 0.04)]), 0.02)
        assert COMPLETED not in kinds(so_far(ws))
        append(ws, silence(0.1), 0.02)
        (done,) = [event for event in so_far(ws) if event["type"] == COMPLETED]
    assert done["transcript"]
    end_ms = 400 + 1000 * len(RAIN) / RATE + min(silence_ms, 300)
    assert end_ms - 40 <= done["audio_end_ms"] <= end_ms + 60


def test_a_pause_shorter_than_that_ends_none(live: Server) -> None:
    samples = np.concatenate([RAIN, silence(0.8), FAMILY, silence(2.2)])
    found = []
    for silence_ms in (500, 1200):
        with session(live, turns(silence_duration_ms=silence_ms)) as ws:
            append(ws, samples, 0.02)
            found.append(kinds(so_far(ws)).count(COMPLETED))
    assert found == [2, 1]


@pytest.mark.parametrize("silence_ms", [200, 500, 1000])
def test_a_turn_is_what_its_audio_is_as_a_file(live: Server, silence_ms: int) -> None:
    with session(live, turns(silence_duration_ms=silence_ms)) as ws:
        append(ws, TALK, 0.02)
        done = [event for event in so_far(ws) if event["type"] == COMPLETED]
    assert len(done) >= 2
    for event in done:
        start, end = event["audio_start_ms"], event["audio_end_ms"]
        file = wav(TALK[start * RATE // 1000 : end * RATE // 1000])
        assert event["transcript"] == live.transcribe(file).json()["text"]


def test_the_padding_moves_the_start(live: Server) -> None:
    starts = []
    for padding_ms in (0, 300, 700):
        with session(live, turns(prefix_padding_ms=padding_ms)) as ws:
            append(ws, np.concatenate([silence(1.5), RAIN, silence(1)]), 0.02)
            (done,) = [event for event in so_far(ws) if event["type"] == COMPLETED]
            starts.append(done["audio_start_ms"])
    assert [starts[0] - start for start in starts] == [0, 300, 700]
    assert 1300 <= starts[0] <= 1600


@pytest.mark.slow
def test_a_higher_threshold_starts_fewer_turns_in_noise(live: Server) -> None:
    """Speech of several loudnesses in white noise, 10 dB below it on the whole."""
    parts = [part for gain in (1.0, 0.5, 0.7, 0.35) for part in (silence(2), gain * RAIN, silence(1.5), gain * FAMILY)]
    clean = np.concatenate([*parts, silence(1.5)])
    power = np.mean(np.square(clean[clean != 0], dtype=np.float64))
    noise = np.random.default_rng(0).normal(0, np.sqrt(power / 10), len(clean))
    started = []
    for threshold in (0.3, 0.9):
        with session(live, turns(threshold=threshold)) as ws:
            append(ws, clean + noise, 0.1)
            started.append(kinds(so_far(ws)).count(STARTED))
    assert started[1] < started[0]
    assert started[0] >= 6


@pytest.mark.parametrize(
    ("wanted", "in_force"),
    [
        (
            {"type": "server_vad"},
            {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500},
        ),
        (
            {"type": "server_vad", "threshold": 0.7, "prefix_padding_ms": 600, "silence_duration_ms": 350},
            {"type": "server_vad", "threshold": 0.7, "prefix_padding_ms": 600, "silence_duration_ms": 350},
        ),
        (
            {"type": "semantic_vad"},
            {"type": "semantic_vad", "eagerness": "auto", "silence_duration_ms": 600},
        ),
        (
            {"type": "semantic_vad", "eagerness": "high"},
            {"type": "semantic_vad", "eagerness": "high", "silence_duration_ms": 300},
        ),
        (
            {"type": "semantic_vad", "eagerness": "low"},
            {"type": "semantic_vad", "eagerness": "low", "silence_duration_ms": 1200},
        ),
    ],
)
@pytest.mark.parametrize("beta", [False, True])
def test_what_is_in_force_is_shown(live: Server, wanted: Event, in_force: Event, beta: bool) -> None:
    with session(live) as ws:
        if beta:
            send(ws, type="transcription_session.update", session={"turn_detection": wanted})
            shown = until(ws, "transcription_session.updated")[-1]["session"]["turn_detection"]
        else:
            send(ws, type="session.update", session={"audio": {"input": {"turn_detection": wanted}}})
            shown = until(ws, "session.updated")[-1]["session"]["audio"]["input"]["turn_detection"]
    assert shown.items() >= in_force.items()


def test_options_without_effect_are_warnings(live: Server) -> None:
    wanted = {"type": "server_vad", "create_response": False, "interrupt_response": True, "idle_timeout_ms": None}
    with session(live) as ws:
        given = {"turn_detection": wanted, "noise_reduction": {"type": "near_field"}}
        send(ws, type="session.update", session={"audio": {"input": given}})
        told = until(ws, "session.updated")[-1]["session"]
    assert told["audio"]["input"]["noise_reduction"] == {"type": "near_field"}
    assert [warning.split()[0] for warning in told["warnings"]] == [
        "turn_detection.create_response",
        "turn_detection.interrupt_response",
        "noise_reduction",
    ]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ({"silence_duration_ms": 10}, "turn_detection.silence_duration_ms"),
        ({"silence_duration_ms": 20_000}, "turn_detection.silence_duration_ms"),
        ({"silence_duration_ms": "500"}, "turn_detection.silence_duration_ms"),
        ({"silence_duration_ms": True}, "turn_detection.silence_duration_ms"),
        ({"threshold": 1.1}, "turn_detection.threshold"),
        ({"threshold": -0.1}, "turn_detection.threshold"),
        ({"threshold": float("nan")}, "turn_detection.threshold"),
        ({"prefix_padding_ms": -1}, "turn_detection.prefix_padding_ms"),
        ({"prefix_padding_ms": 60_000}, "turn_detection.prefix_padding_ms"),
        ({"type": "semantic_vad", "eagerness": "keen"}, "turn_detection.eagerness"),
        ({"eagerness": "high"}, "turn_detection.eagerness"),
        ({"silence_duration": 500}, "turn_detection.silence_duration"),
        ({"type": "psychic_vad"}, "turn_detection.type"),
        ({"type": ["server_vad"]}, "turn_detection.type"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(live: Server, wanted: Event, name: str) -> None:
    with session(live) as ws:
        send(ws, type="session.update", session={"audio": {"input": {"turn_detection": wanted}}})
        error = receive(ws)["error"]
    assert error["code"] == "invalid_request"
    assert error["message"].startswith(name)


@pytest.mark.parametrize("delay", ["minimal", "low", "medium", "high", "xhigh"])
def test_a_delay_is_taken(live: Server, delay: str) -> None:
    with session(live) as ws:
        send(ws, type="session.update", session={"audio": {"input": {"transcription": {"delay": delay}}}})
        shown = until(ws, "session.updated")[-1]["session"]["audio"]["input"]["transcription"]
    assert shown == {"delay": delay}


def test_an_unknown_delay_is_refused_by_name(live: Server) -> None:
    with session(live) as ws:
        send(ws, type="session.update", session={"audio": {"input": {"transcription": {"delay": "soon"}}}})
        assert receive(ws)["error"]["message"].startswith("transcription.delay")


def test_a_shorter_delay_shows_words_sooner(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Counted in packets of a tenth of a second until anything is shown."""

    async def packets_before(context: Context) -> int:
        stream = Stream(pipeline, LocalBackend(acoustic), pipeline.options({}), context=context, turns=TurnDetection())
        for number, part in enumerate(packets(np.append(FAMILY, RAIN), [RATE // 10] * 200)):
            _ = [event async for event in stream.push(part.astype(np.float32) / 32_768)]
            if [event async for event in stream.partial()]:
                return number
        return 1_000

    found = [asyncio.run(packets_before(DELAYS[name])) for name in ("minimal", "medium", "xhigh")]
    assert found == sorted(found)
    assert found[0] < found[2] < 1_000


def cut(samples: np.ndarray, parts: list[np.ndarray], detection: TurnDetection) -> list[Clip]:
    segmenter = TurnSegmenter(RATE, 16.0, detection)
    clips = [clip for part in parts for clip in segmenter.push(part.astype(np.float32) / 32_768)]
    return clips + segmenter.flush()


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 2 * RATE), max_size=80), st.sampled_from([200, 500, 1000]))
def test_packets_do_not_matter(sizes: list[int], silence_ms: int) -> None:
    detection = TurnDetection(silence_duration_ms=silence_ms)
    samples = np.concatenate([silence(0.7), TALK])
    expected = cut(samples, [samples], detection)
    found = cut(samples, packets(samples, sizes), detection)
    assert [(clip.start, clip.end) for clip in found] == [(clip.start, clip.end) for clip in expected]
    for clip in found:
        np.testing.assert_array_equal(clip.samples, samples[clip.start : clip.end].astype(np.float32) / 32_768)


@pytest.mark.slow
@pytest.mark.parametrize("gap_s", [0.0, pytest.param(0.4, marks=pytest.mark.long)])
def test_an_endless_turn_is_sent_in_parts(pipeline: Pipeline, acoustic: LocalAcoustic, gap_s: float) -> None:
    """Nothing of somebody who goes on for longer than the model takes at once is lost."""
    samples = np.concatenate([part for _ in range(9) for part in (FAMILY[: int(3.7 * RATE)], silence(gap_s))])
    parts = packets(samples, [RATE // 10] * (len(samples) // (RATE // 10) + 1))
    found = utterances(listen(pipeline, acoustic, parts, turns=TurnDetection(silence_duration_ms=2000)))
    assert len(found) >= 2
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(found))
    expected = pipeline.transcribe(wav(samples), acoustic).text.split()
    said = " ".join(utterance.text for utterance in found).split()
    assert SequenceMatcher(None, expected, said, autojunk=False).ratio() > 0.95


@pytest.mark.parametrize("level", [0, 1, 300])
def test_silence_and_hiss_are_no_turns(pipeline: Pipeline, acoustic: LocalAcoustic, level: int) -> None:
    noise = np.random.default_rng(0).normal(0, level, 8 * RATE).astype(np.int16)
    assert listen(pipeline, acoustic, packets(noise, [320] * 400), turns=TurnDetection()) == []


def test_immediate_speech_and_speech_after_hiss_are_transcribed(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Before the noise is known, and where it has been there for long."""
    (alone,) = utterances(listen(pipeline, acoustic, [speech("rain.flac"), silence(1)], turns=TurnDetection()))
    assert alone.text == pipeline.transcribe(wav(speech("rain.flac")), acoustic).text
    noise = np.random.default_rng(0).normal(0, 100, 14 * RATE)
    noise[10 * RATE : 10 * RATE + len(RAIN)] += RAIN
    found: list[Utterance] = utterances(
        listen(pipeline, acoustic, packets(noise.astype(np.int16), [320] * 700), turns=TurnDetection())
    )
    assert len(found) == 1
    assert 9.4 <= found[0].start_s <= 10.3
    assert len(set(found[0].text.split()) & set(alone.text.split())) >= 4
