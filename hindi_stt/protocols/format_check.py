"""Signs that audio is not what was announced: another encoding, another rate, or other channels.

Neighbouring samples of speech are alike, and speech is seldom loud: read in a wrong encoding it becomes loud noise. So
each half second of sound is read in every encoding, and its autocorrelation at a lag of one sample and its level are
compared. Samples of two channels in turns are alike at a lag of two and not at a lag of one. A rate cannot be read off
the samples, but live audio comes at the pace at which it is spoken, unless its rate is another one.

These are signs and no proof: they make warnings, never errors.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from hindi_stt.audio import PacketDecoder, PacketFormat
from hindi_stt.protocols.adapter import TrackSpec
from hindi_stt.types import Float32

__all__ = ["AudioChecks", "FormatCheck", "PaceCheck"]

_BLOCK_S: Final = 0.5
# Blocks with sound that say the same thing before it is told, and blocks after which nothing more is looked at.
_MIN_BLOCKS: Final = 4
_MAX_BLOCKS: Final = 24
_SILENT_DB: Final = -50.0
# Speech in telephone calls: 0.64 and more at a lag of one; what is read in a wrong encoding: 0.53 and less.
_SMOOTH: Final = 0.6
_SMOOTHER_BY: Final = 0.15
_LOUD_DB: Final = -16.0
_QUIETER_BY_DB: Final = 5.0
_UNLIKE: Final = 0.25
# Of pairs of equal samples, where both channels are the same, and where the pairs begin one sample later.
_PAIRS: Final = 0.98
_NO_PAIRS: Final = 0.6

_NAMES: Final = {
    "pcm16": "16-bit samples, little-endian",
    "pcm16be": "16-bit samples, big-endian",
    "g711_ulaw": "G.711 mu-law",
    "g711_alaw": "G.711 A-law",
}
_FULL_SCALE: Final = np.float32(1 / 2**15)
_CODES: Final = bytes(range(256))
_WINDOW_S: Final = 3.0
_N_WINDOWS: Final = 5
_PACES: Final = (6, 4, 3, 2, 1.5, 1, 2 / 3, 1 / 2, 1 / 3, 1 / 4, 1 / 6)
_PACE_ERROR: Final = 0.05


_Companded = Literal["g711_ulaw", "g711_alaw"]
_COMPANDED: Final[tuple[_Companded, ...]] = ("g711_ulaw", "g711_alaw")


@functools.cache
def _companded(encoding: _Companded) -> Float32:
    """The sample that each byte stands for, float32 [256]."""
    return PacketDecoder(PacketFormat(encoding, 8_000), 8_000).push(_CODES)


class FormatCheck:
    """Looks at the first seconds with sound of one track.

    Args:
        audio: The format that was announced.
    """

    def __init__(self, audio: PacketFormat) -> None:
        self._announced = audio.encoding
        self._block_bytes = int(audio.bytes_per_s * _BLOCK_S) // 4 * 4
        self._data = bytearray()
        self._found: Counter[str] = Counter()
        self._done = False

    def push(self, data: bytes) -> str | None:
        """Take a packet.

        Args:
            data: Its bytes.

        Returns:
            What the audio looks like, in words, once it is clear that this is not what was announced.
        """
        if self._done:
            return None
        self._data += data
        while len(self._data) >= self._block_bytes:
            block = bytes(self._data[: self._block_bytes])
            del self._data[: self._block_bytes]
            if (sign := self._look_at(block)) is not None:
                self._found[sign] += 1
        sign, n = max(self._found.items(), key=lambda item: item[1], default=("", 0))
        n_blocks = self._found.total()
        self._done = n_blocks >= _MAX_BLOCKS
        if not sign or n < _MIN_BLOCKS or 2 * n <= n_blocks:
            return None
        self._done = True
        return f"the audio was announced as {_NAMES[self._announced]}, but looks like {sign}"

    def _look_at(self, block: bytes) -> str | None:
        """What a block looks like; empty for what was announced, None where there is no sound in it."""
        samples = _read(block, self._announced)
        level_db = _level_db(samples)
        if level_db < _SILENT_DB:
            return None
        alike = _alike(samples, 1)
        if _in_pairs(samples) or (abs(alike) < _UNLIKE and _alike(samples, 2) >= _SMOOTH):
            return "two channels in turns"
        if level_db < _LOUD_DB:
            return ""
        for encoding, name in _NAMES.items():
            other = _read(block, encoding)
            smoothness = _alike(other, 1)
            quieter = _SILENT_DB < _level_db(other) < level_db - _QUIETER_BY_DB
            if quieter and smoothness >= max(_SMOOTH, alike + _SMOOTHER_BY):
                return name
        return ""


def _read(block: bytes, encoding: str) -> Float32:
    """The samples of a block in an encoding of `_NAMES`, float32 [n]."""
    if encoding in _COMPANDED:
        return _companded(encoding)[np.frombuffer(block, np.uint8)]
    samples = np.frombuffer(block, "<i2" if encoding == "pcm16" else ">i2")
    return samples.astype(np.float32) * _FULL_SCALE


def _level_db(samples: Float32) -> float:
    """RMS level relative to full scale."""
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


def _alike(samples: Float32, lag: int) -> float:
    """The normalised autocorrelation."""
    centred = samples - samples.mean()
    energy = float(np.dot(centred, centred))
    return float(np.dot(centred[:-lag], centred[lag:])) / energy if energy else 0.0


def _in_pairs(samples: Float32) -> bool:
    """Whether each sample comes twice, as where both channels are the same."""
    pairs = np.mean(samples[0:-2:2] == samples[1:-1:2])
    return bool(pairs >= _PAIRS and np.mean(samples[1:-1:2] == samples[2::2]) < _NO_PAIRS)


class PaceCheck:
    """Compares the pace at which the audio of a connection comes with the clock, over its first steady 15 seconds."""

    def __init__(self) -> None:
        self._paces: list[float] = []
        self._start_s: float | None = None
        self._taken_s = 0.0
        self._done = False

    def take(self, duration_s: float, now_s: float) -> float | None:
        """Count audio.

        Args:
            duration_s: Its length in seconds, by the rate and the channels that were announced.
            now_s: Reading of a clock when it came.

        Returns:
            How many times faster than real time it comes, once that is another number than 1, and one that a wrong rate
            or a wrong number of channels explains.
        """
        if self._done:
            return None
        if self._start_s is None:
            self._start_s = now_s
        elapsed_s = now_s - self._start_s
        if elapsed_s >= _WINDOW_S:
            self._paces = [*self._paces, self._taken_s / elapsed_s][-_N_WINDOWS:]
            self._start_s, self._taken_s = now_s, 0.0
        self._taken_s += duration_s
        if len(self._paces) < _N_WINDOWS:
            return None
        found = next((one for one in _PACES if all(abs(p / one - 1) <= _PACE_ERROR for p in self._paces)), None)
        self._done = found is not None
        return found if found != 1 else None


class AudioChecks:
    """The checks of a connection's tracks.

    Args:
        tracks: The tracks.
        paced: Whether the server bounds the pace of the audio, which then says nothing.
    """

    def __init__(self, tracks: Sequence[TrackSpec], *, paced: bool) -> None:
        self._tracks = tracks
        self._formats = [FormatCheck(track.audio) for track in tracks]
        self._paces = [] if paced else [PaceCheck() for _ in tracks]

    def take(self, position: int, data: bytes, now_s: float) -> list[str]:
        """Look at a packet.

        Args:
            position: Of its track.
            data: Its bytes.
            now_s: Reading of a clock when it came.

        Returns:
            What is conspicuous about the track, in words, each thing once.
        """
        track = self._tracks[position]
        found = [self._formats[position].push(data)]
        if self._paces:
            pace = self._paces[position].take(len(data) / track.audio.bytes_per_s, now_s)
            found += [_pace_warning(pace, track.audio.rate)] if pace else []
        return [f"{track.label}: {warning}" for warning in found if warning]


def _pace_warning(pace: float, rate: int) -> str:
    other = {2: "two channels", 1 / 2: "one channel where two were announced"}.get(pace)
    looks = " or ".join(filter(None, [f"{round(rate * pace)} Hz", other]))
    return f"the audio comes {pace:.2g} times as fast as it is spoken: it looks like {looks}, not {rate} Hz"
