"""Callbacks about a recording's progress, for limits and metrics."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager

__all__ = ["Accounting"]


class Accounting:
    """Receives a recording's progress; this base class ignores it."""

    def admit(self, duration_s: float) -> None:
        """Called before `duration_s` seconds of audio go to the model; an exception ends the recording."""

    async def decoded(self, duration_s: float) -> None:
        """Called after `duration_s` more seconds of audio were decoded; an exception ends the recording."""

    def clip_is_ready(self) -> None:
        """Called when a clip or the recording has ended: the audio decoded so far counts as a clip from here on."""

    def in_progress(self, duration_s: float) -> AbstractContextManager[None]:
        """Return a context manager that is open while clips of `duration_s` seconds are transcribed."""
        del duration_s
        return contextlib.nullcontext()

    def finished(self, duration_s: float, elapsed_s: float, stages_s: Mapping[str, float]) -> None:
        """Called when the recording has been transcribed.

        Args:
            duration_s: Seconds of audio.
            elapsed_s: Seconds that it took.
            stages_s: Seconds of each stage.
        """

    def close(self) -> None:
        """Called at the end, whatever the outcome."""
