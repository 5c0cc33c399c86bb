"""A recording is decoded in slices: a thread is held for one block at a time, and then it is somebody else's turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hindi_stt.concurrency.fair_slots import MayWait
from hindi_stt.transcription.assembly import PreparedClip
from hindi_stt.transcription.backend import Backend, Job
from hindi_stt.transcription.pipeline import Preparation

__all__ = ["Slices"]


class Slices:
    """The clips of a recording, decoded in threads.

    Args:
        backend: Where the slices run.
        preparation: The recording; closed by `close`.
        waits: The recording, where decoding may have to wait for a client.
        decoded: Told the seconds of audio of each slice, when it has been decoded. What it raises ends the recording.
    """

    def __init__(
        self,
        backend: Backend,
        preparation: Preparation,
        *,
        waits: MayWait | None = None,
        decoded: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._backend = backend
        self._preparation = preparation
        self._waits = waits
        self._decoded = decoded
        self._slice: Job[tuple[PreparedClip | None, bool]] | None = None

    async def next_clip(self) -> PreparedClip | None:
        """Decode on until a clip ends. Raises what `Preparation.advance` and `decoded` raise.

        Returns:
            The clip, or None at the end of the recording.
        """
        clip, ended = None, False
        while clip is None and not ended:
            before_s = self._preparation.duration_s
            self._slice = self._backend.start(self._backend.in_thread(self._advance, waits=self._waits))
            # Where this is cancelled the slice goes on: a thread cannot be cancelled.
            await self._backend.first_of(self._slice)
            clip, ended = self._slice.result()
            if self._decoded is not None and (new_s := self._preparation.duration_s - before_s):
                await self._decoded(new_s)
        return clip

    async def close(self) -> None:
        """Let go of the recording, when the slice in progress, which still reads the file, has ended."""
        await self._backend.ended(self._slice)
        self._preparation.close()

    def _advance(self) -> tuple[PreparedClip | None, bool]:
        """A clip, if one has ended, and whether the recording has."""
        try:
            return self._preparation.advance(), False
        except StopIteration:  # no coroutine may raise it
            return None, True
