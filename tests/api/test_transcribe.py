"""POST /transcribe beyond one file in a form: formats, several recordings, bodies without a form, channels."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import srt
import webvtt

from hindi_stt.api.forms.transcription_request import negotiate
from hindi_stt.errors import NotAcceptable
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.channels import merge
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Segment, Transcript, Word
from tests.conftest import DATA
from tests.support.responses import eventually, is_error, quiet
from tests.support.server import Server
from tests.support.wav import tone, wav

MODULES_UNDER_TEST = (
    "hindi_stt/api/forms/transcription_request.py",
    "hindi_stt/audio/media_types.py",
    "hindi_stt/render/transcripts.py",
    "hindi_stt/transcription/channels.py",
)

GOOD = (DATA / "rain_16k.wav").read_bytes()
ANSWER = {"text", "language", "duration", "words", "model", "warnings", "timings_ms", "request_id"}
OFFERED = {"application/json": "json", "text/plain": "text", "text/vtt": "vtt"}


@pytest.fixture(scope="module")
def text(pipeline: Pipeline, acoustic: LocalAcoustic) -> str:
    return pipeline.transcribe(GOOD, acoustic).text


def post(server: Server, content: bytes, content_type: str, **kwargs: object) -> httpx.Response:
    headers = {"content-type": content_type, **kwargs.pop("headers", {})}  # type: ignore[attr-defined]
    return httpx.post(f"{server.url}/transcribe", content=content, headers=headers, timeout=60, **kwargs)


def test_formats_by_field_and_by_accept(server: Server, text: str) -> None:
    for name, media in (("text", "text/plain"), ("srt", "application/x-subrip"), ("vtt", "text/vtt")):
        by_field = server.transcribe(GOOD, data={"response_format": name})
        by_accept = server.transcribe(GOOD, headers={"accept": f"{media}, application/json;q=0.5"})
        assert by_field.text == by_accept.text
        for answer in (by_field, by_accept):
            assert answer.headers["content-type"] == f"{media}; charset=utf-8"
    assert server.transcribe(GOOD, data={"response_format": "text"}).text == text + "\n"
    (cue, *_) = srt.parse(server.transcribe(GOOD, data={"response_format": "srt"}).text)
    assert cue.content.split()[0] == text.split(maxsplit=1)[0]
    assert webvtt.from_string(server.transcribe(GOOD, data={"response_format": "vtt"}).text)[0].text == cue.content
    assert set(server.transcribe(GOOD).json()) == ANSWER
    verbose = server.transcribe(GOOD, data={"response_format": "verbose_json"}).json()
    assert " ".join(segment["text"] for segment in verbose["segments"]) == verbose["text"] == text
    assert [word["word"] for word in verbose["words"]] == text.split()
    is_error(server.transcribe(GOOD, headers={"accept": "image/png"}), 406, "not_acceptable")
    named = server.transcribe(GOOD, data={"response_format": "text"}, headers={"accept": "application/json"})
    assert named.text == text + "\n"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html, */*;q=0.8", "json"),
        ("text/*", "text"),
        ("text/*, text/plain;q=0.1", "vtt"),
        ("application/json;q=0, */*", "text"),
        ("TEXT/VTT; charset=utf-8", "vtt"),
        ("text/vtt;q=0.9, text/plain;q=0.95", "text"),
        ("text/vtt;q=x, application/json;q=0.1", "json"),
    ],
)
def test_accept(accept: str, expected: str) -> None:
    assert negotiate(accept, OFFERED) == expected


def test_nothing_acceptable() -> None:
    with pytest.raises(NotAcceptable, match="text/vtt"):
        negotiate("application/json;q=0", OFFERED)


def test_several_recordings(server: Server, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    names = ["rain_16k.wav", "bad.wav", "family.flac", "long.wav"]
    contents = [GOOD, b"no audio" * 100, (DATA / "family.flac").read_bytes(), wav(tone(21.0))]
    files = [("file", pair) for pair in zip(names, contents, strict=True)]
    answer = httpx.post(f"{server.url}/transcribe", files=files, data={"response_format": "verbose_json"}, timeout=60)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["file"] for result in results] == names
    for result, content in zip(results[::2], contents[::2], strict=True):
        assert result["text"] == pipeline.transcribe(content, acoustic).text
        assert result["segments"]
        assert set(result) == {"file", "segments", *ANSWER} - {"request_id"}
    codes = [result["error"]["code"] for result in results[1::2]]
    assert codes == ["unsupported_audio", "audio_too_long"]
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    refused = httpx.post(f"{server.url}/transcribe", files=files, data={"response_format": "srt"}, timeout=60)
    is_error(refused, 400, "invalid_request")
    assert eventually(lambda: quiet(server))


def test_a_recording_as_the_body(server: Server, text: str) -> None:
    answers = [
        post(server, GOOD, "audio/wav"),
        post(server, GOOD, "audio/anything; codecs=pcm"),
        post(server, GOOD, "application/octet-stream"),
        post(server, (DATA / "rain.flac").read_bytes(), "audio/flac"),
    ]
    assert [answer.json()["text"] for answer in answers] == [text] * 4
    assert post(server, GOOD, "audio/wav", params={"response_format": "text"}).text == text + "\n"
    is_error(post(server, GOOD, "audio/wav", params={"speed": "2"}), 400, "invalid_request")
    is_error(post(server, GOOD, "audio/wav", params={"file": "x"}), 400, "invalid_request")
    is_error(post(server, b"", "audio/wav"), 400, "empty_audio")
    is_error(post(server, bytes(2_100_000), "audio/wav"), 413, "body_too_large")
    big = wav(tone(19.0, 44_100), 44_100)
    assert len(big) > 2**20
    assert post(server, big, "audio/wav").status_code == 200
    assert eventually(lambda: quiet(server))


def test_samples_without_a_container(server: Server, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    samples, rate = soundfile.read(DATA / "rain_16k.wav", dtype="int16")
    expected = pipeline.transcribe(GOOD, acoustic).text
    big_endian, stereo = samples.astype(">i2").tobytes(), np.stack([samples] * 2, axis=1)
    for content, content_type in (
        (big_endian, f"audio/L16;rate={rate}"),
        (big_endian, f"audio/l16; rate={rate}; channels=1"),
        (samples.astype("<i2").tobytes(), f'audio/L16;rate={rate};endianness="little-endian"'),
        (stereo.astype(">i2").tobytes(), f"audio/L16;rate={rate};channels=2"),
    ):
        answer = post(server, content, content_type)
        assert answer.json()["text"] == expected, content_type
        assert answer.json()["duration"] == pytest.approx(len(samples) / rate, abs=1e-3)
    part = {"file": ("a.raw", big_endian, f"audio/L16;rate={rate}")}
    assert httpx.post(f"{server.url}/transcribe", files=part, timeout=60).json()["text"] == expected


@pytest.mark.parametrize(("media", "container"), [("PCMU", "mulaw"), ("PCMA", "alaw")])
def test_telephone_codecs(
    server: Server, pipeline: Pipeline, acoustic: LocalAcoustic, tmp_path: Path, media: str, container: str
) -> None:
    """The samples that ffmpeg makes, alone and in a WAV."""
    raw, whole = tmp_path / "a.raw", tmp_path / "a.wav"
    for output, form in ((raw, ["-f", container]), (whole, ["-c:a", f"pcm_{container}"])):
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", DATA / "rain_16k.wav", "-ar", "8000", "-ac", "1", *form, output],
            check=True,
        )
    answer = post(server, raw.read_bytes(), f"audio/{media}")
    assert answer.json()["text"] == pipeline.transcribe(whole, acoustic).text
    assert answer.json()["duration"] == pytest.approx(2.128, abs=1e-3)


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("audio/L16", 400, "invalid_request"),
        ("audio/L16;rate=abc", 400, "invalid_request"),
        ("audio/L16;rate=0", 400, "invalid_request"),
        ("audio/L16;rate=16000;channels=0", 400, "invalid_request"),
        ("audio/L16;rate=16000;channels=500", 422, "too_many_channels"),
        ("audio/L16;rate=16000;endianness=middle", 400, "invalid_request"),
        ("audio/L16;rate=" + "9" * 5000, 400, "invalid_request"),
        ("audio/L16;rate=10", 415, "unsupported_audio"),
        ("audio/L16;rate=16000", 422, "truncated_audio"),
    ],
)
def test_samples_that_make_no_sense(server: Server, content_type: str, status: int, code: str) -> None:
    is_error(post(server, bytes(32_000 + ("rate=16000" in content_type)), content_type), status, code)


def test_channels_by_themselves(server: Server, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """A call: one speaks, then the other, then the first again."""
    family, rate = soundfile.read(DATA / "family.flac", dtype="float32")
    rain, _ = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    second = np.concatenate([family, np.zeros(len(rain) + rate, np.float32), family])
    first = np.concatenate([np.zeros(len(family) + rate // 2, np.float32), rain])
    call = np.stack([np.resize(np.append(first, np.zeros(len(second) - len(first))), len(second)), second], axis=1)
    content = wav(call.astype(np.float32), rate, container="FLAC")
    body = server.transcribe(content, data={"channels": "split", "response_format": "verbose_json"}).json()
    heard = {
        0: pipeline.transcribe(wav(call[:, 0], rate), acoustic),
        1: pipeline.transcribe(wav(second, rate), acoustic),
    }
    for channel, alone in heard.items():
        words = [word["word"] for word in body["words"] if word["channel"] == channel]
        assert words == alone.text.split()
    channels = [segment["channel"] for segment in body["segments"]]
    assert [channel for channel, _ in itertools.groupby(channels)] == [1, 0, 1]
    starts = [segment["start"] for segment in body["segments"]]
    assert starts == sorted(starts)
    mixed = server.transcribe(content).json()
    assert all("channel" not in word for word in mixed["words"])
    plain = server.transcribe(content, data={"channels": "split", "stream": "true"}).json()
    assert any(warning.startswith("stream=true: ") for warning in plain["warnings"])
    assert {word["channel"] for word in plain["words"]} == {0, 1}
    is_error(server.transcribe(content, data={"channels": "left"}), 400, "invalid_request")


@pytest.mark.slow
def test_subtitles_of_split_channels(server: Server) -> None:
    """One speaks for longer than a cue, the other amid that: cues in order, each naming the JSON answer's channel."""
    family, rate = soundfile.read(DATA / "family.flac", dtype="float32")
    rain, _ = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    spoken = np.concatenate([family] * 3)
    other = np.zeros_like(spoken)
    other[2 * rate : 2 * rate + len(rain)] = rain
    content = wav(np.stack([other, spoken], axis=1), rate, container="FLAC")

    def ask(response_format: str) -> httpx.Response:
        data = {"channels": "split", "response_format": response_format, "punctuation": "off"}
        return server.transcribe(content, data=data)

    words = ask("json").json()["words"]
    by_srt = list(srt.parse(ask("srt").text, ignore_errors=False))
    by_vtt = list(webvtt.from_string(ask("vtt").text))
    assert [cue.start for cue in by_srt] == sorted(cue.start for cue in by_srt)
    labels = [cue.content[:4] for cue in by_srt]
    assert [cue.voice for cue in by_vtt] == [f"Channel {label[1]}" for label in labels]
    assert [cue.text for cue in by_vtt] == [cue.content[4:] for cue in by_srt]
    for channel in (0, 1):
        own = [cue.content[4:] for cue, label in zip(by_srt, labels, strict=True) if label == f"[{channel}] "]
        assert " ".join(own).split() == [word["word"] for word in words if word["channel"] == channel]
    # The other one's turn lies amid the cues of the first.
    at = labels.index("[0] ")
    assert {"[1] "} == set(labels[:at]) == set(labels[-1:])


