"""The live connections of one API worker, of every protocol: how many there may be, whose keys are valid, draining."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from hindi_stt.access.limits import Client
from hindi_stt.api.live.inbox import GOING_AWAY, POLICY, TRY_LATER
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.concurrency.places import NoPlace, Places
from hindi_stt.errors import HindiSTTError, SessionExpired, SessionIdle, ShuttingDown, TooManyConnections
from hindi_stt.observability.request_context import log

__all__ = ["DRAIN_S", "LiveConnections", "LiveSession", "NoteUsage"]

DRAIN_S: Final = 20.0
"""Longer than a final takes, shorter than what a supervisor waits before it kills."""
# How often the keys of open connections are looked up.
_KEY_CHECK_S: Final = 1.0
# The status of a connection that ended well, in the usage ledger: its handshake's.
_SWITCHED: Final = 101
_USUAL_ENDS: Final = (SessionExpired, SessionIdle, ShuttingDown)

NoteUsage = Callable[[str, str, str, int, float, float], None]
"""Takes client, path, model, status, seconds of audio and seconds, as `Ledger.note` does."""


class LiveSession(Protocol):
    """A connection while it is open.

    Attributes:
        client: The client.
        closed: Set when it has ended.
        error: Why the server ended it, if it did.
    """

    client: Client
    closed: asyncio.Event
    error: HindiSTTError | None

    @property
    def idle_s(self) -> float:
        """Seconds since the client has sent anything."""
        ...

    @property
    def audio_s(self) -> Mapping[str, float]:
        """Seconds of audio that were received, by the tag of the model that they were for."""
        ...

    def end(self, error: HindiSTTError, code: int) -> None:
        """Ask the session to finish its work, send the client the reason, and close.

        Args:
            error: Why.
            code: A close code of RFC 6455.
        """
        ...

    def abort(self, error: HindiSTTError, code: int) -> None:
        """Discard the work, send the client the reason, and close.

        Args:
            error: Why.
            code: A close code of RFC 6455.
        """
        ...


class LiveConnections:
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
        self._sessions: set[LiveSession] = set()
        settings = recognizer.settings
        bound = settings.realtime_connections
        self._places: Places[LiveSession] = Places(
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
                log.exception("the keys of live connections cannot be checked")

    def end_revoked(self) -> None:
        """End the connections whose key is not valid any more."""
        by_key: dict[str, list[LiveSession]] = {}
        for session in self._sessions:
            by_key.setdefault(session.client.key_id, []).append(session)
        for sessions in by_key.values():
            try:
                self._check_still_valid(sessions[0].client)
            except HindiSTTError as error:
                for session in sessions:
                    session.abort(error, POLICY)

    def check_open(self) -> None:
        """Make sure that connections are taken.

        Raises:
            ShuttingDown: The server is being stopped.
        """
        if self._draining:
            raise ShuttingDown("The server is being stopped.")

    def check_place(self, client: Client) -> None:
        """Make sure that there is a place for a connection, if need be by ending an idle one of another client.

        Args:
            client: The client.

        Raises:
            TooManyConnections: There is none.
        """
        try:
            self._places.check(client.name)
        except NoPlace as full:
            whose = f" of {client.name}" if full.own else ""
            message = f"{full.n} realtime connections{whose} are open, which is the limit."
            raise TooManyConnections(message) from full

    @contextlib.contextmanager
    def held(self, session: LiveSession, path: str) -> Iterator[None]:
        """Count a session among the open ones, and note its usage when it has ended.

        Args:
            session: The session, for which `check_place` found a place.
            path: The address that it came to, for the ledger.
        """
        start_s = time.monotonic()
        self._sessions.add(session)
        try:
            with self._places.held(session.client.name, session):
                yield
        finally:
            session.closed.set()
            self._sessions.discard(session)
            self._note(session, path, time.monotonic() - start_s)

    def _note(self, session: LiveSession, path: str, elapsed_s: float) -> None:
        """Note the usage of each model, as a rule one."""
        error = session.error
        status = _SWITCHED if error is None or isinstance(error, _USUAL_ENDS) else error.status
        for tag, audio_s in session.audio_s.items() or [(self.recognizer.registry.default.tag, 0.0)]:
            self._note_usage(session.client.name, path, tag, status, audio_s, elapsed_s)

    async def drain(self) -> None:
        """Send the transcripts so far, close every connection, and accept no new ones."""
        self._draining = True
        self.recognizer.catch_up.lift()
        for session in self._sessions:
            session.end(ShuttingDown("The server is being stopped."), GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.gather(*(session.closed.wait() for session in self._sessions))


def _close_idle(session: LiveSession) -> None:
    """End an idle session, whose place another client gets."""
    session.end(SessionIdle("All places are taken, and this connection was idle for the longest time."), TRY_LATER)
