"""The interface of decoders of recordings."""

from __future__ import annotations

from typing import Protocol

from hindi_stt.types import Float32

__all__ = ["Reader"]


class Reader(Protocol):
    """An open recording.

    Attributes:
        samplerate: In Hz.
        channels: Number of channels of the recording.
        promised: Samples per channel, if the header states the exact number; else None.
        incomplete: Whether part of the audio could not be decoded; final once `read` has come to the end.
        notes: What else belongs into `warnings`.
    """

    samplerate: int
    channels: int
    promised: int | None
    incomplete: bool
    notes: tuple[str, ...]

    def read(self, n: int) -> Float32:
        """Decode the next samples.

        Args:
            n: Samples per channel to read.

        Returns:
            float32 [n, channels], or [n, 1] of a chosen channel; fewer rows only at the end.

        Raises:
            CorruptAudio: The audio cannot be decoded.
            TruncatedAudio: The file was cut off.
        """
        ...

    def close(self) -> None:
        """Release the decoder."""
        ...
