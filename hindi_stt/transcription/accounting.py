"""What is told of a recording's progress, for whoever counts it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager

__all__ = ["Accounting"]


class Accounting:
    """Told of a recording's progress; this one does nothing with it."""

    def admit(self, duration_s: float) -> None:
        """So many seconds of audio are about to go to the model. What it raises ends the recording."""

    async def decoded(self, duration_s: float) -> None:
        """So many more seconds of audio were decoded. What it raises ends the recording."""

    def clip_is_ready(self) -> None:
        """A clip has ended, or the recording: what was decoded so far counts as a clip from here on."""

    def in_progress(self, duration_s: float) -> AbstractContextManager[None]:
        """Around clips of so many seconds, while they are at the model and the decoder."""
        del duration_s
        return contextlib.nullcontext()

    def finished(self, duration_s: float, elapsed_s: float, stages_s: Mapping[str, float]) -> None:
        """The recording has come to its end: seconds of audio, of time, and of each stage."""

    def close(self) -> None:
        """Nothing more will be told, whatever came of it."""
