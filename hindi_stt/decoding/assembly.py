"""Assembles a recording's segments from the hypotheses of its clips, and tells whether there was speech in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from hindi_stt.decoding.paths import words_from_tokens
from hindi_stt.types import WORD_MARK, Hypothesis, PreparedClip, Segment, Token, Word

__all__ = ["Assembly", "stitch"]

# Two clips place one token within two frames of an 80 ms model of each other.
_SAME_TIME_S: Final = 0.16
# How much worse it is for two tokens to differ in time than to lie off the middle.
_DRIFT_WEIGHT: Final = 4.0


class Assembly:
    """Assembles the clips of a recording, in their order: a segment for each that has words.

    Tokens of a clip are held back while the next one may overlap its end.

    Args:
        finds_speech: Whether the decoder detects clips without speech (`SpeechBoundDecoder`), for `warnings`.
    """

    def __init__(self, *, finds_speech: bool = False) -> None:
        self._held: list[Token] = []
        self._end_s = 0.0
        self._finds_speech = finds_speech
        self._rejected_s = 0.0
        self._has_clips = self._has_words = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings about missing speech, final after the last clip.

        Returns:
            At most one of "no_speech" (there was sound, and no words in it) and "no_speech_in_part: N s" (there are
            words, but those of clips that last N seconds together were left out, because they were judged to hold no
            speech).
        """
        if self._finds_speech and self._has_clips and not self._has_words:
            return ("no_speech",)
        return (f"no_speech_in_part: {self._rejected_s:.1f} s",) if self._rejected_s else ()

    def add(self, clip: PreparedClip, hypothesis: Hypothesis) -> list[Segment]:
        """Add the next clip.

        Args:
            clip: The clip.
            hypothesis: What the decoder found in it.

        Returns:
            The segments that are final with this clip.
        """
        self._has_clips = True
        if hypothesis.rejected:
            return self._pass_over(clip)
        if not (self._held or clip.continues):
            return self._segments(_moved(word, clip.offset_s) for word in hypothesis.words)
        before = self._held
        tokens = [_moved(token, clip.offset_s) for token in hypothesis.tokens]
        if before and clip.overlap_s:
            before, tokens = stitch(before, tokens, clip.offset_s + clip.overlap_s / 2)
        self._held = tokens if clip.continues else []
        segments = self._segments(words_from_tokens(before))
        return segments if clip.continues else segments + self._segments(words_from_tokens(tokens))

    def _pass_over(self, clip: PreparedClip) -> list[Segment]:
        """Skip a clip without speech: it replaces nothing of the clip before in the part that both share."""
        self._rejected_s += clip.features.duration_s - clip.overlap_s
        segments, self._held = self.end(), []
        return segments

    def end(self) -> list[Segment]:
        """Return the remaining segments after the last clip."""
        return self._segments(words_from_tokens(self._held))

    def _segments(self, found: Iterable[Word]) -> list[Segment]:
        """The words as a segment, if there are any. A clip's last frame may reach a little into the next clip."""
        words = [
            replace(word, start_s=max(word.start_s, self._end_s), end_s=max(word.end_s, self._end_s)) for word in found
        ]
        if not words:
            return []
        self._has_words = True
        self._end_s = words[-1].end_s
        return [Segment(words[0].start_s, words[-1].end_s, tuple(words))]


Timed = TypeVar("Timed", Word, Token)


def _moved(part: Timed, offset_s: float) -> Timed:
    return replace(part, start_s=part.start_s + offset_s, end_s=part.end_s + offset_s)


def stitch(left: Sequence[Token], right: Sequence[Token], middle_s: float) -> tuple[list[Token], list[Token]]:
    """Join the tokens of two overlapping clips.

    They are joined at a token that both have at the same time, preferably the start of a word, as near as possible to
    the middle of the overlap, because recognition is worst at the edges of a clip. Without such a token they are joined
    at the middle. A word that begins in the left clip is taken from it whole.

    Args:
        left: Tokens of the first clip, times in seconds from the recording's start.
        right: Tokens of the second clip, likewise.
        middle_s: Middle of the overlap, in seconds from the recording's start.

    Returns:
        The tokens up to the join, which are final, and those behind it.
    """
    pairs = [
        (not _starts_word(b), abs(b.start_s - middle_s) + _DRIFT_WEIGHT * abs(a.start_s - b.start_s), i, j)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if a.id == b.id and abs(a.start_s - b.start_s) <= _SAME_TIME_S and (not i or left[i - 1].start_s < b.start_s)
    ]
    if pairs:
        _, _, i, j = min(pairs)
    else:
        i = next((i for i, token in enumerate(left) if token.start_s >= middle_s), len(left))
        j = next((j for j, token in enumerate(right) if token.start_s >= middle_s), len(right))
    first_word = next((k for k in range(j, len(right)) if _starts_word(right[k])), len(right))
    kept = list(left[:i])
    if kept and j < len(right):
        kept[-1] = replace(kept[-1], end_s=min(kept[-1].end_s, right[j].start_s))
    return [*kept, *right[j:first_word]], list(right[first_word:])


def _starts_word(token: Token) -> bool:
    """Whether a word begins with this token: SentencePiece's mark."""
    return token.piece.startswith(WORD_MARK)
