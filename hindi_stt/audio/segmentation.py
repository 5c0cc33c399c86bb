"""Cuts long audio into clips near the model's training length, causally.

A clip ends at a pause: at the first long one after a minimum length, else at the longest one. Speech without a pause
is cut at the maximum length, and the next clip begins some seconds earlier, so that no word is lost at the cut.
`decoding.assembly` then joins their tokens.

Pauses are found by energy alone: cuts need the quiet places only. benchmarks/segments.py compares cost and cuts with
those of WebRTC's and Silero's detectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hindi_stt.audio.sample_buffer import SampleBuffer
from hindi_stt.types import Float32

__all__ = ["Clip", "Segmenter"]

_FRAME_S: Final = 0.01
_SMOOTHING_FRAMES: Final = 5
_KERNEL: Final = np.ones(_SMOOTHING_FRAMES, np.float32)
_EDGE: Final = _SMOOTHING_FRAMES // 2
_EDGE_COUNTS: Final = np.arange(_EDGE + 1, _SMOOTHING_FRAMES, dtype=np.float32)
_PREEMPHASIS: Final = np.float32(0.97)  # hum and rumble hide pauses, and carry no speech
_FLOOR_DB: Final = -100.0
_FLOOR_POWER: Final = np.float32(10 ** (_FLOOR_DB / 10))
# A pause is below this share of the way from the quiet frames (10th percentile) to the loud ones (95th) …
_PAUSE_LEVEL: Final = 0.25
# … which must be this far apart: steady noise has no pauses.
_LEAST_RANGE_DB: Final = 8.0
# With a smaller range, what looks like a pause may be a soft sound: the clips then overlap as without a pause.
_CLEAR_RANGE_DB: Final = 25.0
# A clip whose loudest frames (99th percentile) stay below this holds no speech; the pre-emphasis takes some 15 dB.
_SILENT_DB: Final = -80.0
# In frames: when to look first, for a level, and how often then; pauses that end a clip at once, once it has some
# length, and when it is full.
_FIRST_LOOK: Final = 100
_STEP: Final = 20
_VERY_LONG_PAUSE: Final = 100
_LONG_PAUSE: Final = 50
_SHORT_PAUSE: Final = 12
# A rest shorter than this, after a pause, holds no word.
_LEAST_FRAMES: Final = 10
# Frames of silence that are kept before and after speech. A model that was trained on clips which begin at once loses
# first letters behind a longer one.
_LEAD: Final = 10
_TAIL: Final = 30


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a recording.

    Attributes:
        samples: Mono, float32 [n].
        start: First sample, counted from the recording's start.
        overlap: Samples at its start that are also the end of the clip before; 0 after a pause.
        continues: Whether it was cut without a pause, so that the next clip, if there is one, overlaps it.
    """

    samples: Float32
    start: int
    overlap: int = 0
    continues: bool = False

    @property
    def end(self) -> int:
        """One past the last sample, counted from the recording's start."""
        return self.start + len(self.samples)


