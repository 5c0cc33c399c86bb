"""Recordings as phones, recorders, editors and telephone systems write them, made at test time by the tools themselves.

Two sentences are spoken: RAIN and FAMILY. A tool that is missing skips the test, by name.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from tests.conftest import DATA
from tests.support.tools import missing
from tests.support.wav import wav

RATE = 16_000


def spoken(name: str) -> np.ndarray:
    """A sentence of tests/data at 16 kHz, float32 [n]."""
    samples, rate = soundfile.read(DATA / name, dtype="float32")
    assert rate == RATE
    return samples


RAIN = spoken("rain_16k.wav")
FAMILY = spoken("family.flac")
RAIN_TEXT = "आज सुबह से बारिश हो रही है"


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE), np.float32)


def with_pause(seconds: float) -> np.ndarray:
    """The first sentence, a pause, the second sentence."""
    return np.concatenate([RAIN, silence(seconds), FAMILY])


def run(program: str, *arguments: str | Path, source: bytes = b"") -> bytes:
    """What a program writes to its standard output."""
    if shutil.which(program) is None:
        missing(program)
    done = subprocess.run([program, *arguments], input=source, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout


def ffmpeg(*arguments: str | Path, source: bytes = b"") -> bytes:
    return run("ffmpeg", "-v", "error", "-y", *arguments, source=source)


def encoded(samples: np.ndarray, options: str, folder: Path, *, piped: bool = False, rate: int = RATE) -> bytes:
    """What ffmpeg makes of samples. piped: it cannot seek back in its output. options: codec and `-f FORMAT`."""
    source = wav(samples, rate)
    if piped:
        return ffmpeg("-f", "wav", "-i", "pipe:0", *options.split(), "pipe:1", source=source)
    path = folder / "encoded"
    ffmpeg("-f", "wav", "-i", "pipe:0", *options.split(), path, source=source)
    return path.read_bytes()


def remuxed(folder: Path, *arguments: str | Path) -> bytes:
    """ffmpeg with its output in a file. The last argument before it names the format: `-f FORMAT`."""
    path = folder / "remuxed"
    ffmpeg(*arguments, path)
    return path.read_bytes()


def reference_s(content: bytes, folder: Path) -> float:
    """Seconds that ffmpeg's command hears of a file, at the times that its packets state."""
    path = folder / "reference"
    path.write_bytes(content)
    arguments = "-vn -af aresample=async=1:first_pts=0 -f f32le -ac 1 -ar 16000 pipe:1".split()
    return len(ffmpeg("-i", path, *arguments)) / 4 / RATE


def amr(samples: np.ndarray, container: str, *, codec: str = "libopencore_amrnb", dtx: bool = True) -> bytes:
    """AMR-NB at 8 kHz by the encoder in PyAV's wheel; with DTX a pause is of SID and empty frames."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=8_000, layout="mono", options={"dtx": "1" if dtx else "0"})
        stream.bit_rate = 12_200
        frame = av.AudioFrame.from_ndarray((samples[None, ::2] * 32_767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 8_000, Fraction(1, 8_000), 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return target.getvalue()


def with_gap(before: np.ndarray, after: np.ndarray, gap_s: float, codec: str, container: str, folder: Path) -> bytes:
    """Two stretches of sound in one stream, between which the timestamps jump: DTX, or a connection that was lost."""
    source = folder / "without_gap"
    source.write_bytes(encoded(np.concatenate([before, after]), f"-c:a {codec} -f matroska", folder))
    target = io.BytesIO()
    with av.open(source) as found, av.open(target, "w", format=container) as output:
        stream = found.streams.audio[0]
        copy = output.add_stream_from_template(stream)
        for packet in found.demux(stream):
            if packet.pts is None:
                continue
            if packet.pts * packet.time_base >= len(before) / RATE:
                jump = round(gap_s / packet.time_base)
                packet.pts, packet.dts = packet.pts + jump, packet.dts + jump
            packet.stream = copy
            output.mux(packet)
    return target.getvalue()


def id3v2(n: int = 2_000) -> bytes:
    """A tag with n bytes of content."""
    size = bytes(n >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + size + bytes(n)


def id3v1() -> bytes:
    return b"TAG" + bytes(125)


def with_sizes(content: bytes, data_bytes: int, riff_bytes: int = 0) -> bytes:
    """A WAV file of 44 bytes of header that states these sizes."""
    found = bytearray(content)
    found[4:8], found[40:44] = struct.pack("<I", riff_bytes), struct.pack("<I", data_bytes)
    return bytes(found)
