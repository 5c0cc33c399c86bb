"""Recordings by tools other than ffmpeg, and files that were joined though they differ: rows as in test_recordings."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hindi_stt import audio, errors
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.audio import make
from tests.audio.make import FAMILY, RAIN, RATE, encoded, with_pause
from tests.support.recordings import BOTH_S, INCOMPLETE, LIMITS, PAUSED_S, VBR, Row, check_row
from tests.support.wav import raw_wav, wav

FLAC = "-c:a flac -f flac"

pytestmark = pytest.mark.slow

RAIN_S = len(RAIN) / RATE
PAUSED = with_pause(5)
PCM = (PAUSED * 32_767).astype("<i2").tobytes()
AAC, OPUS, VORBIS = "-c:a aac -f adts", "-c:a libopus -f ogg", "-c:a libvorbis -f ogg"


def different(first: str, second: str) -> Callable[[Path], bytes]:
    """Two files of one container in a row, encoded with other options."""
    return lambda folder: encoded(RAIN, first, folder) + encoded(FAMILY, second, folder)


def streamed(first: str, second: str) -> Callable[[Path], bytes]:
    return lambda folder: encoded(RAIN, first, folder, piped=True) + encoded(FAMILY, second, folder, piped=True)


def behind(options: str, tail: bytes, *, piped: bool = False) -> Callable[[Path], bytes]:
    return lambda folder: encoded(PAUSED, options, folder, piped=piped) + tail


def before_wav(options: str) -> Callable[[Path], bytes]:
    return lambda folder: encoded(RAIN, options, folder) + wav(FAMILY)


def by_sox(options: str) -> Callable[[Path], bytes]:
    """What sox writes where it cannot seek back."""

    def content(folder: Path) -> bytes:
        (folder / "spoken.wav").write_bytes(wav(PAUSED))
        return make.run("sox", folder / "spoken.wav", *options.split(), "-")

    return content


def chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def riff(*chunks: bytes, mark: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return mark + len(body).to_bytes(4, "little") + body


FMT = raw_wav(b"")[12:36]


def bw64(_: Path) -> bytes:
    sizes = b"".join(n.to_bytes(8, "little") for n in (len(PCM) + 72, len(PCM), 0)) + bytes(4)
    data = b"data\xff\xff\xff\xff" + PCM
    return b"BW64\xff\xff\xff\xffWAVE" + chunk(b"ds64", sizes) + FMT + data + chunk(b"axml", b"<x/>")


def never_closed(folder: Path) -> bytes:
    """Python's wave module puts the length of its first buffer into the header, and corrects it when it is closed."""
    (folder / "samples").write_bytes(PCM)
    program = (
        "import os, wave\n"
        "file = wave.open('killed.wav', 'wb')\n"
        "file.setparams((1, 2, 16000, 0, 'NONE', ''))\n"
        "samples = open('samples', 'rb').read()\n"
        "for at in range(0, len(samples), 640): file.writeframesraw(samples[at:at + 640])\n"
        "file._file.flush()\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=False)
    return (folder / "killed.wav").read_bytes()


def last_segment(folder: Path) -> bytes:
    """The last of the files into which ffmpeg splits a stream; the header of FLAC tells the length of the stream."""
    make.ffmpeg("-f", "wav", "-i", "pipe:0", *FLAC.split()[:2], "-f", "segment", "-segment_time", "4.6",
                folder / "%d.flac", source=wav(np.concatenate([np.zeros(16 * 4_608, np.float32), RAIN])))  # fmt: skip
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.flac"), key=lambda path: int(path.stem))[-1:])


def with_broken_cover(folder: Path) -> bytes:
    """A cover that is no picture: nothing of the sound is lost."""
    (folder / "cover.png").write_bytes(make.ffmpeg(*"-f lavfi -i color=red:size=64x64 -frames:v 1 -f image2pipe -c:v png".split(), "pipe:1"))  # fmt: skip  # noqa: E501
    (folder / "spoken.wav").write_bytes(wav(PAUSED))
    maps = "-map 0 -map 1 -c:v copy -c:a aac -disposition:v attached_pic -f mp4".split()
    content = make.remuxed(folder, "-i", folder / "spoken.wav", "-i", folder / "cover.png", *maps)
    at = content.index(b"IHDR") - 4
    return content[:at] + b"\x7f\xff\xff\xff" + content[at + 4 :]


def xing_with_itself(folder: Path) -> bytes:
    """GStreamer's xingmux and mp3splt count the frame that holds the count."""
    content = bytearray(encoded(PAUSED, VBR, folder))
    at = max(content.find(b"Xing"), content.find(b"Info")) + 8
    content[at : at + 4] = (int.from_bytes(content[at : at + 4], "big") + 1).to_bytes(4, "big")
    return bytes(content)


MP3_44, AAC_44 = "-ar 44100 -ac 2 -c:a libmp3lame -f mp3", "-ar 44100 -ac 2 -c:a aac -f adts"
TAG = make.id3v1()

ROWS = {
    "joined MP3 of two rates": Row(different(VBR, MP3_44), BOTH_S, slack_s=0.25),
    "joined MP3 and MP2": Row(different(VBR, "-c:a mp2 -f mp2"), BOTH_S, slack_s=0.3),
    "joined AAC of two rates": Row(different(AAC, AAC_44), BOTH_S, slack_s=0.2),
    "joined FLAC of two rates": Row(different(FLAC, "-ar 44100 -ac 2 " + FLAC), BOTH_S, slack_s=0.001),
    "joined FLAC of two sample sizes": Row(different(FLAC, "-sample_fmt s32 " + FLAC), BOTH_S, slack_s=0.001),
    "joined AU of two rates": Row(different("-f au", "-ar 44100 -ac 2 -f au"), BOTH_S, slack_s=0.001),
    "joined AU of two encodings": Row(different("-f au", "-c:a pcm_mulaw -f au"), BOTH_S, slack_s=0.001),
    "joined MPEG-TS of two rates": Row(
        different("-c:a aac -f mpegts", "-ar 44100 -ac 2 -c:a aac -f mpegts"), BOTH_S, slack_s=0.25
    ),
    "joined Vorbis and Opus": Row(different(VORBIS, OPUS), BOTH_S),
    "joined WAV to a pipe": Row(streamed("-f wav", "-f wav"), BOTH_S, slack_s=0.001),
    "joined WAV of two rates to a pipe": Row(streamed("-f wav", "-ar 44100 -ac 2 -f wav"), BOTH_S, slack_s=0.001),
    "M4A, then WAV": Row(before_wav("-c:a aac -f mp4"), RAIN_S, "first", INCOMPLETE),
    "WebM, then WAV": Row(before_wav("-c:a libopus -f webm"), RAIN_S, "first", INCOMPLETE),
    "AIFF, then WAV": Row(before_wav("-f aiff"), RAIN_S, "first", INCOMPLETE, 0.0),
    "W64, then WAV": Row(before_wav("-f w64"), RAIN_S, "first", INCOMPLETE, 0.0),
    "M4A and padding": Row(behind("-c:a aac -f mp4", bytes(5_000)), PAUSED_S),
    "FLAC and a tag": Row(behind(FLAC, TAG), PAUSED_S, slack_s=0.0),
    "FLAC and padding": Row(behind(FLAC, bytes(4_096)), PAUSED_S, slack_s=0.0),
    "FLAC of unknown length and a tag": Row(behind(FLAC, TAG, piped=True), PAUSED_S, slack_s=0.0),
    "Opus and a tag": Row(behind(OPUS, TAG), PAUSED_S),
    "Vorbis, padding and a tag": Row(behind(VORBIS, bytes(1_000) + TAG), PAUSED_S),
    "WebM and padding": Row(behind("-c:a libopus -f webm", bytes(4_096)), PAUSED_S),
    "live WebM and a tag": Row(behind("-c:a libopus -live 1 -f webm", TAG, piped=True), PAUSED_S),
    "Matroska with silence at its end": Row(
        lambda folder: encoded(
            np.concatenate([PAUSED, make.silence(1)]), "-c:a pcm_s16le -f matroska", folder, piped=True
        ),
        PAUSED_S + 1,
        slack_s=0.001,
    ),
    "AMR and padding": Row(lambda _: make.amr(PAUSED, "amr") + bytes(512), PAUSED_S),
    "MP3 and a line end": Row(behind(VBR, b"\r\n"), PAUSED_S),
    "MP3 whose Info frame counts itself": Row(xing_with_itself, PAUSED_S),
    "a broken cover": Row(with_broken_cover, PAUSED_S),
    "FLAC, the last segment": Row(last_segment, RAIN_S, "first", slack_s=0.3),
    "CAF to a pipe by sox": Row(by_sox("-t caf"), PAUSED_S, warnings=INCOMPLETE, slack_s=0.0),
    "float CAF to a pipe by sox": Row(by_sox("-e float -b 32 -t caf"), PAUSED_S, warnings=INCOMPLETE, slack_s=0.0),
    "W64 to a pipe by sox": Row(by_sox("-t w64"), PAUSED_S, slack_s=0.0),
    "float W64 to a pipe by sox": Row(by_sox("-e float -b 32 -t w64"), PAUSED_S, slack_s=0.0),
    "WAV to a pipe by GStreamer": Row(lambda _: make.with_sizes(wav(PAUSED), 0x7FFF_0000), PAUSED_S, slack_s=0.0),
    "WAV by Python, killed": Row(never_closed, PAUSED_S, warnings=INCOMPLETE, slack_s=0.0),
    "BW64": Row(bw64, PAUSED_S, slack_s=0.0),
    "WAV with an empty chunk of samples": Row(
        lambda _: riff(FMT, chunk(b"data", b""), chunk(b"data", PCM)), PAUSED_S, slack_s=0.0
    ),
    "WAV with two chunks of samples": Row(
        lambda _: riff(FMT, chunk(b"data", PCM[: 2 * len(RAIN)]), chunk(b"data", PCM[2 * len(RAIN) :])),
        RAIN_S,
        "first",
        INCOMPLETE,
        0.0,
    ),
}
FEW = (
    "joined MP3 of two rates",
    "joined FLAC of two rates",
    "M4A, then WAV",
    "FLAC and a tag",
    "WAV by Python, killed",
)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in FEW else pytest.mark.api) for n in ROWS])
def test_recordings(
    tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic, sentences: list[set[str]], name: str
) -> None:
    check_row(ROWS[name], tmp_path, pipeline, acoustic, sentences)