class Segmenter:
    """Cuts a stream of mono samples.

    Cuts depend on past samples only, and not on how the stream is divided into blocks. No pause ends a clip before 3/8
    of the maximum length, and two clips that are cut without a pause share 1/8 of it. At most `max_s` of audio is held
    besides the block that is pushed.

    Args:
        sample_rate: Rate of the samples in Hz.
        max_s: Duration of the longest clip in seconds.
    """

    def __init__(self, sample_rate: int, max_s: float) -> None:
        self._hop = round(sample_rate * _FRAME_S)
        self._max = round(max_s / _FRAME_S)
        self._min = self._max * 3 // 8
        self._overlap_frames = self._max // 8
        self._buffer = SampleBuffer()
        self._new: list[Float32] = []
        self._n_new = 0
        self._energies = np.empty(0, np.float32)
        self._before = np.float32(0)
        self._start = 0
        self._overlap = 0
        self._check = _FIRST_LOOK
        self._pause_db = _FLOOR_DB
        self._clear = False

    @property
    def start(self) -> int:
        """Start of the clip in progress, in samples from the recording's start; leading silence moves it."""
        return self._start

    @property
    def samples(self) -> Float32:
        """The clip in progress, float32 [n]."""
        self._measure()
        return self._buffer.view

    @property
    def overlaps(self) -> bool:
        """Whether the clip in progress begins with the end of the one before."""
        return self._overlap > 0

    @property
    def speech_start(self) -> int | None:
        """Start of speech in the clip in progress, with the silence that is kept before it; None without speech."""
        if self._overlap:
            return self._start
        self._measure()
        if not len(self._energies):
            return None
        loud = np.flatnonzero(_smooth(self._energies) >= max(_SILENT_DB, self._pause_db))
        return self._start + max(0, int(loud[0]) - _LEAD) * self._hop if len(loud) else None

    def push(self, samples: Float32) -> list[Clip]:
        """Take the next samples, float32 [n], and return the clips that end within them."""
        self._new.append(samples)
        self._n_new += len(samples)
        clips: list[Clip] = []
        if len(self._buffer) + self._n_new < self._check * self._hop:
            return clips
        self._measure()
        while len(self._energies) >= self._check:
            self._decide(clips)
        return clips

    def flush(self) -> list[Clip]:
        """The last clip, where any is left; the segmenter is then used up."""
        self._measure()
        if len(self._buffer) < max(self._overlap + 1, _LEAST_FRAMES * self._hop):
            return []
        self._update_level(len(self._energies))
        if self._has_speech(len(self._energies)):
            return [Clip(self._buffer.view, self._start, self._overlap)]
        return []

    def _measure(self) -> None:
        """Take what is new. Energies in dB of complete frames; few at a time, so that they stay in the cache."""
        if not self._n_new:
            return
        self._buffer.append(*self._new)
        samples = self._buffer.view
        self._new, self._n_new = [], 0
        done = len(self._energies) * self._hop
        end = len(samples) // self._hop * self._hop
        parts = [self._energies]
        for start in range(done, end, _STEP * self._hop):
            block = samples[start : min(end, start + _STEP * self._hop)]
            emphasised = np.empty_like(block)
            emphasised[0] = block[0] - _PREEMPHASIS * (samples[start - 1] if start else self._before)
            np.subtract(block[1:], _PREEMPHASIS * block[:-1], out=emphasised[1:])
            frames = emphasised.reshape(-1, self._hop)
            power = np.einsum("ij,ij->i", frames, frames) / np.float32(self._hop)
            parts.append(10 * np.log10(np.maximum(power, _FLOOR_POWER)))
        self._energies = np.concatenate(parts)

    def _decide(self, clips: list[Clip]) -> None:
        """Look at the first `_check` frames: end a clip there, leave silence out, or look further."""
        n = self._check
        self._update_level(n)
        quiet = _smooth(self._energies[:n]) < self._pause_db
        pauses = _runs(quiet)
        if pauses and pauses[0][0] == 0 and self._skip_silence(pauses[0][1]):
            return
        full = n >= self._max
        if (pause := self._best(pauses, full=full)) is not None:
            start, end = pause
            # What two clips share has to be less than the first of them.
            sure = self._clear or start < self._min
            cut = start + min(_TAIL, max(end - start - _LEAD, (end - start) // 2))
            self._end_clip(cut, 0 if sure else self._overlap_frames, clips)
        elif full:
            self._end_clip(n, self._overlap_frames, clips)
        else:
            self._check = min(self._max, n + _STEP)

    def _best(self, pauses: list[tuple[int, int]], *, full: bool) -> tuple[int, int] | None:
        """The pause to end a clip at: the first long enough for its place, or when the clip is full the longest."""
        shared = self._overlap // self._hop
        for start, end in pauses:
            if start < shared:
                continue
            if end - start >= _VERY_LONG_PAUSE or (end - start >= _LONG_PAUSE and start >= self._min):
                return start, end
        late = [pause for pause in pauses if pause[0] >= self._min and pause[1] - pause[0] >= _SHORT_PAUSE]
        return max(late, key=lambda pause: pause[1] - pause[0]) if full and late else None

    def _update_level(self, n: int) -> None:
        if not n:
            return
        low, high = _at(self._energies[:n], 0.1, 0.95)
        self._clear = high - low >= _CLEAR_RANGE_DB
        if high - low >= _LEAST_RANGE_DB:
            self._pause_db = float(low + _PAUSE_LEVEL * (high - low))

    def _has_speech(self, n: int) -> bool:
        (loudest,) = _at(self._energies[:n], 0.99) if n else (_SILENT_DB,)
        return loudest > max(_SILENT_DB, self._pause_db)

    def _skip_silence(self, n_frames: int) -> bool:
        """Drop silence from the start, where there is enough of it to be worth it."""
        drop = n_frames - _LEAD
        if drop < max(_LEAD, self._overlap // self._hop):
            return False
        self._advance(drop, 0)
        return True

    def _end_clip(self, end: int, overlap: int, clips: list[Clip]) -> None:
        if self._has_speech(end):
            clips.append(Clip(self._buffer.view[: end * self._hop].copy(), self._start, self._overlap, overlap > 0))
        else:
            overlap = 0
        self._advance(end - overlap, overlap)

    def _advance(self, n_frames: int, overlap: int) -> None:
        n = n_frames * self._hop
        self._before = self._buffer.view[n - 1]
        self._buffer.drop(n)
        self._energies = self._energies[n_frames:]
        self._start += n
        self._overlap = overlap * self._hop
        self._check = _FIRST_LOOK


def _at(energies: Float32, *shares: float) -> list[float]:
    """The energies below which these shares of the frames lie."""
    ordered = np.sort(energies)
    return [float(ordered[int(share * (len(ordered) - 1))]) for share in shares]


def _smooth(energies: Float32) -> Float32:
    """Mean of each frame and its neighbours; at the edges, of fewer."""
    sums = np.convolve(energies, _KERNEL, "same")
    if len(energies) < _SMOOTHING_FRAMES:
        return (sums / np.convolve(np.ones_like(energies), _KERNEL, "same")).astype(np.float32)
    smoothed: Float32 = sums / np.float32(_SMOOTHING_FRAMES)
    smoothed[:_EDGE] = sums[:_EDGE] / _EDGE_COUNTS
    smoothed[-_EDGE:] = sums[-_EDGE:] / _EDGE_COUNTS[::-1]
    return smoothed


def _runs(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """(start, end) of each run of true flags."""
    padded = np.zeros(len(flags) + 2, np.bool_)
    padded[1:-1] = flags
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
