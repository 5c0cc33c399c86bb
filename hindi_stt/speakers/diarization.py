"""Who speaks the words of a recording: windows are embedded clip by clip, and grouped when all clips are there.

Windows lie on sound in clips that have words, and words get the speaker of the windows around them: a change of speaker
is always between two words. No samples are kept: two hours of speech are some 10,000 embeddings, 8 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from hindi_stt.speakers.clustering import cluster
from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.speakers.speech import speech_spans
from hindi_stt.types import Float32, Segment, SpeakerTurn, Word

__all__ = ["Diarization", "speaker_name", "speaker_number"]

_Labels = NDArray[np.int64]

# The sound of a word reaches a little further than its time.
_MARGIN_S: Final = 0.05
# Time between two votes for who speaks where there are no words.
_FRAME_S: Final = 0.05
# Share of a window by which the next one begins later.
_STEP: Final = 0.5
_SPEAKER: Final = "Speaker "
# Windows with less sound than this say too little to group speakers by; they go to the group that they are most like.
_LEAST_GROUPED_S: Final = 0.8
# A pause that a speaker may take over in.
_PAUSE_S: Final = 0.3
# A pause of a speaker that does not end a turn.
_JOIN_S: Final = 0.35
# A change of speaker for a time shorter than this, without a pause before or after it, is none.
_LEAST_TURN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Window:
    """A window that was embedded: start and end in seconds from the recording's start."""

    start_s: float
    end_s: float
    embedding: Float32

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.end_s - self.start_s


class Diarization:
    """The speakers of one recording.

    Args:
        embedder: Returns the speaker model; called in the thread that uses it, where it is loaded when it is missing.
        options: What is asked for.
        sample_rate: Of the samples that are added, in Hz.
    """

    def __init__(self, embedder: Callable[[], Embedder], options: SpeakerOptions, sample_rate: int) -> None:
        self._embedder = embedder
        self._options = options
        self._sample_rate = sample_rate
        self._windows: list[_Window] = []
        self._stretches: list[tuple[float, float]] = []

    def add(self, samples: Float32, offset_s: float, words: Sequence[Word]) -> None:
        """Embed the words of a clip.

        Args:
            samples: The clip, mono, float32 [n].
            offset_s: Start of the clip in the recording, in seconds.
            words: Its words, with times from the clip's start.
        """
        if not words:
            return
        embedder = self._embedder()
        rate = embedder.sample_rate
        if rate != self._sample_rate:
            samples = soxr.resample(samples, self._sample_rate, rate)
        stretches = speech_spans(samples, rate)
        spans = [span for start, end in stretches for span in _windows(start, end, embedder.window_samples)]
        embeddings = embedder([samples[start:end] for start, end in spans])
        self._windows += [
            _Window(offset_s + start / rate, offset_s + end / rate, embedding)
            for (start, end), embedding in zip(spans, embeddings, strict=True)
        ]
        self._stretches += [(offset_s + start / rate, offset_s + end / rate) for start, end in stretches]

    def label(self, segments: Sequence[Segment]) -> tuple[list[Segment], tuple[SpeakerTurn, ...]]:
        """Tell the speaker of each segment; one with several speakers becomes several, cut between words.

        Args:
            segments: Of the whole recording, with times from its start.

        Returns:
            The segments with their speakers, who are numbered in the order in which they first speak, and the turns of
            all speech, also of what was not recognised.
        """
        words = [word for segment in segments for word in segment.words]
        windows = sorted(self._windows, key=lambda window: (window.start_s, window.end_s))
        groups = self._of_windows(windows) if windows else np.zeros(0, np.int64)
        found = _without_blips(words, [_group_at(word.start_s, word.end_s, windows, groups) for word in words])
        numbers: dict[int, int] = {}
        names = [speaker_name(numbers.setdefault(group, len(numbers))) for group in found]
        labelled, rest = [], iter(names)
        for segment in segments:
            pairs = [(next(rest), word) for word in segment.words]
            for name, group in groupby(pairs, key=lambda pair: pair[0]):
                own = tuple(word for _, word in group)
                labelled.append(replace(segment, start_s=own[0].start_s, end_s=own[-1].end_s, words=own, speaker=name))
        known = np.array([numbers.get(int(group), -1) for group in groups])
        return labelled, tuple(_turns(self._stretches, list(zip(words, names, strict=True)), windows, known))

    def _of_windows(self, windows: Sequence[_Window]) -> _Labels:
        embeddings = np.stack([window.embedding for window in windows])
        embeddings /= np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), np.float32(1e-6))
        long = np.array([window.duration_s >= _LEAST_GROUPED_S for window in windows])
        if long.sum() < max(2, self._options.num_speakers or 0):
            long[:] = True
        grouped = cluster(
            embeddings[long],
            same_speaker=self._embedder().same_speaker,
            num_speakers=self._options.num_speakers,
            max_speakers=self._options.max_speakers,
        )
        means = np.stack([embeddings[long][grouped == group].mean(axis=0) for group in range(grouped.max() + 1)])
        labels: _Labels = (embeddings @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).argmax(axis=1)
        labels[long] = grouped
        return labels


