"""What the clips of a recording said → its segments, and whether there was speech in them at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from hindi_stt.audio.segmentation import stitch
from hindi_stt.decoding import words_from_tokens
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

    Args:
        finds_speech: whether the decoder tells clips without speech (`SpeechBoundDecoder`), so that `warnings` can.
    """

    def __init__(self, *, finds_speech: bool = False) -> None:
        self._held: list[Token] = []
        self._end_s = 0.0
        self._finds_speech = finds_speech
        self._rejected_s = 0.0
        self._has_clips = self._has_words = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """At most one of "no_speech" and "no_speech_in_part: N s", final after the last clip.

        no_speech: there was sound, and no words in it. no_speech_in_part: there are words, but from clips that last
        N seconds together words were left out, because these count as clips without speech.
        """
        if self._finds_speech and self._has_clips and not self._has_words:
            return ("no_speech",)
        return (f"no_speech_in_part: {self._rejected_s:.1f} s",) if self._rejected_s else ()

    def add(self, clip: PreparedClip, hypothesis: Hypothesis) -> list[Segment]:
        """The segments that are final with this clip."""
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
        """A clip without speech: nothing of it can replace what the clip before said about the part that both share."""
        self._rejected_s += clip.features.duration_s - clip.overlap_s
        segments, self._held = self.end(), []
        return segments

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
        self._has_words = True
        self._end_s = words[-1].end_s
        return [Segment(words[0].start_s, words[-1].end_s, tuple(words))]


Timed = TypeVar("Timed", Word, Token)


def _moved(part: Timed, offset_s: float) -> Timed:
    return replace(part, start_s=part.start_s + offset_s, end_s=part.end_s + offset_s)
