"""What decoders of a recording have in common."""

from __future__ import annotations

from typing import Protocol

from hindi_stt.types import Float32

__all__ = ["Reader"]


class Reader(Protocol):
    """An open recording.

    Attributes:
        samplerate: Hz.
        channels: of the recording.
        promised: samples of one channel, where the header tells them exactly; None otherwise.
        incomplete: whether audio was not heard; final once `read` has come to the end.
        notes: what else is to be said of it in `warnings`.
    """

    samplerate: int
    channels: int
    promised: int | None
    incomplete: bool
    notes: tuple[str, ...]

    def read(self, n: int) -> Float32:
        """Up to n samples of every channel, float32 [n, channels], or [n, 1] of a chosen one; fewer only at the end.

        Raises:
            CorruptAudio, TruncatedAudio: it cannot be decoded, or was cut off.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
