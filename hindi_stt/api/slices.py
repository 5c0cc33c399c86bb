"""A recording is decoded in slices: a thread is held for one block at a time, and then it is somebody else's turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from hindi_stt.api.uploads.streaming_upload import ArrivingFile
from hindi_stt.transcription.assembly import PreparedClip
from hindi_stt.transcription.pipeline import Preparation

__all__ = ["Slices", "Threads"]

T = TypeVar("T")


class Threads(Protocol):
    """What runs the slices."""

    def in_thread(self, work: Callable[[], T], *, waits: ArrivingFile | None = None) -> Awaitable[T]:
        """Run work beside the event loop; see `Recognizer.in_thread`."""
        ...


class Slices:
    """The clips of a recording, decoded in threads.

    Args:
        threads: Where the slices run.
        preparation: The recording; closed by `close`.
        waits: The recording, where decoding may have to wait for a client.
        decoded: Told the seconds of audio of each slice, when it has been decoded. What it raises ends the recording.
    """

    def __init__(
        self,
        threads: Threads,
        preparation: Preparation,
        *,
        waits: ArrivingFile | None,
        decoded: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._threads = threads
        self._preparation = preparation
        self._waits = waits
        self._decoded = decoded
        self._slice: asyncio.Future[tuple[PreparedClip | None, bool]] | None = None

    async def next_clip(self) -> PreparedClip | None:
        """Decode on until a clip ends. Raises what `Preparation.advance` and `decoded` raise.

        Returns:
            The clip, or None at the end of the recording.
        """
        clip, ended = None, False
        while clip is None and not ended:
            before_s = self._preparation.duration_s
            self._slice = asyncio.ensure_future(self._threads.in_thread(self._advance, waits=self._waits))
            clip, ended = await asyncio.shield(self._slice)
            if self._decoded is not None and (new_s := self._preparation.duration_s - before_s):
                await self._decoded(new_s)
        return clip

    async def close(self) -> None:
        """Let go of the recording, when the slice in progress has ended."""
        if self._slice is not None:
            # A thread cannot be cancelled, and it still reads the file.
            await asyncio.gather(self._slice, return_exceptions=True)
        self._preparation.close()

    def _advance(self) -> tuple[PreparedClip | None, bool]:
        """A clip, if one has ended, and whether the recording has."""
        try:
            return self._preparation.advance(), False
        except StopIteration:  # no coroutine may raise it
            return None, True