def speaker_name(number: int) -> str:
    """What a speaker without a name is called: Speaker 1 for the number 0."""
    return f"{_SPEAKER}{number + 1}"


def speaker_number(name: str | None) -> int | None:
    """The number of a speaker without a name: 0 for Speaker 1; None for another name, and where there is none."""
    digits = (name or "").removeprefix(_SPEAKER)
    return int(digits) - 1 if digits != name and digits.isdecimal() else None


def _windows(start: int, end: int, length: int) -> list[tuple[int, int]]:
    """Windows of a stretch, in samples: evenly spread, and at most a step apart."""
    if end - start <= length:
        return [(start, end)] if end > start else []
    n = -(-(end - start - length) // round(length * _STEP)) + 1
    firsts = [start + round(i * (end - start - length) / (n - 1)) for i in range(n)]
    return [(first, first + length) for first in firsts]


def _without_blips(words: Sequence[Word], labels: Sequence[int]) -> list[int]:
    """A group that takes over for a moment in the midst of another one's words is that one."""
    runs = [[*group] for _, group in groupby(range(len(words)), key=lambda i: labels[i])]
    smooth = list(labels)
    for before, run, after in zip(runs, runs[1:], runs[2:], strict=False):
        first, last = words[run[0]], words[run[-1]]
        short = last.end_s - first.start_s < _LEAST_TURN_S
        close = max(first.start_s - words[before[-1]].end_s, words[after[0]].start_s - last.end_s) < _PAUSE_S
        if short and close and smooth[before[-1]] == labels[after[0]]:
            for i in run:
                smooth[i] = labels[after[0]]
    return smooth


def _group_at(start_s: float, end_s: float, windows: Sequence[_Window], groups: _Labels) -> int:
    """The group of the windows around a time, the nearer the more; of the nearest one where there are none."""
    if not windows:
        return 0
    starts = np.array([window.start_s for window in windows])
    ends = np.array([window.end_s for window in windows])
    overlap = np.minimum(ends, end_s + _MARGIN_S) - np.maximum(starts, start_s - _MARGIN_S)
    distance = np.abs((starts + ends - start_s - end_s) / 2)
    votes = np.maximum(overlap, 0) / (0.1 + distance)
    return int(np.bincount(groups, weights=votes).argmax() if votes.any() else groups[distance.argmin()])


def _turns(
    stretches: Sequence[tuple[float, float]],
    words: Sequence[tuple[Word, str]],
    windows: Sequence[_Window],
    numbers: _Labels,
) -> Iterator[SpeakerTurn]:
    """Turns of all speech: each moment of it is the speaker's of the word there, or else of the nearest window."""
    turn: SpeakerTurn | None = None
    starts = np.array([word.start_s for word, _ in words])
    centres = np.array([(window.start_s + window.end_s) / 2 for window in windows])
    known = np.flatnonzero(numbers >= 0)
    for start_s, end_s in sorted(stretches):
        for moment_s in np.arange(start_s, end_s, _FRAME_S):
            until_s = min(end_s, float(moment_s) + _FRAME_S)
            i = int(np.searchsorted(starts, moment_s + _FRAME_S / 2)) - 1
            if i >= 0 and words[i][0].end_s >= moment_s:
                name = words[i][1]
            elif len(known):
                name = speaker_name(int(numbers[known[np.abs(centres[known] - moment_s).argmin()]]))
            else:
                continue
            if turn is not None and turn.speaker == name and moment_s - turn.end_s < _JOIN_S:
                turn = replace(turn, end_s=max(turn.end_s, until_s))
                continue
            if turn is not None:
                yield turn
            turn = SpeakerTurn(max(float(moment_s), turn.end_s if turn else 0.0), until_s, name)
    if turn is not None:
        yield turn
