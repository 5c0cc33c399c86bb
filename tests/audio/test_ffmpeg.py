"""What libsndfile cannot read: decoded in a child process, within bounds, and nothing is left of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from hindi_stt import errors
from hindi_stt.audio import AudioLimits, ChildLimits, blocks, decode
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.server import Server
from tests.support.wav import wav

LIMITS = AudioLimits(max_s=60, min_s=0.1, max_channels=8)
SPEECH = DATA / "family.flac"

pytestmark = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="the ffmpeg command makes the files")


def encoded(tmp_path: Path, suffix: str, *arguments: str, source: Path = SPEECH) -> Path:
    path = tmp_path / f"clip.{suffix}"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *arguments, path], check=True)
    return path


def repeated(path: Path, times: int) -> Path:
    long = path.with_stem("long")
    loop = ["-stream_loop", str(times), "-i", path, "-c", "copy", long]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *loop], check=True)
    return long


def children() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "ffmpeg_child" in " ".join(p.cmdline())]


@pytest.mark.parametrize(
    ("suffix", "arguments"),
    [
        ("mkv", ["-c:a", "flac"]),
        ("mka", ["-c:a", "pcm_s16le"]),
        ("mov", ["-c:a", "alac"]),
        ("caf", ["-c:a", "alac"]),
        ("m4a", ["-c:a", "alac", "-movflags", "faststart"]),
    ],
)
def test_lossless_is_identical(tmp_path: Path, suffix: str, arguments: list[str]) -> None:
    samples = decode(encoded(tmp_path, suffix, *arguments), 16_000, LIMITS).samples
    np.testing.assert_array_equal(samples, decode(SPEECH, 16_000, LIMITS).samples)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "arguments"),
    [
        ("m4a", ["-c:a", "aac", "-b:a", "96k"]),
        ("mp4", ["-c:a", "aac", "-b:a", "128k", "-ar", "44100", "-ac", "2"]),
        ("3gp", ["-c:a", "aac", "-b:a", "96k"]),
        ("webm", ["-c:a", "libopus", "-b:a", "64k"]),
        ("mkv", ["-c:a", "libvorbis", "-q:a", "6"]),
        ("wma", ["-c:a", "wmav2", "-b:a", "128k"]),
        ("aac", ["-c:a", "aac", "-b:a", "96k"]),
    ],
)
def test_the_text_of_a_lossy_file_is_nearly_the_same(
    tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic, suffix: str, arguments: list[str]
) -> None:
    path = encoded(tmp_path, suffix, *arguments)
    heard = pipeline.transcribe(path, acoustic)
    expected = pipeline.transcribe(SPEECH, acoustic)
    assert heard.duration_s == pytest.approx(expected.duration_s, abs=0.15)
    assert len(set(heard.text.split()) & set(expected.text.split())) >= 0.7 * len(set(expected.text.split()))


@pytest.mark.parametrize("container", ["WAV", "AIFF"])
def test_telephone_codecs(tmp_path: Path, container: str) -> None:
    for codec in ("pcm_mulaw", "pcm_alaw"):
        path = encoded(tmp_path, container.lower(), "-ar", "8000", "-c:a", codec)
        assert decode(path, 16_000, LIMITS).source_rate == 8_000


def test_amr() -> None:
    """A second of the lowest rate, by hand: few encoders are at hand for it."""
    waveform = decode(b"#!AMR\n" + (b"\x04" + bytes(12)) * 50, 16_000, LIMITS)
    assert waveform.source_rate == 8_000
    assert waveform.duration_s == pytest.approx(1.0, abs=0.05)


def test_video_with_sound(tmp_path: Path) -> None:
    picture = ["-f", "lavfi", "-i", "color=size=64x64:rate=5", "-shortest", "-c:v", "mpeg4", "-c:a", "aac"]
    waveform = decode(encoded(tmp_path, "mp4", *picture), 16_000, LIMITS)
    assert waveform.duration_s == pytest.approx(decode(SPEECH, 16_000, LIMITS).duration_s, abs=0.3)


@pytest.mark.slow
def test_refused_by_name(tmp_path: Path) -> None:
    content = encoded(tmp_path, "m4a", "-c:a", "aac", "-movflags", "faststart").read_bytes()
    moov_last = encoded(tmp_path, "mp4", "-c:a", "aac").read_bytes()
    silent = tmp_path / "silent.mp4"
    picture = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=64x64:duration=1", "-c:v", "mpeg4", silent]
    subprocess.run(picture, check=True)
    for broken, error in (
        (content[: len(content) // 2], errors.TruncatedAudio),
        (moov_last[: len(moov_last) // 2], errors.TruncatedAudio),
        (b"\x1a\x45\xdf\xa3" + os.urandom(5_000), errors.CorruptAudio),
        (silent.read_bytes(), errors.UnsupportedAudio),
    ):
        with pytest.raises(error):
            decode(broken, 16_000, LIMITS)
    (tmp_path / "many.wav").write_bytes(wav(np.full((16_000, 10), 0.1)))
    many = encoded(tmp_path, "mka", "-c:a", "copy", source=tmp_path / "many.wav")
    with pytest.raises(errors.TooManyChannels):
        decode(many, 16_000, LIMITS)
    samples = decode(many, 16_000, replace(LIMITS, max_channels=16)).samples
    np.testing.assert_allclose(samples, np.full(16_000, 0.1), atol=1e-4)
    with pytest.raises(errors.AudioTooLong):
        decode(content, 16_000, replace(LIMITS, max_s=1.0))
    assert children() == []


def test_lists_of_other_files_are_not_opened(tmp_path: Path) -> None:
    target = f"file://{encoded(tmp_path, 'aac', '-c:a', 'aac')}"
    for text in (f"#EXTM3U\n#EXTINF:1,\n{target}\n", f"ffconcat version 1.0\nfile '{target}'\n", target):
        with pytest.raises(errors.UnsupportedAudio):
            decode(text.encode(), 16_000, LIMITS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "child",
    [
        pytest.param(ChildLimits(cpu_s=300, memory_bytes=64 * 2**20, wait_s=30), id="memory"),
        pytest.param(ChildLimits(cpu_s=1, memory_bytes=2**30, wait_s=30), id="CPU"),
    ],
)
def test_the_child_is_bounded(tmp_path: Path, child: ChildLimits) -> None:
    path = repeated(encoded(tmp_path, "m4a", "-c:a", "aac"), 8_000)
    with pytest.raises(errors.CorruptAudio):
        decode(path, 16_000, AudioLimits(max_s=100_000, min_s=0.1, max_channels=8, child=child))
    assert children() == []


def signalled(path: Path, sent: signal.Signals, wait_s: float = 30) -> None:
    """Decode a file whose decoding process gets a signal after the first block."""
    child = ChildLimits(cpu_s=300, memory_bytes=2**30, wait_s=wait_s)
    reading = blocks(path, 16_000, AudioLimits(max_s=100_000, min_s=0.1, max_channels=8, child=child))
    next(reading)
    (process,) = children()
    process.send_signal(sent)
    for _ in reading:
        pass


@pytest.mark.slow
def test_a_killed_child_is_not_blamed_on_the_recording(tmp_path: Path) -> None:
    """As the kernel does where memory runs out."""
    path = repeated(encoded(tmp_path, "m4a", "-c:a", "aac"), 8_000)
    with pytest.raises(errors.DecoderLost) as caught:
        signalled(path, signal.SIGKILL)
    assert caught.value.status == 503
    assert caught.value.retry_after_s
    assert children() == []


@pytest.mark.slow
def test_a_hung_child_is_not_blamed_on_the_recording(tmp_path: Path) -> None:
    path = repeated(encoded(tmp_path, "m4a", "-c:a", "aac"), 8_000)
    with pytest.raises(errors.DecoderLost):
        signalled(path, signal.SIGSTOP, wait_s=1)
    assert children() == []


def test_missing_pyav_is_not_called_bad_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('libavutil.so: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match=r"cannot import PyAV: libavutil\.so"):
        decode(DATA / "rain_vorbis.ogg", 16_000, LIMITS)


def test_closing_the_reader_ends_the_child(tmp_path: Path) -> None:
    path = repeated(encoded(tmp_path, "mka", "-c:a", "flac"), 60)
    reading = blocks(path, 16_000, replace(LIMITS, max_s=400))
    next(reading)
    assert len(children()) == 1
    reading.close()
    assert children() == []


def test_through_the_server(server: Server, tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    path = encoded(tmp_path, "webm", "-c:a", "libopus")
    response = server.transcribe(path.read_bytes(), "clip.webm")
    assert response.status_code == 200, response.text
    assert response.json()["text"] == pipeline.transcribe(path, acoustic).text
