"""Words with times → subtitle cues of at most two lines, cut where a subtitler would cut."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import Any, Final

from hindi_stt.types import Transcript, Word

__all__ = ["CUE_PAUSE_S", "CUE_S", "LINE_CLUSTERS", "SENTENCE_ENDS", "Cue", "cues", "voice_label"]

# Longest line, in grapheme clusters: the usual limit of broadcasters for two lines on a screen.
LINE_CLUSTERS: Final = 42
# Longest time that a cue of several words is shown, in seconds.
CUE_S: Final = 7.0
# A pause between two words that always ends a cue, in seconds.
CUE_PAUSE_S: Final = 0.8

# Costs that `_cut` weighs against each other. page_files/subtitles.js has the same ones.
_CUE_COST: Final = 100
_SLACK_DIVISOR: Final = 40
_ONE_WORD_CUE_COST: Final = 200
_ONE_WORD_LINE_COST: Final = 60
_CUT_COST: Final = 100
_CUT_AT_CLAUSE_COST: Final = 40
_PAUSE_GAIN: Final = 60

SENTENCE_ENDS: Final = tuple("।॥.?!…")
_CLAUSE_ENDS: Final = tuple(",;:–—")
_CLOSING_MARKS: Final = "\"'”’)]»"


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: start and end in milliseconds, one or two lines, channel and speaker (None: not told apart)."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    channel: int | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    """A unit that is not broken: a word, or a part of one that is longer than a line; width in grapheme clusters."""

    text: str
    width: int
    start_ms: int
    end_ms: int


def cues(transcript: Transcript) -> list[Cue]:
    """Cut a transcript into subtitles.

    A line has at most `LINE_CLUSTERS` grapheme clusters, the label of the voice in front of the first line included.
    Pauses longer than `CUE_PAUSE_S` end a cue, and no cue of several words is longer than `CUE_S`. Within these limits,
    cuts are preferred after punctuation and at pauses, and one word alone in a cue or in a last line is avoided.

    Args:
        transcript: The transcript. The channels of a split recording are cut independently of each other, and a cue
            has the words of one speaker.

    Returns:
        The cues in the order of their start. Each ends after it starts, and those of one channel do not overlap.
    """
    channels: dict[int | None, list[tuple[str | None, Word]]] = {}
    for segment in transcript.segments:
        channels.setdefault(segment.channel, []).extend((segment.speaker, word) for word in segment.words)
    found = [cue for channel, words in channels.items() for cue in _without_overlap(_channel_cues(words, channel))]
    return sorted(found, key=lambda cue: (cue.start_ms, -1 if cue.channel is None else cue.channel))


def voice_label(channel: int | None, speaker: str | None) -> str:
    """Prefix of a cue's text in formats without a field for the voice: `[0] `, `Speaker 1: `, both, or nothing.

    Args:
        channel: Of the cue.
        speaker: Of the cue.

    Returns:
        The prefix.
    """
    return ("" if channel is None else f"[{channel}] ") + ("" if speaker is None else f"{speaker}: ")


def _channel_cues(words: Iterable[tuple[str | None, Word]], channel: int | None) -> Iterator[Cue]:
    for speaker, turn in groupby(words, key=lambda pair: pair[0]):
        label_width = min(len(_cluster().findall(voice_label(channel, speaker))), LINE_CLUSTERS // 2)
        for tokens in _runs(_tokens((word for _, word in turn), LINE_CLUSTERS - label_width)):
            for group in _cut(tokens, label_width):
                yield Cue(group[0].start_ms, group[-1].end_ms, _lines(group, label_width), channel, speaker)


@functools.cache
def _cluster() -> Any:
    """The pattern of a grapheme cluster."""
    import regex  # takes 30 ms of the start of each process, and only subtitles need it

    return regex.compile(r"\X")


def _tokens(words: Iterable[Word], max_width: int) -> Iterator[_Token]:
    """The words as they can stand in a line: parts of equal width where one is longer, with their share of its time."""
    for word in words:
        # Rounded as in the JSON answer, so that all formats have the same times.
        start_ms, end_ms = (round(round(time_s, 3) * 1000) for time_s in (word.start_s, word.end_s))
        parts = [part for text in word.text.split() for part in _parts(_cluster().findall(text), max_width)]
        total = sum(map(len, parts))
        done = 0
        for part in parts:
            part_start_ms = start_ms + (end_ms - start_ms) * done // total
            done += len(part)
            yield _Token("".join(part), len(part), part_start_ms, start_ms + (end_ms - start_ms) * done // total)


def _parts(clusters: Sequence[str], max_width: int) -> list[Sequence[str]]:
    """Cut into as few parts as possible, with lengths that differ by at most one; no two neighbours fit into a line."""
    n = -(-len(clusters) // max_width)
    return [clusters[len(clusters) * i // n : len(clusters) * (i + 1) // n] for i in range(n)]


def _runs(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    """Tokens between pauses that always end a cue."""
    run: list[_Token] = []
    for token in tokens:
        if run and token.start_ms - run[-1].end_ms > CUE_PAUSE_S * 1000:
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _cut(tokens: Sequence[_Token], label_width: int) -> list[Sequence[_Token]]:
    """Cut a run of tokens into cues at the lowest total cost, by dynamic programming.

    Source: Knuth and Plass, "Breaking Paragraphs into Lines", Software: Practice and Experience 11 (1981).

    Args:
        tokens: The run.
        label_width: Clusters that the label of the voice takes in the first line.

    Returns:
        The tokens of each cue.
    """
    n = len(tokens)
    # ends[j] - ends[i] - 1 is the width of the tokens i to j in one line.
    ends = list(accumulate((token.width + 1 for token in tokens), initial=0))
    cut_costs = [_cut_cost(token, following) for token, following in pairwise(tokens)] + [0]
    best: list[tuple[int, int]] = [(0, n)] * (n + 1)
    for i in range(n - 1, -1, -1):
        second = bisect_right(ends, ends[i] + 1 + LINE_CLUSTERS - label_width) - 1
        limit = bisect_right(ends, ends[second] + 1 + LINE_CLUSTERS) - 1
        choices = []
        for j in range(i + 1, limit + 1):
            if j > i + 1 and tokens[j - 1].end_ms - tokens[i].start_ms > CUE_S * 1000:
                break
            width = label_width + ends[j] - ends[i] - 1
            cost = _CUE_COST + max(0, 2 * LINE_CLUSTERS - width) ** 2 // _SLACK_DIVISOR + cut_costs[j - 1]
            if j == i + 1:
                cost += _ONE_WORD_CUE_COST
            elif width > LINE_CLUSTERS and (j == i + 2 or ends[j] - ends[j - 2] - 1 > LINE_CLUSTERS):
                cost += _ONE_WORD_LINE_COST
            choices.append((cost + best[j][0], j))
        best[i] = min(choices)
    groups, i = [], 0
    while i < n:
        groups.append(tokens[i : best[i][1]])
        i = best[i][1]
    return groups


def _cut_cost(token: _Token, following: _Token) -> int:
    text = token.text.rstrip(_CLOSING_MARKS)
    if text.endswith(SENTENCE_ENDS):
        return 0
    pause_ms = max(0, following.start_ms - token.end_ms)
    cost = _CUT_AT_CLAUSE_COST if text.endswith(_CLAUSE_ENDS) else _CUT_COST
    return max(0, cost - pause_ms * _PAUSE_GAIN // round(CUE_PAUSE_S * 1000))


def _lines(tokens: Sequence[_Token], label_width: int) -> tuple[str, ...]:
    """One line, or the two whose widths are most alike; one word alone in the second only where nothing else fits."""
    ends = list(accumulate((token.width + 1 for token in tokens), initial=0))
    n = len(tokens)
    if label_width + ends[n] - 1 <= LINE_CLUSTERS:
        return (_joined(tokens),)
    choices = []
    for i in range(1, n):
        first, second = label_width + ends[i] - 1, ends[n] - ends[i] - 1
        if first <= LINE_CLUSTERS and second <= LINE_CLUSTERS:
            choices.append((i == n - 1, abs(first - second), i))
    _, _, cut = min(choices)
    return _joined(tokens[:cut]), _joined(tokens[cut:])


def _joined(tokens: Iterable[_Token]) -> str:
    return " ".join(token.text for token in tokens)


def _without_overlap(cues: Iterable[Cue]) -> Iterator[Cue]:
    """The cues of one channel, each with a length, and none before the end of the one before it."""
    last: Cue | None = None
    for cue in cues:
        start_ms = cue.start_ms if last is None else max(cue.start_ms, last.start_ms + 1)
        if last is not None:
            yield Cue(last.start_ms, min(last.end_ms, start_ms), last.lines, last.channel, last.speaker)
        last = Cue(start_ms, max(cue.end_ms, start_ms + 1), cue.lines, cue.channel, cue.speaker)
    if last is not None:
        yield last
