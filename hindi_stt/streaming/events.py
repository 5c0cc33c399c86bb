"""What a stream tells: utterances as they begin, grow, end, and become final."""

from __future__ import annotations

from dataclasses import dataclass

from hindi_stt.types import Segment, Word

__all__ = ["Event", "Partial", "SpeechStarted", "SpeechStopped", "Utterance"]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The first words of an utterance were heard, which begins about here, in seconds of the stream."""

    start_s: float


@dataclass(frozen=True, slots=True)
class Partial:
    """stable: words that stay as they are until the utterance is final; unstable: what may follow them, for now."""

    stable: tuple[Word, ...]
    unstable: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The utterance ends here, in seconds of the stream; its final text follows."""

    end_s: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A finished utterance: its place and its segments, in seconds of the stream.

    warnings: as in `Transcript`, those that `Assembly` tells.
    """

    start_s: float
    end_s: float
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all segments."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(segment.text for segment in self.segments if segment.words)


Event = SpeechStarted | Partial | SpeechStopped | Utterance
