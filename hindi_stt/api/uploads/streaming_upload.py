"""A recording that is transcribed while it is still arriving: written by the event loop, read by a thread."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from tempfile import SpooledTemporaryFile
from typing import Any, Final

from starlette.types import Message, Receive

from hindi_stt.audio import UNKNOWN_SIZE
from hindi_stt.concurrency.threads import run_to_end
from hindi_stt.errors import ClientClosedRequest, HindiSTTError

__all__ = ["Arriving", "ArrivingFile", "promised_by_riff"]

# Enough to tell a WAV or FLAC file, and a URL, from everything else.
_HEAD_BYTES: Final = 64
# How long an answer that comes before the end of the body waits for it, so that its sender reads the answer.
_LINGER_S: Final = 2.0


class ArrivingFile(io.RawIOBase):
    """A binary file that is still arriving: a reader waits for bytes that are not there yet.

    Args:
        max_bytes: Upper bound on its size.
        in_memory: Bytes up to which it is kept in memory; beyond that it is in an unlinked file.

    Attributes:
        forward: Whether it is read from beginning to end without its size. Otherwise readers wait until it is complete.
        promised: Its stated size; a reader that seeks there finds nothing and need not wait.
    """

    def __init__(self, max_bytes: int, in_memory: int) -> None:
        self._file = SpooledTemporaryFile(in_memory)  # noqa: SIM115
        self.in_memory = in_memory
        self.forward = False
        self.promised = max_bytes
        self._position = self._size = 0
        self._ended = self._sought = False
        self._changed = threading.Condition()
        # Around each wait for bytes, in the reader's thread.
        self.idle: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext

    def append(self, data: bytes) -> None:
        """Add what has arrived."""
        with self._changed:
            if not self._ended:
                self._file.seek(self._size)
                self._file.write(data)
                self._size += len(data)
                self._changed.notify_all()

    def end(self) -> None:
        """Nothing more comes, whether it is whole or not."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def head(self) -> bytes:
        """Its first bytes, as far as they are there."""
        with self._changed:
            self._file.seek(0)
            return self._file.read(_HEAD_BYTES)

    def wait_until_whole(self) -> None:
        """Wait until nothing more comes."""
        self._wait_for(lambda: self._ended)

    def fileno(self) -> int:
        """Its descriptor, once it is whole."""
        self._wait_for(lambda: self._ended)
        with self._changed:
            descriptor = self._file.fileno()
            self._file.flush()
            return descriptor

    def readable(self) -> bool:
        """As of any file."""
        return True

    def seekable(self) -> bool:
        """As of any file."""
        return True

    def tell(self) -> int:
        """As of any file."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, as in any file; the end may be UNKNOWN_SIZE.

        Args:
            offset: Bytes from the point that `whence` names.
            whence: io.SEEK_SET, io.SEEK_CUR or io.SEEK_END.

        Returns:
            The new position in bytes from the start.
        """
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        self._position = (self._end() if start is None else start) + offset
        self._sought = True
        return self._position

    def readinto(self, buffer: Any) -> int:
        """As of any file; waits until all of it is there, or nothing more comes."""
        wanted = len(buffer)
        # libsndfile looks for chunks behind the samples of a WAV file before it reads them.
        if not (self._sought and self._position >= self.promised):
            self._wait_for(lambda: self._ended or self._size >= self._position + wanted)
        with self._changed:
            self._file.seek(self._position)
            found = self._file.read(wanted)
        buffer[: len(found)] = found
        self._position += len(found)
        self._sought = self._sought and not found
        return len(found)

    def close(self) -> None:
        """Close the file."""
        self.end()
        with self._changed:
            self._file.close()
        super().close()

    def _wait_for(self, there: Callable[[], bool]) -> None:
        """Wait until something is so, which then stays so."""
        with self._changed:
            if there():
                return
        # Whatever this holds for its reader is given back and got again by the event loop, which needs the lock too.
        with self.idle(), self._changed:
            self._changed.wait_for(there)

    def _end(self) -> int:
        if not self.forward:
            self._wait_for(lambda: self._ended)
        with self._changed:
            return self._size if self._ended else UNKNOWN_SIZE


def promised_by_riff(head: bytes) -> int:
    """Bytes of a RIFF file, by its first eight."""
    return 8 + int.from_bytes(head[4:8], "little")


class Arriving:
    """Receives a body into a file while it is read.

    Args:
        file: The file.
        receive_all: Receives the body and passes each block to its argument.

    Attributes:
        error: Why the body could not be received; None so far.
    """

    def __init__(
        self, file: ArrivingFile, receive_all: Callable[[Callable[[bytes], Awaitable[None]]], Awaitable[None]]
    ) -> None:
        self.file = file
        self.error: HindiSTTError | None = None
        self._receive_all = receive_all
        self._begun = asyncio.Event()
        self._arrived_at_s = time.monotonic()
        self._task = asyncio.ensure_future(self._run())

    @property
    def idle_s(self) -> float:
        """Seconds since anything of it has come; 0 where it is whole."""
        return 0.0 if self._task.done() else time.monotonic() - self._arrived_at_s

    def give_up(self, error: HindiSTTError) -> None:
        """Receive no more. error: the reason."""
        if not self._task.done():
            self.error = error
            self._task.cancel()

    async def begun(self) -> bytes:
        """Wait for the first bytes, or for all if there are fewer.

        Returns:
            The first bytes.

        Raises:
            HindiSTTError: The error that ended the body before that.
        """
        await self._begun.wait()
        if self.error is not None and self.file.size < _HEAD_BYTES:
            raise self.error
        return self.file.head()

    async def ended(self) -> None:
        """Wait until the body is complete.

        Raises:
            HindiSTTError: The error that ended it before that.
        """
        await asyncio.shield(self._task)
        if self.error is not None:
            raise self.error

    def receive_after(self, receive: Receive) -> Receive:
        """What tells, once the body has come to its end, that the client has gone."""

        async def receive_after() -> Message:
            await asyncio.shield(self._task)
            gone = isinstance(self.error, ClientClosedRequest)
            return {"type": "http.disconnect"} if gone else await receive()

        return receive_after

    async def close(self) -> None:
        """Close the file; an answer that comes before the end of the body waits a little for it."""
        await asyncio.wait({self._task}, timeout=_LINGER_S)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.file.close()

    async def _run(self) -> None:
        try:
            await self._receive_all(self._append)
        except HindiSTTError as error:
            self.error = error
        except asyncio.CancelledError:
            if self.error is None:
                raise
        finally:
            self.file.end()
            self._begun.set()

    async def _append(self, data: bytes) -> None:
        self._arrived_at_s = time.monotonic()
        if self.file.size + len(data) > self.file.in_memory:
            await run_to_end(lambda: self.file.append(data))
        else:
            self.file.append(data)
        if self.file.size >= _HEAD_BYTES:
            self._begun.set()
