"""From groups of windows to who speaks when: pieces of speech, words, and turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.speakers.speech import runs
from hindi_stt.types import Float32, Segment, Word

__all__ = ["Piece", "Stretch", "Window", "cut_segments", "find_turns", "groups_of_words", "pieces_of"]

_Labels = NDArray[np.int64]

# A stretch shorter than this has one speaker, the one whom all of it is most like.
_ONE_SPEAKER_S: Final = 3.0
# A pause that a speaker may take over in.
_PAUSE_S: Final = 0.3
# A pause of a speaker that does not end a turn.
_JOIN_S: Final = 0.35
# A change of speaker for a time shorter than this, without a pause before or after it, is none.
_LEAST_TURN_S: Final = 0.5
# Seconds between two decisions on who speaks.
_FRAME_S: Final = 0.01
# The time of a longer word is not trusted: it has a pause in it, or was made of what several speakers said.
_LONGEST_WORD_S: Final = 0.7
# Where two speak at a time, the second one is who speaks within this time.
_NEAR_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Window:
    """A window that was embedded: start and end in seconds from the recording's start."""

    start_s: float
    end_s: float
    embedding: Float32

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech with its windows, of which there is at least one, in order of time; times from the recording's start.

    Attributes:
        start_s: Start in seconds.
        end_s: End in seconds.
        windows: Its windows.
        has_words: Whether words were recognised in its clip, as far as that is known yet.
    """

    start_s: float
    end_s: float
    windows: tuple[Window, ...]
    has_words: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech of one group: start and end in seconds from the recording's start."""

    start_s: float
    end_s: float
    group: int


def pieces_of(stretches: Sequence[Stretch], likeness: Sequence[Float32]) -> list[Piece]:
    """Divide stretches among the groups that their windows are most like.

    Args:
        stretches: Of the recording.
        likeness: For each stretch that of its windows to the groups, float32 [windows, groups].

    Returns:
        The pieces in order of time.
    """
    found: list[Piece] = []
    for stretch, alike in zip(stretches, likeness, strict=True):
        if stretch.end_s - stretch.start_s < _ONE_SPEAKER_S:
            found.append(Piece(stretch.start_s, stretch.end_s, int(alike.mean(axis=0).argmax())))
            continue
        middles = [(window.start_s + window.end_s) / 2 for window in stretch.windows]
        edges = [stretch.start_s, *((a + b) / 2 for a, b in pairwise(middles)), stretch.end_s]
        for (start_s, end_s), group in zip(pairwise(edges), _without_single(alike.argmax(axis=1)), strict=True):
            if found and found[-1].group == group and found[-1].end_s == start_s:
                found[-1] = replace(found[-1], end_s=end_s)
            else:
                found.append(Piece(start_s, end_s, group))
    return sorted(found, key=lambda piece: (piece.start_s, piece.end_s))


def groups_of_words(words: Sequence[Word], pieces: Sequence[Piece]) -> list[int]:
    """Find who speaks each word.

    Args:
        words: Of the recording, in order of time, with times from its start.
        pieces: In order of time.

    Returns:
        The group of each word: of the piece that most of it is in, or else of the nearest one; 0 without pieces.
    """
    if not pieces:
        return [0] * len(words)
    starts = np.array([piece.start_s for piece in pieces])
    # Pieces of clips that overlap do, too: the last end so far.
    ends = np.maximum.accumulate(np.array([piece.end_s for piece in pieces]))
    found = []
    for word in words:
        before = max(0, int(np.searchsorted(ends, word.start_s)) - 1)
        first = int(np.searchsorted(ends, ends[before]))  # which of those before ends last
        last = int(np.searchsorted(starts, word.end_s)) + 1
        near = pieces[first:last] or pieces[-1:]
        shared = [min(piece.end_s, word.end_s) - max(piece.start_s, word.start_s) for piece in near]
        found.append(near[int(np.argmax(shared))].group)
    return _without_blips(words, found)


