"""The decoding child, run as its parent runs it, beside FFmpeg's command."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from hindi_stt.audio import ffmpeg_child
from tests.audio import make
from tests.audio.make import FAMILY, RAIN, RATE, encoded, id3v2, silence
from tests.support.wav import wav

MODULE = Path(ffmpeg_child.__file__)

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="the ffmpeg command makes the files")


class Answer:
    """What a child wrote. header: None where there is none; samples: float32 [n, channels]; damaged: as reported."""

    def __init__(self, status: int, output: bytes, report: bytes, *, one_channel: bool) -> None:
        self.status = status
        line, _, samples = output.partition(b"\n")
        self.header: dict[str, Any] | None = json.loads(line) if line else None
        channels = 1 if one_channel else (self.header or {}).get("channels", 1)
        self.samples = np.frombuffer(samples, np.float32).reshape(-1, channels)
        self.damaged = json.loads(report)["damaged"] if report else None


def run(tmp_path: Path, content: bytes, demuxer: str, path: str = "", **fields: Any) -> Answer:
    """path: where Python finds packages; this process's without it."""
    file = tmp_path / "file"
    file.write_bytes(content)
    report, child_report = os.pipe()
    with file.open("rb") as source:
        request = {"descriptor": source.fileno(), "report": child_report, "demuxer": demuxer}
        request |= {"cpu_s": 30, "memory_bytes": 2**30, "files": [], **fields}
        done = subprocess.run(
            [sys.executable, *(["-S"] if path else []), MODULE, json.dumps(request)],
            env={"PATH": os.defpath, "PYTHONPATH": path or os.pathsep.join(sys.path)},
            pass_fds=[source.fileno(), child_report],
            capture_output=True,
            timeout=60,
            check=False,
        )
    os.close(child_report)
    with os.fdopen(report, "rb") as pipe:
        return Answer(done.returncode, done.stdout, pipe.read(), one_channel=fields.get("channel") is not None)


def by_command(tmp_path: Path, content: bytes, demuxer: str) -> np.ndarray:
    """What FFmpeg's command makes of the file, at its own rate and with its channels: float32 [n]."""
    path = tmp_path / "reference"
    path.write_bytes(content)
    filters = "-vn -af aresample=async=1:first_pts=0 -f f32le pipe:1".split()
    return np.frombuffer(make.ffmpeg("-f", demuxer, "-i", path, *filters), np.float32)


@pytest.mark.slow
@needs_ffmpeg
@pytest.mark.parametrize(
    ("options", "demuxer"),
    [
        ("-c:a flac -f matroska", "matroska"),
        ("-c:a alac -f mov", "mov"),
        ("-c:a libopus -f ogg", "ogg"),
        ("-c:a wmav2 -f asf", "asf"),
        ("-c:a libmp3lame -f mp3", "mp3"),
    ],
)
def test_the_samples_of_ffmpegs_command(tmp_path: Path, options: str, demuxer: str) -> None:
    content = encoded(RAIN, options, tmp_path)
    found = run(tmp_path, content, demuxer)
    assert (found.status, found.damaged) == (0, False)
    assert found.header == {"rate": RATE if "opus" not in options else 48_000, "channels": 1, "tracks": 1}
    wanted = by_command(tmp_path, content, demuxer)
    n = min(len(found.samples), len(wanted))
    assert abs(len(found.samples) - len(wanted)) <= 1152  # the command's filter fills up the last frame
    np.testing.assert_allclose(found.samples[:n, 0], wanted[:n], atol=1e-4)


@needs_ffmpeg
def test_one_of_several_channels(tmp_path: Path) -> None:
    stereo = np.stack([RAIN, -0.5 * RAIN], 1)
    content = encoded(stereo, "-c:a flac -f matroska", tmp_path)
    both = run(tmp_path, content, "matroska")
    assert both.header is not None
    assert both.header["channels"] == 2
    right = run(tmp_path, content, "matroska", channel=1)
    np.testing.assert_array_equal(right.samples[:, 0], both.samples[:, 1])