@pytest.mark.parametrize(
    "options", [FLAC, pytest.param(VBR, marks=pytest.mark.api), OPUS, pytest.param("-f au", marks=pytest.mark.api)]
)
def test_the_second_channel_of_joined_files_with_fewer_channels(tmp_path: Path, options: str) -> None:
    """A file of one channel that follows is heard on each channel of the first one."""
    content = encoded(np.stack([RAIN, RAIN], 1), options, tmp_path) + encoded(FAMILY, options, tmp_path)
    blocks = audio.blocks(content, RATE, LIMITS, channel=1)
    samples = np.concatenate([block.samples for block in blocks])
    assert len(samples) / RATE == pytest.approx(BOTH_S, abs=0.25)
    level = float(np.square(samples[-len(FAMILY) :]).mean())
    # FFmpeg puts one channel into two at −3 dB.
    assert level > 0.4 * float(np.square(FAMILY).mean())


def test_a_broken_header_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An exception in a callback of libsndfile's would be printed by cffi, with its traceback."""
    content = by_sox("-e ima-adpcm -t w64")(tmp_path)
    assert content[16:24] == b"\xef\xd8\xff\xff\xff\xff\xff\x7f"  # farther than files go
    (tmp_path / "file").write_bytes(content)
    with contextlib.suppress(errors.CorruptAudio):
        audio.decode(tmp_path / "file", RATE, LIMITS)
    assert capfd.readouterr().err == ""


