"""One realtime connection: a task reads, a task transcribes and answers; both end together."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from hindi_stt.access.limits import Client
from hindi_stt.api.realtime.client_events import Append, Clear, Commit
from hindi_stt.api.realtime.inbox import (
    INTERNAL_ERROR,
    POLICY,
    ConfigChange,
    Inbox,
    Item,
    PartialReady,
    Rejected,
    SessionClosing,
    joined,
)
from hindi_stt.api.realtime.reader import EventReader
from hindi_stt.api.realtime.server_events import error_event, new_id, session_event
from hindi_stt.api.realtime.session_config import SessionConfig
from hindi_stt.api.realtime.utterances import UtteranceTranscriber
from hindi_stt.api.realtime.writer import EventWriter
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import HindiSTTError, InternalError, InvalidRequest, SessionExpired, SessionIdle, SlowReader
from hindi_stt.observability.request_context import log

__all__ = ["RealtimeSession"]

_MAX_REJECTED_EVENTS: Final = 20


class RealtimeSession:
    """A connection that has been accepted.

    Args:
        websocket: The connection.
        recognizer: The worker's recognizer.
        config: The first configuration.
    """

    def __init__(self, websocket: WebSocket, recognizer: Recognizer, config: SessionConfig) -> None:
        self._settings = recognizer.settings
        self.client: Client = websocket.scope["hindi_stt_client"]
        self.closed = asyncio.Event()
        self.error: HindiSTTError | None = None
        self._aborted: asyncio.Future[SessionClosing] = asyncio.get_running_loop().create_future()
        self._id = new_id("sess")
        self._config = config
        self._beta = "realtime=v1" in websocket.headers.get("openai-beta", "")
        self._inbox = Inbox(self._settings.realtime_buffer_s)
        self._reader = EventReader(websocket, self._inbox, recognizer, config)
        self._writer = EventWriter(websocket, recognizer.metrics, self._settings.realtime_write_timeout_s)
        self._utterances = UtteranceTranscriber(
            recognizer, self.client, config, self._writer, lambda: self._inbox.put_now(PartialReady())
        )
        self._n_rejected = 0

    @property
    def idle_s(self) -> float:
        """Seconds since the client has sent anything."""
        return time.monotonic() - self._reader.last_event_s

    @property
    def audio_s(self) -> Mapping[str, float]:
        """Seconds of audio that were received, by the tag of the model that they were for."""
        return self._utterances.audio_s

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
        start = time.monotonic()
        reader = asyncio.create_task(self._reader.read())
        worker = asyncio.create_task(self._work())
        idle = asyncio.create_task(self._end_when_idle())
        expiry = asyncio.get_running_loop().call_later(
            self._settings.realtime_max_s,
            lambda: self.end(SessionExpired(f"The connection has lasted {self._settings.realtime_max_s:g} s."), POLICY),
        )
        try:
            ends: set[asyncio.Future[Any]] = {reader, worker, self._aborted}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            expiry.cancel()
            for task in (reader, worker, idle):
                task.cancel()
            results = await asyncio.gather(reader, worker, return_exceptions=True)
            await self._utterances.discard()
        reason = next((str(result) for result in results if isinstance(result, str)), "client")
        if self._aborted.done():
            reason = await self._close(self._aborted.result(), finish=False)
        log.info(
            "realtime %.1f s audio_s=%.1f utterances=%d closed_by=%s",
            time.monotonic() - start,
            self._utterances.received_s,
            self._utterances.n_utterances,
            reason,
        )

    async def _end_when_idle(self) -> None:
        """Wait with one timer for the connection: one for each packet would cost as much as its JSON."""
        limit_s = self._settings.realtime_idle_s
        while (rest_s := limit_s - self.idle_s) > 0:  # noqa: ASYNC110  # it is a deadline
            await asyncio.sleep(rest_s)
        self.end(SessionIdle(f"Nothing came for {limit_s:g} s."), POLICY)

    async def _work(self) -> str:
        """Handle the items of the inbox; return the reason why the session ended."""
        try:
            await self._send_session(created=True)
            while True:
                for item in joined(await self._inbox.take()):
                    await self._handle(item)
        except SessionClosing as closing:
            return await self._close(closing)
        except (WebSocketDisconnect, RuntimeError):  # raised by Starlette and uvicorn when the client is gone
            return "client"
        except Exception:  # the client gets an error, and other connections are not affected
            log.exception("realtime connection failed")
            return await self._close(SessionClosing(InternalError("An unexpected error has occurred."), INTERNAL_ERROR))

    async def _close(self, closing: SessionClosing, *, finish: bool = True) -> str:
        self.error = closing.error
        self._writer.count(closing.error)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError, SessionClosing):
            if not isinstance(closing.error, SlowReader):
                if finish:
                    await self._utterances.finish()
                await self._writer.send(error_event(closing.error))
            await self._writer.close(closing.code, closing.error)
        return closing.error.code

    async def _handle(self, item: Item) -> None:
        match item:
            case SessionClosing():
                raise item
            case Append(audio=audio):
                await self._utterances.append(audio)
            case PartialReady():
                await self._utterances.send_partial()
            case Commit(event_id=event_id):
                await self._utterances.commit(event_id)
            case Clear():
                await self._utterances.clear()
            case ConfigChange(config, beta):
                await self._utterances.change(config)
                self._config, self._beta = config, beta
                await self._send_session(created=False)
            case Rejected(error, event_id):
                await self._reject(error, event_id)

    async def _reject(self, error: HindiSTTError, event_id: str | None) -> None:
        await self._writer.send_error(error, event_id)
        self._n_rejected += 1
        if self._n_rejected >= _MAX_REJECTED_EVENTS:
            raise SessionClosing(InvalidRequest(f"{_MAX_REJECTED_EVENTS} events could not be used."), POLICY)

    async def _send_session(self, *, created: bool) -> None:
        session = self._config.described(self._id, beta=self._beta)
        await self._writer.send(session_event(session, created=created))