@needs_ffmpeg
def test_parts_of_a_file_and_concatenated_files(tmp_path: Path) -> None:
    first, second = (encoded(part, "-c:a flac -f flac", tmp_path) for part in (RAIN, FAMILY))
    tag = id3v2(5_000)
    content = tag + first + tag + second
    start = len(tag) + len(first) + len(tag)
    files = [[[len(tag), len(tag) + len(first)]], [[start, start + len(second)]]]
    found = run(tmp_path, content, "flac", files=files)
    assert (found.status, found.damaged) == (0, False)
    assert len(found.samples) == len(RAIN) + len(FAMILY)
    np.testing.assert_allclose(found.samples[:, 0], np.concatenate([RAIN, FAMILY]), atol=1e-4)


@pytest.mark.slow
@needs_ffmpeg
def test_a_later_file_of_another_form_is_brought_to_that_of_the_first(tmp_path: Path) -> None:
    first = encoded(RAIN, "-c:a flac -f flac", tmp_path)
    second = encoded(np.stack([FAMILY, FAMILY], 1), "-c:a flac -ar 48000 -f flac", tmp_path)
    files = [[[0, len(first)]], [[len(first), len(first) + len(second)]]]
    found = run(tmp_path, first + second, "flac", files=files)
    assert found.header is not None
    assert (found.header["rate"], found.header["channels"]) == (RATE, 1)
    assert len(found.samples) == pytest.approx(len(RAIN) + len(FAMILY), abs=50)
    # FFmpeg's mix of two channels is louder than one of them.
    assert np.corrcoef(found.samples[-8_000:-100, 0], FAMILY[-8_000:-100])[0, 1] > 0.99


@needs_ffmpeg
def test_a_gap_between_timestamps_is_silence(tmp_path: Path) -> None:
    content = make.with_gap(RAIN, FAMILY, 3.0, "flac", "matroska", tmp_path)
    found = run(tmp_path, content, "matroska")
    n = len(RAIN) + 3 * RATE + len(FAMILY)
    assert len(found.samples) == pytest.approx(n, abs=0.15 * RATE)
    middle = len(RAIN) + RATE
    assert not found.samples[middle : middle + RATE].any()
    assert not found.damaged


@needs_ffmpeg
@pytest.mark.parametrize(("container", "damaged"), [("matroska", True), ("mpegts", False)])
def test_timestamps_that_cannot_be_right_are_passed_over(tmp_path: Path, container: str, damaged: bool) -> None:
    """Two hours between two frames of three seconds: a fault of the file, or streams that were put together."""
    codec = "flac" if container == "matroska" else "mp2"
    content = make.with_gap(RAIN, FAMILY, 7_200.0, codec, container, tmp_path)
    found = run(tmp_path, content, container)
    assert len(found.samples) == pytest.approx(len(RAIN) + len(FAMILY), abs=0.3 * RATE)
    assert found.damaged is damaged


@needs_ffmpeg
def test_damage_is_reported(tmp_path: Path) -> None:
    content = bytearray(encoded(np.concatenate([RAIN] * 3), "-c:a libmp3lame -b:a 64k -f mp3", tmp_path))
    middle = len(content) // 2
    content[middle : middle + 3_000] = np.random.default_rng(0).bytes(3_000)
    found = run(tmp_path, bytes(content), "mp3")
    assert (found.status, found.damaged) == (0, True)
    assert len(found.samples) > 2 * len(RAIN)


@needs_ffmpeg
@pytest.mark.parametrize("dtx", [True, False])
def test_amr_with_its_frames_of_silence(tmp_path: Path, dtx: bool) -> None:
    if "libopencore_amrnb" not in av.codecs_available:
        pytest.skip("this build of PyAV has no encoder of AMR")
    sound = np.concatenate([RAIN, silence(2), RAIN])
    found = run(tmp_path, make.amr(sound, "amr", dtx=dtx), "amr")
    assert (found.status, found.damaged) == (0, False)
    assert len(found.samples) == pytest.approx(len(sound) / 2, abs=400)


