"""The realtime connections of one API worker: how many there may be, whose keys are valid, and how they are drained."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from starlette.websockets import WebSocket

from hindi_stt.access.limits import Client
from hindi_stt.access.tokens import Tokens
from hindi_stt.api.middleware.credentials import token_of
from hindi_stt.api.realtime.inbox import GOING_AWAY, POLICY, TRY_LATER
from hindi_stt.api.realtime.session import RealtimeSession
from hindi_stt.api.realtime.session_config import initial_config
from hindi_stt.api.realtime.writer import EventWriter
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.concurrency.places import NoPlace, Places
from hindi_stt.errors import HindiSTTError, SessionExpired, SessionIdle, ShuttingDown, TooManyConnections
from hindi_stt.observability.request_context import log

__all__ = ["DRAIN_S", "PATH", "Realtime"]

PATH: Final = "/v1/realtime"
DRAIN_S: Final = 20.0
"""Longer than a final takes, shorter than what a supervisor waits before it kills."""
_SUBPROTOCOL: Final = "realtime"
# How often the keys of open connections are looked up.
_KEY_CHECK_S: Final = 1.0
# The status of a connection that ended well, in the usage ledger: its handshake's.
_SWITCHED: Final = 101
_USUAL_ENDS: Final = (SessionExpired, SessionIdle, ShuttingDown)

NoteUsage = Callable[[str, str, str, int, float, float], None]
"""Takes client, path, model, status, seconds of audio and seconds, as `Ledger.note` does."""


class Realtime:
    """The connections of one API worker.

    Args:
        recognizer: Transcribes them.
        check_still_valid: Raises HindiSTTError where a connected client's key is not valid any more.
        note_usage: Is called for each connection that has ended.
    """

    def __init__(
        self, recognizer: Recognizer, check_still_valid: Callable[[Client], None], note_usage: NoteUsage
    ) -> None:
        self.recognizer = recognizer
        self._check_still_valid = check_still_valid
        self._note_usage = note_usage
        self._sessions: set[RealtimeSession] = set()
        settings = recognizer.settings
        bound = settings.realtime_connections
        self._places: Places[RealtimeSession] = Places(
            bound, settings.client_bound(bound), lambda session: session.idle_s, _close_idle
        )
        self._draining = False
        self._key_watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the keys of open connections; needs a running event loop."""
        self._key_watch = asyncio.get_running_loop().create_task(self._watch_keys())

    async def stop(self) -> None:
        """Stop watching."""
        if self._key_watch is not None:
            self._key_watch.cancel()
            await asyncio.gather(self._key_watch, return_exceptions=True)

    async def _watch_keys(self) -> None:
        while True:
            await asyncio.sleep(_KEY_CHECK_S)
            try:
                self.end_revoked()
            except Exception:  # whatever it is, the watch goes on
                log.exception("the keys of realtime connections cannot be checked")

    def end_revoked(self) -> None:
        """End the connections whose key is not valid any more."""
        by_key: dict[str, list[RealtimeSession]] = {}
        for session in self._sessions:
            by_key.setdefault(session.client.key_id, []).append(session)
        for sessions in by_key.values():
            try:
                self._check_still_valid(sessions[0].client)
            except HindiSTTError as error:
                for session in sessions:
                    session.abort(error, POLICY)

    async def serve(self, websocket: WebSocket, tokens: Tokens) -> None:
        """Serve one connection from its beginning to its end.

        Args:
            websocket: The connection, whose handshake has not been answered.
            tokens: Reads the session that a client's token carries.
        """
        offered = websocket.scope.get("subprotocols", ())
        await websocket.accept(subprotocol=_SUBPROTOCOL if _SUBPROTOCOL in offered else None)
        # Refused only now: many clients show neither status nor body of a refused handshake.
        metrics = self.recognizer.metrics
        writer = EventWriter(websocket, metrics, self.recognizer.settings.realtime_write_timeout_s)
        if self._draining:
            await writer.refuse(ShuttingDown("The server is being stopped."), TRY_LATER)
            return
        client: Client = websocket.scope["hindi_stt_client"]
        try:
            self._places.check(client.name)
        except NoPlace as full:
            whose = f" of {client.name}" if full.own else ""
            error = TooManyConnections(f"{full.n} realtime connections{whose} are open, which is the bound.")
            await writer.refuse(error, TRY_LATER)
            return
        try:
            token = token_of(websocket)
            wanted = tokens.session(token) if token else None
            config = initial_config(websocket.query_params, wanted, self.recognizer)
        except HindiSTTError as error:
            await writer.refuse(error, POLICY)
            return
        session, start_s = RealtimeSession(websocket, self.recognizer, config), time.monotonic()
        self._sessions.add(session)
        metrics.realtime_connections.inc()
        try:
            with self._places.held(client.name, session):
                await session.run()
        finally:
            session.closed.set()
            self._sessions.discard(session)
            self._note(session, time.monotonic() - start_s)
            metrics.realtime_connections.dec()

    def _note(self, session: RealtimeSession, elapsed_s: float) -> None:
        """Note the usage of each model, as a rule one."""
        error = session.error
        status = _SWITCHED if error is None or isinstance(error, _USUAL_ENDS) else error.status
        for tag, audio_s in session.audio_s.items() or [(self.recognizer.registry.default.tag, 0.0)]:
            self._note_usage(session.client.name, PATH, tag, status, audio_s, elapsed_s)

    async def drain(self) -> None:
        """Send the transcripts so far, close every connection, and accept no new ones."""
        self._draining = True
        for session in self._sessions:
            session.end(ShuttingDown("The server is being stopped."), GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.gather(*(session.closed.wait() for session in self._sessions))


def _close_idle(session: RealtimeSession) -> None:
    """End an idle session, whose place another client gets."""
    session.end(SessionIdle("All places are taken, and this connection was idle for the longest time."), TRY_LATER)