@pytest.mark.slow
def test_channels_that_ffmpeg_decodes(
    server: Server, pipeline: Pipeline, acoustic: LocalAcoustic, tmp_path: Path
) -> None:
    rain, rate = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    (tmp_path / "in.wav").write_bytes(wav(np.stack([np.zeros_like(rain), rain], axis=1), rate))
    output = tmp_path / "a.mka"
    subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "in.wav", "-c:a", "flac", output], check=True)
    body = server.transcribe(output.read_bytes(), data={"channels": "split"}).json()
    assert body["text"] == pipeline.transcribe(GOOD, acoustic).text
    assert {word["channel"] for word in body["words"]} == {1}
    assert body["warnings"] == ["nearly_silent: channel 0"]


def test_streaming(server: Server, text: str) -> None:
    answer = server.transcribe(GOOD, data={"stream": "true"}, headers={"accept": "text/event-stream"})
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert "".join(event["delta"] for event in events[:-1]) == events[-1]["text"] == text


def test_turns() -> None:
    """A pause ends a turn; turns of one start stand in the order of their channels."""

    def said(*words: tuple[str, float, float]) -> Transcript:
        found = tuple(Word(text, start, end, 1.0) for text, start, end in words)
        return Transcript("hi", 9.0, (Segment(found[0].start_s, found[-1].end_s, found),) if found else (), ("w",))

    merged = merge([said(("a", 0, 1), ("b", 1.2, 2), ("c", 5, 6)), said(("d", 1.5, 3), ("e", 5, 7)), said()])
    turns = [(segment.text, segment.channel, segment.start_s, segment.end_s) for segment in merged.segments]
    assert turns == [("a b", 0, 0, 2), ("d", 1, 1.5, 3), ("c", 0, 5, 6), ("e", 1, 5, 7)]
    assert merged.text == "a b d c e"
    assert merged.warnings == ("w: channel 0", "w: channel 1", "w: channel 2")
