"""The events of a stream: utterances begin, grow, end, and become final."""

from __future__ import annotations

from dataclasses import dataclass

from hindi_stt.types import Segment, Word

__all__ = ["Event", "Partial", "SpeechStarted", "SpeechStopped", "Utterance"]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The first words of an utterance were recognised; it begins about here, in seconds of the stream."""

    start_s: float


@dataclass(frozen=True, slots=True)
class Partial:
    """Words of an utterance in progress.

    Attributes:
        stable: Words that no longer change until the utterance is final.
        unstable: The words behind them, which may still change.
    """

    stable: tuple[Word, ...]
    unstable: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The utterance ends here, in seconds of the stream; its final text follows."""

    end_s: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A finished utterance.

    Attributes:
        start_s: Its start in seconds of the stream.
        end_s: Its end in seconds of the stream.
        segments: Its segments, times in seconds of the stream.
        warnings: As in `Transcript`, those that `Assembly` reports.
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
