"""Turn detection: where a speaker's turn begins and ends, decided frame by frame from the level of the speech band.

A frame's level is compared with the noise floor, a low percentile of the last seconds (minimum statistics in the sense
of Martin, 2001). A turn starts when the level stays above the floor by a margin that `threshold` sets, and ends once
it has been low for the silence that the client asked for. The decisions are causal and do not depend on how the
samples were split into packets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hindi_stt.audio.sample_buffer import SampleBuffer
from hindi_stt.audio.segmentation import Clip
from hindi_stt.types import Float32

__all__ = ["TurnDetection", "TurnSegmenter"]

_FRAME_S: Final = 0.01
# Below is hum and rumble, above is mostly noise.
_BAND_HZ: Final = (150.0, 4000.0)
# A level is the mean of this many frames: the last ones, so that it is late by two frames at most.
_SMOOTHING_FRAMES: Final = 3
# The noise floor and the loudness of speech are percentiles of the levels of the last three seconds.
_HISTORY_FRAMES: Final = 300
_FLOOR_SHARE: Final = 0.1
_LOUD_SHARE: Final = 0.95
# Initial assumption: a fifth of a second of quiet background. Levels in dB relative to a full-scale square wave.
_PRIOR_FRAMES: Final = 20
_PRIOR_DB: Final = -65.0
_LEAST_FLOOR_DB: Final = -75.0
_SILENT_DB: Final = -65.0
_TINY_POWER: Final = 1e-10
# A turn starts at a level of 3 dB + threshold² · 20 dB above the floor (8 dB at 0.5), and goes on at half of that.
_LEAST_MARGIN_DB: Final = 3.0
_THRESHOLD_DB: Final = 20.0
# Speech decays into reverberation and breath: what is below this share of the way from the floor to loud speech is
# silence too, as in `hindi_stt.audio.segmentation`.
_PAUSE_LEVEL: Final = 0.25
# Frames in a row that start a turn: a click is shorter.
_ONSET_FRAMES: Final = 4
# How far back from there the first sound is looked for.
_LOOK_BACK_FRAMES: Final = 100
# Levels that lie within this range are steady noise, however loud: speech moves by more than that in every syllable.
# It matters at the start of a stream, when the noise is not known yet.
_STEADY_DB: Final = 6.0
# Frames of silence that an utterance keeps at its end.
_TAIL_FRAMES: Final = 30
# The shortest pause at which a turn that has become too long for the model is split.
_SHORT_PAUSE_FRAMES: Final = 12


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """Parameters of turn detection.

    Args:
        threshold: 0 to 1: how far speech has to stand out from the noise to start a turn.
        prefix_padding_ms: Audio before the first speech that belongs to the turn; counted in frames of 10 ms.
        silence_duration_ms: Silence that ends a turn; counted in frames of 10 ms.
    """

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500


class TurnSegmenter:
    """Cuts a stream of mono samples into turns, in place of `hindi_stt.audio.segmentation.Segmenter`.

    A turn longer than `max_s` is cut in its longest pause, or with an overlap where it has none, in its second half.

    Args:
        sample_rate: Hz.
        max_s: Length of the longest clip in seconds.
        detection: When a turn starts and ends.
    """

    def __init__(self, sample_rate: int, max_s: float, detection: TurnDetection) -> None:
        self._hop = round(sample_rate * _FRAME_S)
        self._max_frames = round(max_s / _FRAME_S)
        self._overlap_frames = self._max_frames // 8
        # The mean of several frames falls this much later than the speech ends.
        late = _SMOOTHING_FRAMES - 1
        self._silence_frames = max(1, -(-detection.silence_duration_ms // 10) - late)
        self._padding_frames = -(-detection.prefix_padding_ms // 10)
        self._margin_db = _LEAST_MARGIN_DB + _THRESHOLD_DB * detection.threshold**2
        self._window = np.hanning(self._hop + 1)[:-1].astype(np.float32)
        frequencies = np.fft.rfftfreq(self._hop, 1 / sample_rate)
        self._band = (frequencies >= _BAND_HZ[0]) & (frequencies <= _BAND_HZ[1])
        self._scale = 2 / (self._hop * float(np.sum(self._window**2)))
        self._buffer = SampleBuffer()
        self._start = 0
        self._overlap = 0
        # One entry for each complete frame of the samples: whether it is speech.
        self._voiced: list[bool] = []
        self._in_turn = False
        self._onset = self._silence = 0
        self._powers: list[float] = []
        self._history = np.full(_HISTORY_FRAMES, _PRIOR_DB, np.float32)
        self._n_history = _PRIOR_FRAMES

    @property
    def start(self) -> int:
        """Position of the first sample that is held, counted from the first one pushed."""
        return self._start

    @property
    def samples(self) -> Float32:
        """The samples from `start` on, float32 [n]."""
        return self._buffer.view

    @property
    def overlaps(self) -> bool:
        """Whether the clip in progress begins with the end of the one before."""
        return self._overlap > 0

    @property
    def speech_start(self) -> int | None:
        """Position where the turn in progress begins, padding included; None without a turn."""
        return self._start if self._in_turn else None

    @property
    def pending_end(self) -> int | None:
        """Position where the turn in progress ends unless speech goes on; None while more audio may belong to it."""
        if not self._in_turn or self._silence < _TAIL_FRAMES:
            return None
        end = self._turn_end()
        return self._start + end * self._hop if self._has_speech(end) else None

    def pending_clip(self, end: int) -> Clip:
        """The clip of the turn in progress; end: `pending_end`."""
        return self._clip((end - self._start) // self._hop)

    def ends_within(self, duration_s: float) -> bool:
        """Whether the turn in progress ends within so much more silence, and is silent already."""
        remaining = self._silence_frames - self._silence
        return self._in_turn and self._silence > 0 and remaining <= duration_s / _FRAME_S

    def push(self, samples: Float32) -> list[Clip]:
        """Take the next samples, float32 [n].

        Returns:
            The clips that end within them.
        """
        self._buffer.append(samples)
        held = self._buffer.view
        first = len(self._voiced)
        n_frames = len(held) // self._hop - first
        if n_frames < 1:
            return []
        frames = held[first * self._hop : (first + n_frames) * self._hop].reshape(-1, self._hop)
        spectra = np.fft.rfft(frames * self._window)[:, self._band]
        clips: list[Clip] = []
        for power in (np.square(np.abs(spectra)).sum(axis=1) * self._scale).tolist():
            self._take_frame(power, clips)
        if not self._in_turn:
            self._drop(len(self._voiced) - _LOOK_BACK_FRAMES - _ONSET_FRAMES - self._padding_frames)
        return clips

    def flush(self) -> list[Clip]:
        """The turn in progress as a clip, if there is one; the segmenter is then used up."""
        if not self._in_turn or not self._has_speech(len(self._voiced)):
            return []
        return [Clip(self._buffer.view, self._start, self._overlap)]

    def _take_frame(self, power: float, clips: list[Clip]) -> None:
        start_db, pause_db, level_db = self._levels(power)
        if not self._in_turn:
            self._voiced.append(level_db >= min(start_db, pause_db))
            self._onset = self._onset + 1 if level_db >= start_db else 0
            if self._onset >= _ONSET_FRAMES and not self._steady():
                self._begin_turn()
            return
        self._voiced.append(level_db >= pause_db)
        self._silence = 0 if self._voiced[-1] else self._silence + 1
        if self._silence >= self._silence_frames:
            self._end_turn(clips)
        elif len(self._voiced) >= self._max_frames:
            self._split_turn(clips)

    def _levels(self, power: float) -> tuple[float, float, float]:
        """Levels in dB: at which a turn starts, below which it pauses, and of this frame."""
        self._powers = [*self._powers[1 - _SMOOTHING_FRAMES :], power]
        level_db = 10 * np.log10(max(_TINY_POWER, sum(self._powers) / len(self._powers)))
        self._history[self._n_history % _HISTORY_FRAMES] = level_db
        self._n_history += 1
        known = self._history[: self._n_history]
        low, high = (int(share * (len(known) - 1)) for share in (_FLOOR_SHARE, _LOUD_SHARE))
        ordered = np.partition(known, (low, high))
        floor_db = max(_LEAST_FLOOR_DB, float(ordered[low]))
        range_db = max(0.0, float(ordered[high]) - floor_db)
        start_db = max(_SILENT_DB, floor_db + self._margin_db)
        margin_db = max(_LEAST_MARGIN_DB, self._margin_db / 2, _PAUSE_LEVEL * range_db)
        return start_db, max(_SILENT_DB, floor_db + margin_db), float(level_db)

    def _steady(self) -> bool:
        """Whether the levels of the last seconds hardly differ."""
        measured = (
            self._history[_PRIOR_FRAMES : self._n_history] if self._n_history < _HISTORY_FRAMES else self._history
        )
        return float(np.ptp(measured)) < _STEADY_DB

    def _begin_turn(self) -> None:
        first = len(self._voiced) - _ONSET_FRAMES
        earliest = max(0, first - _LOOK_BACK_FRAMES)
        while first > earliest and self._voiced[first - 1]:
            first -= 1
        begin = max(0, first - self._padding_frames)
        n_voiced = len(self._voiced) - first
        self._drop(begin)
        self._voiced = [False] * (len(self._voiced) - n_voiced) + [True] * n_voiced
        self._in_turn = True
        self._onset = self._silence = 0

    def _end_turn(self, clips: list[Clip]) -> None:
        end = self._turn_end()
        if self._has_speech(end):
            clips.append(self._clip(end))
        self._drop(end)
        self._in_turn = False
        self._overlap = self._onset = self._silence = 0

    def _turn_end(self) -> int:
        """Frames of the turn that is silent now: with as much of the silence as a turn keeps."""
        return len(self._voiced) - self._silence + min(self._silence, _TAIL_FRAMES)

    def _split_turn(self, clips: list[Clip]) -> None:
        """End a clip of a turn that goes on, because the model takes no more at once."""
        pause = self._longest_pause()
        if pause is None:
            end, overlap = len(self._voiced), self._overlap_frames
        else:
            end, overlap = pause[0] + min(_TAIL_FRAMES, (pause[1] - pause[0]) // 2), 0
        if self._has_speech(end):
            clips.append(self._clip(end, continues=overlap > 0))
        self._drop(end - overlap)
        self._overlap = overlap * self._hop

    def _longest_pause(self) -> tuple[int, int] | None:
        """First and last frame of the longest pause in the second half of the clip; the last is exclusive."""
        found: tuple[int, int] | None = None
        begin: int | None = None
        least = _SHORT_PAUSE_FRAMES
        for i in range(self._max_frames // 2, len(self._voiced) + 1):
            if i < len(self._voiced) and not self._voiced[i]:
                begin = i if begin is None else begin
            elif begin is not None:
                if i - begin >= least:
                    found, least = (begin, i), i - begin + 1
                begin = None
        return found

    def _has_speech(self, end: int) -> bool:
        return any(self._voiced[self._overlap // self._hop : end])

    def _clip(self, end: int, *, continues: bool = False) -> Clip:
        return Clip(self._buffer.view[: end * self._hop].copy(), self._start, self._overlap, continues)

    def _drop(self, n_frames: int) -> None:
        if n_frames > 0:
            self._buffer.drop(n_frames * self._hop)
            self._voiced = self._voiced[n_frames:]
            self._start += n_frames * self._hop
