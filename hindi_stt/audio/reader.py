"""The interface of decoders of recordings."""

from __future__ import annotations

from typing import Protocol

from hindi_stt.types import Float32

__all__ = ["Reader"]


class Reader(Protocol):
    """An open recording.

    Attributes:
        samplerate: in Hz.
        channels: number of channels of the recording.
        promised: samples per channel, if the header states the exact number; else None.
        incomplete: whether part of the audio could not be decoded; final once `read` has come to the end.
        notes: what else belongs into `warnings`.
    """

    samplerate: int
    channels: int
    promised: int | None
    incomplete: bool
    notes: tuple[str, ...]

    def read(self, n: int) -> Float32:
        """Decode the next samples.

        Args:
            n: samples per channel to read.

        Returns:
            float32 [n, channels], or [n, 1] of a chosen channel; fewer rows only at the end.

        Raises:
            CorruptAudio: the audio cannot be decoded.
            TruncatedAudio: the file was cut off.
        """
        ...

    def close(self) -> None:
        """Release the decoder."""
        ...
