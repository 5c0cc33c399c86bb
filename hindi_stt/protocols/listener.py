"""What takes the words of a call while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hindi_stt.errors import HindiSTTError
from hindi_stt.protocols.adapter import Note
from hindi_stt.streaming import Event

__all__ = ["CallListener"]


class CallListener(Protocol):
    """Takes what is recognised of a call. Its methods must not raise, and return at once."""

    def heard(self, track: int, event: Event) -> None:
        """Take an event of a track.

        Args:
            track: Position of the track.
            event: The event.
        """
        ...

    def noted(self, note: Note) -> None:
        """Take a note, such as a key that was pressed."""
        ...

    def lost(self, track: int | None, error: HindiSTTError) -> None:
        """Take an error that costs an utterance or a message.

        Args:
            track: Position of the track; None where it is about none.
            error: The error.
        """
        ...

    def warned(self, warnings: Sequence[str]) -> None:
        """Take warnings about the audio or the options."""
        ...
