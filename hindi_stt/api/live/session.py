"""One live connection: a task reads, a task transcribes and answers; both end together, whatever the protocol."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from starlette.websockets import WebSocketDisconnect

from hindi_stt.access.limits import Client
from hindi_stt.api.live.inbox import INTERNAL_ERROR, POLICY, Inbox, SessionClosing, SessionEnded
from hindi_stt.errors import HindiSTTError, InternalError, SessionExpired, SessionIdle, SlowReader
from hindi_stt.observability.request_context import log
from hindi_stt.settings import Settings

__all__ = ["CONNECTION_LOST", "ConnectionTasks"]

T = TypeVar("T")

CONNECTION_LOST = (WebSocketDisconnect, RuntimeError, ConnectionError)
"""What transports raise when the client is gone: Starlette and uvicorn, and sockets."""


class ConnectionTasks(abc.ABC, Generic[T]):
    """The tasks of a connection that has been accepted. A protocol says how items are read, handled and ended.

    Args:
        client: The client.
        settings: The server's.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self.client = client
        self.closed = asyncio.Event()
        self.error: HindiSTTError | None = None
        self._settings = settings
        self._inbox: Inbox[T | SessionClosing] = Inbox(settings.realtime_buffer_s)
        self._aborted: asyncio.Future[SessionClosing] = asyncio.get_running_loop().create_future()

    @property
    @abc.abstractmethod
    def idle_s(self) -> float:
        """Seconds since the client has sent anything."""

    @property
    @abc.abstractmethod
    def audio_s(self) -> Mapping[str, float]:
        """Seconds of audio that were received, by the tag of the model that they were for."""

    def end(self, error: HindiSTTError, code: int) -> None:
        """Ask the session to finish its work, send the client the reason, and close.

        Args:
            error: Why.
            code: A close code of RFC 6455.
        """
        self._inbox.put_now(SessionClosing(error, code))

    def abort(self, error: HindiSTTError, code: int) -> None:
        """Discard the work, send the client the reason, and close.

        Args:
            error: Why.
            code: A close code of RFC 6455.
        """
        if not self._aborted.done():
            self._aborted.set_result(SessionClosing(error, code))

    async def run(self) -> None:
        """Serve the connection until the client goes, or the server closes it."""
        start_s = time.monotonic()
        reader = asyncio.create_task(self._read())
        worker = asyncio.create_task(self._work())
        idle = asyncio.create_task(self._end_when_idle())
        max_s = self.max_duration_s
        expiry = asyncio.get_running_loop().call_later(
            max_s, lambda: self.end(SessionExpired(f"The connection has lasted {max_s:g} s."), POLICY)
        )
        try:
            ends: set[asyncio.Future[Any]] = {reader, worker, self._aborted}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if reader.done() and not worker.done() and not self._aborted.done():
                await self._client_gone(worker)
        finally:
            expiry.cancel()
            for task in (reader, worker, idle):
                task.cancel()
            results = await asyncio.gather(reader, worker, return_exceptions=True)
            await self._discard()
        reason = next((str(result) for result in results if isinstance(result, str)), "client")
        if self._aborted.done():
            reason = await self._close(self._aborted.result(), finish=False)
        log.info("%s %.1f s %s closed_by=%s", self._kind, time.monotonic() - start_s, self._summary(), reason)

    @property
    def max_duration_s(self) -> float:
        """Longest time that the connection may last, in seconds."""
        return self._settings.realtime_max_s

    async def _client_gone(self, worker: asyncio.Task[str]) -> None:
        """Do what is left when nothing more is read; by default the work in progress is of no use to anybody."""

    async def _end_when_idle(self) -> None:
        """Wait with one timer for the connection: one for each packet would cost as much as its JSON."""
        limit_s = self._settings.realtime_idle_s
        while (rest_s := limit_s - self.idle_s) > 0:  # noqa: ASYNC110  # it is a deadline
            await asyncio.sleep(rest_s)
        self.end(SessionIdle(f"Nothing came for {limit_s:g} s."), POLICY)

    async def _work(self) -> str:
        """Handle the items of the inbox; return the reason why the session ended."""
        try:
            await self._begin()
            while True:
                for item in self._joined(await self._inbox.take()):
                    if isinstance(item, SessionClosing):
                        raise item
                    await self._handle(item)
        except SessionClosing as closing:
            return await self._close(closing)
        except SessionEnded:
            return "end"
        except CONNECTION_LOST:
            return "client"
        except Exception:  # the client gets an error, and other connections are not affected
            log.exception("%s connection failed", self._kind)
            return await self._close(SessionClosing(InternalError("An unexpected error has occurred."), INTERNAL_ERROR))

    async def _close(self, closing: SessionClosing, *, finish: bool = True) -> str:
        self.error = closing.error
        self._count(closing.error)
        with contextlib.suppress(*CONNECTION_LOST, TimeoutError, SessionClosing):
            if not isinstance(closing.error, SlowReader):
                if finish:
                    await self._finish()
                await self._send_error(closing.error)
            await self._close_transport(closing.code, closing.error)
        return closing.error.code

    _kind = "live"
    """Name of the protocol, for the log."""

    @abc.abstractmethod
    async def _read(self) -> None:
        """Read messages into the inbox until the client goes."""

    async def _begin(self) -> None:
        """Send what comes before anything has been read."""

    @abc.abstractmethod
    async def _handle(self, item: T) -> None:
        """Handle one item of the inbox."""

    def _joined(self, items: list[T | SessionClosing]) -> list[T | SessionClosing]:
        """Join items that can be handled in one step."""
        return items

    @abc.abstractmethod
    async def _finish(self) -> None:
        """Send the final text of what was said until now."""

    @abc.abstractmethod
    async def _discard(self) -> None:
        """Discard unsent results, and wait for the threads that work on them."""

    @abc.abstractmethod
    def _count(self, error: HindiSTTError) -> None:
        """Count an error in the metrics."""

    @abc.abstractmethod
    async def _send_error(self, error: HindiSTTError) -> None:
        """Send the reason why the connection is closed."""

    @abc.abstractmethod
    async def _close_transport(self, code: int, error: HindiSTTError) -> None:
        """Close the connection."""

    @abc.abstractmethod
    def _summary(self) -> str:
        """Describe what the connection was used for, for the log."""