def test_avi_has_no_times_of_its_own(tmp_path: Path) -> None:
    """Those of VBR frames are computed from a mean bit rate, as by GStreamer: what looks like a gap is none."""
    content = bytearray(encoded(PAUSED, "-c:a libmp3lame -q:a 2 -f avi", tmp_path))
    stream, wave = content.index(b"strh") + 8, content.index(b"strf") + 8
    bytes_per_s = round(len(content) / PAUSED_S)
    for at, value in ((stream + 20, 1), (stream + 24, bytes_per_s), (stream + 44, 1)):
        content[at : at + 4] = value.to_bytes(4, "little")
    content[wave + 8 : wave + 14] = bytes_per_s.to_bytes(4, "little") + (1).to_bytes(2, "little")
    assert audio.decode(bytes(content), RATE, LIMITS).duration_s == pytest.approx(PAUSED_S, abs=0.25)


def test_frames_that_change_their_rate_all_the_time(tmp_path: Path) -> None:
    """No recorder writes that: some of it is heard, the rest is named, and nothing grows with it."""
    one, other = (encoded(RAIN, f"-ar {rate} -b:a 32k -c:a libmp3lame -write_xing 0 -f mp3", tmp_path)[:2_000] for rate in (16_000, 24_000))  # fmt: skip  # noqa: E501
    blocks = audio.blocks((one + other) * 2_000, RATE, LIMITS)
    assert sum(block.duration_s for block in blocks) > 5
    assert blocks.warnings == INCOMPLETE
