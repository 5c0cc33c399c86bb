"""What the clips of a recording said → its segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from hindi_stt.decoding import words_from_tokens
from hindi_stt.segments import stitch
from hindi_stt.types import Features, Hypothesis, Segment, Token, Word

__all__ = ["Assembly", "PreparedClip"]


@dataclass(frozen=True, slots=True)
class PreparedClip:
    """A clip ready for the acoustic model; offset_s: where in the recording it begins; the rest as in segments.Clip."""

    features: Features
    offset_s: float
    overlap_s: float = 0.0
    continues: bool = False


class Assembly:
    """Puts the clips of a recording together again, in their order: a segment for each that has words.

    What a clip has said is held back while the next one may overlap its end.
    """

    def __init__(self) -> None:
        self._held: list[Token] = []
        self._end_s = 0.0

    def add(self, clip: PreparedClip, hypothesis: Hypothesis) -> list[Segment]:
        """The segments that are final with this clip."""
        if not (self._held or clip.continues):
            return self._segments(_moved(word, clip.offset_s) for word in hypothesis.words)
        before = self._held
        tokens = [_moved(token, clip.offset_s) for token in hypothesis.tokens]
        if before and clip.overlap_s:
            before, tokens = stitch(before, tokens, clip.offset_s + clip.overlap_s / 2)
        self._held = tokens if clip.continues else []
        segments = self._segments(words_from_tokens(before))
        return segments if clip.continues else segments + self._segments(words_from_tokens(tokens))

    def end(self) -> list[Segment]:
        """What is left after the last clip."""
        return self._segments(words_from_tokens(self._held))

    def _segments(self, found: Iterable[Word]) -> list[Segment]:
        """The words as a segment, if there are any. A clip's last frame may reach a little into the next clip."""
        words = [
            replace(word, start_s=max(word.start_s, self._end_s), end_s=max(word.end_s, self._end_s)) for word in found
        ]
        if not words:
            return []
        self._end_s = words[-1].end_s
        return [Segment(words[0].start_s, words[-1].end_s, tuple(words))]


Timed = TypeVar("Timed", Word, Token)


def _moved(part: Timed, offset_s: float) -> Timed:
    return replace(part, start_s=part.start_s + offset_s, end_s=part.end_s + offset_s)