@needs_ffmpeg
def test_the_default_of_several_tracks(tmp_path: Path) -> None:
    for name, sound in (("silent", silence(2)), ("spoken", RAIN)):
        (tmp_path / f"{name}.wav").write_bytes(wav(sound))
    maps = "-map 0 -map 1 -c:a flac -disposition:a:0 0 -disposition:a:1 default -f matroska".split()
    content = make.remuxed(tmp_path, "-i", tmp_path / "silent.wav", "-i", tmp_path / "spoken.wav", *maps)
    found = run(tmp_path, content, "matroska")
    assert found.header is not None
    assert found.header["tracks"] == 2
    np.testing.assert_allclose(found.samples[: len(RAIN), 0], RAIN, atol=1e-4)


@needs_ffmpeg
def test_a_picture_without_sound(tmp_path: Path) -> None:
    content = make.remuxed(tmp_path, *"-f lavfi -i color=size=64x64:duration=1 -c:v mpeg4 -f matroska".split())
    found = run(tmp_path, content, "matroska")
    assert (found.status, found.header) == (0, {"error": "no audio"})


@pytest.mark.parametrize("demuxer", ["matroska", "mp3", "mov", "ogg"])
def test_what_cannot_be_opened_is_an_error(tmp_path: Path, demuxer: str) -> None:
    found = run(tmp_path, np.random.default_rng(1).bytes(20_000), demuxer)
    assert found.status == 0
    assert found.header is not None
    assert set(found.header) == {"error"}
    assert found.damaged is None


@needs_ffmpeg
def test_no_frame_can_be_decoded(tmp_path: Path) -> None:
    content = bytearray(encoded(RAIN, "-c:a libopus -f matroska", tmp_path))
    # The head of the first cluster stays, so that there is a stream; its blocks are cut off.
    at = content.find(bytes.fromhex("1F43B675"))
    found = run(tmp_path, bytes(content[: at + 20]), "matroska")
    assert (found.status, found.header) == (0, {"error": "nothing in it can be decoded"})


@needs_ffmpeg
def test_a_later_file_that_cannot_be_opened_is_damage(tmp_path: Path) -> None:
    first = encoded(RAIN, "-c:a flac -f flac", tmp_path)
    content = first + bytes(4_000)
    files = [[[0, len(first)]], [[len(first), len(content)]]]
    found = run(tmp_path, content, "flac", files=files)
    assert len(found.samples) == len(RAIN)
    assert found.damaged is True


@pytest.mark.slow
@needs_ffmpeg
def test_the_bound_on_cpu_time_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "long.mka"
    make.ffmpeg(*"-f lavfi -i anoisesrc=d=10:r=48000 -c:a libopus -compression_level 0".split(), tmp_path / "a.mka")
    make.ffmpeg("-stream_loop", "250", "-i", tmp_path / "a.mka", "-c", "copy", path)
    found = run(tmp_path, path.read_bytes(), "matroska", cpu_s=1)
    assert found.status == -signal.SIGXCPU
    assert found.damaged is None


def test_without_pyav_the_parent_gets_the_error(tmp_path: Path) -> None:
    found = run(tmp_path, b"", "ogg", path=str(tmp_path))
    assert found.status == 0
    assert found.header is not None
    assert set(found.header) == {"missing"}
    assert "av" in found.header["missing"]


def test_a_wav_file_through_it_is_exact(tmp_path: Path) -> None:
    samples = (RAIN * 32_767).astype(np.int16)
    content = io.BytesIO()
    soundfile.write(content, samples, RATE, format="WAV", subtype="PCM_16")
    found = run(tmp_path, content.getvalue(), "wav")
    np.testing.assert_array_equal(found.samples[:, 0], samples.astype(np.float32) / 32_768)
