"""Noise and music alone have no words and say so; speech keeps its words, through every way in."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx
import jiwer
import numpy as np
import pytest
import soundfile

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.main import main
from hindi_stt.evaluation.manifest import read_manifest
from hindi_stt.evaluation.normalise import apply_form
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.bundles import rewritten
from tests.support.guarded import Guarded
from tests.support.jobs import Caller
from tests.support.realtime import COMPLETED, append, send, session, until
from tests.support.server import Server
from tests.support.sounds import RATE, SOUNDS, hold_music, white_noise
from tests.support.streams import every, listen, utterances
from tests.support.synthesis import speak
from tests.support.wav import wav

MODULES_UNDER_TEST = ("hindi_stt/decoding/assembly.py",)

# As many must the embedded model write for a minute of hold music, or a test of the bound would show nothing.
WORDS_IN_MUSIC = 5


@pytest.fixture(scope="module")
def unbounded(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The embedded model as bundles were before there was a bound."""
    folder = tmp_path_factory.mktemp("unbounded") / "bundle"
    return Pipeline(rewritten(folder, min_speech_score=None), Settings(model=""))


def rain() -> np.ndarray:
    samples, rate = soundfile.read(DATA / "rain_16k.wav")
    assert rate == RATE
    return samples


def noisy(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    gain = np.sqrt(np.mean(samples**2) / np.mean(noise**2) / 10 ** (snr_db / 10))
    return samples + gain * noise[: len(samples)]


@pytest.mark.parametrize("name", SOUNDS)
def test_noise_and_music_alone_have_no_words(pipeline: Pipeline, acoustic: LocalAcoustic, name: str) -> None:
    for seconds in (3.0, 8.0):
        found = pipeline.transcribe(wav(SOUNDS[name](seconds)), acoustic)
        assert found.segments == ()
        assert found.text == ""
        assert "no_speech" in found.warnings


@pytest.mark.slow
def test_without_the_field_nothing_has_changed(unbounded: Pipeline, acoustic: LocalAcoustic) -> None:
    assert unbounded.bundle.manifest.min_speech_score is None
    found = [unbounded.transcribe(wav(make(8.0)), acoustic) for make in SOUNDS.values()]
    assert any(transcript.words for transcript in found)
    assert not [warning for transcript in found for warning in transcript.warnings if "no_speech" in warning]


@pytest.mark.parametrize("name", [*SOUNDS])
def test_speech_in_the_same_noise_keeps_its_words(
    pipeline: Pipeline, unbounded: Pipeline, acoustic: LocalAcoustic, name: str
) -> None:
    content = wav(noisy(rain(), SOUNDS[name](5.0), 10.0))
    found, expected = pipeline.transcribe(content, acoustic), unbounded.transcribe(content, acoustic)
    assert expected.words
    assert found.words == expected.words
    assert "no_speech" not in " ".join(found.warnings)


@pytest.mark.slow
def test_only_the_clips_without_speech_lose_their_words(
    pipeline: Pipeline, unbounded: Pipeline, acoustic: LocalAcoustic
) -> None:
    """A call: speech, a minute of hold music, speech."""
    pause = np.zeros(int(1.5 * RATE))
    music = hold_music(60.0)
    content = wav(np.concatenate([rain(), pause, music, pause, rain()]))
    start_s = len(rain()) / RATE + 1
    end_s = start_s + 62
    found, expected = pipeline.transcribe(content, acoustic), unbounded.transcribe(content, acoustic)
    in_music = [word for word in expected.words if start_s < word.start_s < end_s]
    assert len(in_music) >= WORDS_IN_MUSIC
    left = [word for word in found.words if start_s < word.start_s < end_s]
    assert len(left) <= max(1, len(in_music) / 10)  # the bound loses no speech, so a few clips of music are above it
    assert [w for w in found.words if w not in left] == [w for w in expected.words if w not in in_music]
    (warning,) = [warning for warning in found.warnings if warning.startswith("no_speech_in_part: ")]
    # A clip of up to 15 s may be above the bound.
    assert 60 - 15 < float(warning.removeprefix("no_speech_in_part: ").removesuffix(" s")) < 60 + 8
    assert "no_speech" not in found.warnings


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("fields", [{}, {"decoder": "greedy"}, {"decoder": "beam", "hotwords": "बिजली,संगीत"}])
def test_every_decoder_and_precision(
    bundle: Bundle, pipeline: Pipeline, precision: str, fields: dict[str, str]
) -> None:
    acoustic, options = LocalAcoustic(bundle, threads=1, precision=precision), pipeline.options(fields)
    assert pipeline.transcribe(wav(hold_music(6.0)), acoustic, options).text == ""
    assert "बारिश" in pipeline.transcribe(wav(rain()), acoustic, options).text.split()


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["auto", "greedy"])
def test_single_words_are_speech(
    pipeline: Pipeline, unbounded: Pipeline, acoustic: LocalAcoustic, decoder: str
) -> None:
    """The answers to a menu: what is right without the bound is right with it."""
    right = 0
    for number, word in enumerate(("हाँ", "नहीं", "ठीक", "एक", "दो", "तीन", "चार", "पाँच", "सात", "आठ", "दस", "मदद")):
        content, options = speak(word, number), pipeline.options({"decoder": decoder})
        expected = unbounded.transcribe(content, acoustic, options)
        if word in expected.text.split():
            right += 1
            assert pipeline.transcribe(content, acoustic, options).words == expected.words, word
    assert right >= 6