def cut_segments(segments: Sequence[Segment], speakers: Sequence[str]) -> list[Segment]:
    """Give segments their speakers; one with several becomes several, cut between words.

    Args:
        segments: The segments.
        speakers: Of each of their words.

    Returns:
        Segments of one speaker each.
    """
    found, rest = [], iter(speakers)
    for segment in segments:
        pairs = [(next(rest), word) for word in segment.words]
        for speaker, group in groupby(pairs, key=lambda pair: pair[0]):
            own = tuple(word for _, word in group)
            found.append(replace(segment, start_s=own[0].start_s, end_s=own[-1].end_s, words=own, speaker=speaker))
    return found


def find_turns(
    pieces: Sequence[Piece], words: Sequence[Word], groups: Sequence[int], overlaps: Sequence[tuple[float, float]]
) -> list[tuple[float, float, int]]:
    """Find who speaks when: whose word it is, or else whose piece; where two speak at a time, also who is nearest.

    Args:
        pieces: In order of time.
        words: In order of time.
        groups: Of the words.
        overlaps: Where two speak at a time: start and end in seconds.

    Returns:
        Start and end in seconds, and the group, in order of time; those of different groups may overlap.
    """
    spans = [(piece.start_s, piece.end_s, piece.group) for piece in pieces]
    spans += [
        (word.start_s, word.end_s, group)
        for word, group in zip(words, groups, strict=True)
        if word.end_s - word.start_s <= _LONGEST_WORD_S
    ]
    if not spans:
        return []
    who = np.full(1 + max(_frame(end_s) for _, end_s, _ in spans), -1)
    for start_s, end_s, group in spans:
        who[_frame(start_s) : _frame(end_s)] = group
    active = {group: who == group for group in sorted({group for *_, group in spans})}
    for start_s, end_s in overlaps:
        start, end = _frame(start_s), _frame(end_s)
        for group in _two_speakers(who, start, end):
            active[group][start:end] = True
    turns = [turn for group, flags in active.items() for turn in _joined(flags, who, group)]
    return sorted(turns)


def _frame(moment_s: float) -> int:
    return round(moment_s / _FRAME_S)


def _two_speakers(who: _Labels, start: int, end: int) -> list[int]:
    """The two groups that speak most in these frames; where there is only one, also the nearest other one."""
    here, counts = np.unique(who[start:end], return_counts=True)
    order = here[np.argsort(-counts, kind="stable")]
    own = [int(group) for group in order if group >= 0][:2]
    if len(own) != 1:
        return own
    reach = _frame(_NEAR_S)
    around = np.arange(max(0, start - reach), min(len(who), end + reach))
    others = around[(who[around] >= 0) & (who[around] != own[0])]
    if len(others):
        nearest = others[np.abs(others - (start + end) / 2).argmin()]
        own.append(int(who[nearest]))
    return own


def _joined(active: NDArray[np.bool_], who: _Labels, group: int) -> list[tuple[float, float, int]]:
    """The turns of a group, across short pauses in which nobody else speaks."""
    found: list[tuple[int, int]] = []
    for start, end in runs(active):
        if found and start - found[-1][1] < _frame(_JOIN_S) and (who[found[-1][1] : start] < 0).all():
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return [(start * _FRAME_S, end * _FRAME_S, group) for start, end in found]


def _without_single(labels: _Labels) -> list[int]:
    """A window between two of another group is of that group."""
    smooth: list[int] = labels.tolist()
    for i in range(1, len(smooth) - 1):
        if smooth[i - 1] == smooth[i + 1]:
            smooth[i] = smooth[i - 1]
    return smooth


def _without_blips(words: Sequence[Word], labels: Sequence[int]) -> list[int]:
    """A group that takes over for a moment in the midst of another one's words is that one."""
    places = [[*group] for _, group in groupby(range(len(words)), key=lambda i: labels[i])]
    smooth = list(labels)
    for before, run, after in zip(places, places[1:], places[2:], strict=False):
        first, last = words[run[0]], words[run[-1]]
        short = last.end_s - first.start_s < _LEAST_TURN_S
        close = max(first.start_s - words[before[-1]].end_s, words[after[0]].start_s - last.end_s) < _PAUSE_S
        if short and close and smooth[before[-1]] == labels[after[0]]:
            for i in run:
                smooth[i] = labels[after[0]]
    return smooth