@pytest.mark.slow
@pytest.mark.speech
@pytest.mark.parametrize("precision", [pytest.param("fp32", marks=pytest.mark.long), "int8"])
def test_no_right_word_of_recorded_speech_is_lost(
    bundle: Bundle, pipeline: Pipeline, unbounded: Pipeline, speech: Path, precision: str
) -> None:
    acoustic = LocalAcoustic(bundle, threads=1, precision=precision)
    right = 0
    for utterance in read_manifest(speech / "transcripts.tsv"):
        said = apply_form(utterance.text, "lenient")
        expected = apply_form(unbounded.transcribe(utterance.file, acoustic).text, "lenient")
        hits = jiwer.process_words(said, expected).hits if said and expected else 0
        if hits:
            right += hits
            found = apply_form(pipeline.transcribe(utterance.file, acoustic).text, "lenient")
            assert found, utterance.file
            assert jiwer.process_words(said, found).hits == hits, utterance.file
    assert right


def test_silence_is_no_sound(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    assert pipeline.transcribe(wav(np.zeros(RATE)), acoustic).warnings == ("nearly_silent",)


@pytest.mark.slow
def test_finals_of_a_stream_of_noise_have_no_words(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """A partial of its first second may have had one; what is told then says why it is empty."""
    for make in (white_noise, hold_music):
        samples = (make(8.0) * 32_768).astype(np.int16)
        for end_pointing in (True, False):
            found = utterances(listen(pipeline, acoustic, every(samples, 0.3), end_pointing=end_pointing))
            assert end_pointing or len(found) == 1
            assert all((utterance.text, utterance.warnings) == ("", ("no_speech",)) for utterance in found)


@pytest.mark.slow
@pytest.mark.parametrize("content_format", ["text", "json"])
def test_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path, content_format: str) -> None:
    (tmp_path / "music.wav").write_bytes(wav(hold_music(6.0)))
    assert main(["transcribe", str(tmp_path / "music.wav"), "--format", content_format]) == 0
    printed = capsys.readouterr().out
    if content_format == "text":
        assert printed == "\n"
    else:
        found = json.loads(printed)
        assert (found["text"], found["words"]) == ("", [])
        assert "no_speech" in found["warnings"]


@pytest.fixture(scope="module")
def sounds() -> tuple[bytes, bytes]:
    return wav(white_noise(6.0)), wav(hold_music(6.0))


def test_the_server_answers_without_words(server: Server, sounds: tuple[bytes, bytes]) -> None:
    for content in sounds:
        answer = server.transcribe(content)
        body = answer.json()
        assert (body["text"], body["words"]) == ("", [])
        assert "no_speech" in body["warnings"]
        assert "no_speech" in answer.headers["x-warnings"].split(", ")
        assert server.transcribe(content, data={"response_format": "text"}).text == "\n"
        assert server.transcribe(content, data={"response_format": "verbose_json"}).json()["segments"] == []
    several = [("file", ("a", sounds[0])), ("file", ("b", (DATA / "rain.flac").read_bytes()))]
    silent, spoken = httpx.post(f"{server.url}/transcribe", files=several, timeout=60).json()["results"]
    assert (silent["text"], "no_speech" in silent["warnings"]) == ("", True)
    assert spoken["text"]


@pytest.mark.slow
def test_streamed_answers_and_openais_route(server: Server, sounds: tuple[bytes, bytes]) -> None:
    url = f"{server.url}/v1/audio/transcriptions"
    for content in sounds:
        body = httpx.post(url, files={"file": content}, data={"model": "whisper-1"}, timeout=60).json()
        assert body["text"] == ""
        assert "no_speech" in body["warnings"]
        for path in (url, f"{server.url}/transcribe"):
            data = {"stream": "true"} | ({"model": "whisper-1"} if path == url else {})
            answer = httpx.post(path, files={"file": content}, data=data, timeout=60)
            events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
            assert [event["type"] for event in events] == ["transcript.text.done"]
            assert events[0]["text"] == ""
            assert "no_speech" in events[0]["warnings"]


def test_a_channel_with_music_has_a_warning(server: Server) -> None:
    speech = rain()
    content = wav(np.stack([speech, hold_music(len(speech) / RATE)[: len(speech)]], axis=1))
    body = server.transcribe(content, data={"channels": "split"}).json()
    assert body["words"]
    assert {word["channel"] for word in body["words"]} == {0}
    assert "no_speech: channel 1" in body["warnings"]
    assert "no_speech: channel 0" not in body["warnings"]


@pytest.mark.slow
def test_jobs(guarded: Guarded, sounds: tuple[bytes, bytes]) -> None:
    with Caller(guarded, "jobs-noise") as caller:
        files = [("file", (f"{number}.wav", content)) for number, content in enumerate(sounds)]
        job = caller.finished(caller.post("/v1/jobs", files=files).json()["id"])
        assert job["state"] == "done"
        for line in caller.get(f"/v1/jobs/{job['id']}/results").text.splitlines():
            result = json.loads(line)["result"]
            assert result["text"] == ""
            assert "no_speech" in result["warnings"]


def test_realtime_finals(server: Server) -> None:
    """Music, then speech: the one final is the speech's. An empty final that was committed says why."""
    music = (hold_music(6.0) * 32_768).astype(np.int16)
    pause = np.zeros(2 * RATE, np.int16)
    with session(server) as ws:
        append(ws, np.concatenate([music, pause, (rain() * 32_768).astype(np.int16), pause]))
        final = until(ws, COMPLETED)[-1]
        assert "बारिश" in final["transcript"].split()
        assert final["audio_start_ms"] >= 6_000
    with session(
        server, {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}, "turn_detection": None}}}
    ) as ws:
        encoded = base64.b64encode(music.astype("<i2").tobytes()).decode()
        send(ws, type="input_audio_buffer.append", audio=encoded)
        send(ws, type="input_audio_buffer.commit")
        final = until(ws, COMPLETED)[-1]
        assert (final["transcript"], final["words"], final["warnings"]) == ("", [], ["no_speech"])
