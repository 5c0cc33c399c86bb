"""Serves connections of protocols: from the first message to the last, whatever the transport."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from hindi_stt.access.limits import Client
from hindi_stt.api.live.connections import LiveConnections
from hindi_stt.api.live.inbox import POLICY, TRY_LATER, SessionClosing
from hindi_stt.api.live.session import CONNECTION_LOST
from hindi_stt.api.middleware.credentials import holds_key
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import (
    HindiSTTError,
    LimitsUnavailable,
    MissingKey,
    NetworkNotAllowed,
    ShuttingDown,
    StartTimeout,
    TooManyConnections,
)
from hindi_stt.observability.request_context import log, set_current_client
from hindi_stt.protocols.adapter import Adapter, Command, Message, Reply, Start
from hindi_stt.protocols.calls.recorder import CallRecorder
from hindi_stt.protocols.calls.service import Calls
from hindi_stt.protocols.defaults import defaults_for, parse_defaults
from hindi_stt.protocols.messages import MAX_REJECTED, checked_commands
from hindi_stt.protocols.options import ConnectionOptions, parse_options
from hindi_stt.protocols.session import ProtocolSession
from hindi_stt.protocols.transport import Transport, send_within

__all__ = ["FindClient", "ProtocolServer"]

# A connection whose client is not known yet has to say so soon.
_START_TIMEOUT_S: Final = 10.0
_LATER: Final = (LimitsUnavailable, ShuttingDown, TooManyConnections)

FindClient = Callable[[str], Awaitable[Client]]
"""Takes the key that came in the first message, or an empty text; raises HindiSTTError where nobody may connect so."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """What the first messages said.

    Attributes:
        start: The Start.
        more: Commands that came together with it.
        warnings: What came before it and could not be used, in words.
    """

    start: Start
    more: Sequence[Command]
    warnings: Sequence[str] = ()


class ProtocolServer:
    """The protocols of one API worker.

    Args:
        recognizer: Transcribes.
        connections: The worker's live connections, whose places these share.
        calls: Takes those that are calls; None where no protocol has any.
    """

    def __init__(self, recognizer: Recognizer, connections: LiveConnections, calls: Calls | None = None) -> None:
        self._recognizer = recognizer
        self._connections = connections
        self._calls = calls
        self._settings = recognizer.settings
        self._n_opening = 0
        self._defaults = parse_defaults(self._settings.protocol_options)

    async def serve(
        self,
        transport: Transport,
        adapter: Adapter,
        connection: HTTPConnection,
        client: Client | None,
        find: FindClient,
    ) -> None:
        """Serve one connection from its first message to its end.

        Args:
            transport: The connection, accepted.
            adapter: Its protocol.
            connection: The handshake.
            client: The client, where the handshake said so.
            find: Finds the client where it did not.
        """
        try:
            opening = await self._open(transport, adapter, known=client is not None)
            if opening is None:
                return
            if client is None:
                client = await _find_client(find, opening.start)
            set_current_client(client.name)
            self._connections.check_open()
            self._connections.check_place(client)
            defaults = defaults_for(client.name, self._defaults)
            options = parse_options(opening.start, self._recognizer, defaults)
            call = await self._reserve(client, adapter, opening.start, options)
        except HindiSTTError as error:
            await self.refuse(transport, adapter, error)
            return
        except SessionClosing as closing:
            await self.refuse(transport, adapter, closing.error)
            return
        if call is not None:
            call.begin()
            if opening.warnings:
                call.warned(opening.warnings)
        session = ProtocolSession(transport, adapter, opening.start, options, client, self._recognizer, call, defaults)
        gauge = self._recognizer.metrics.protocol_connections.labels(adapter.name)
        gauge.inc()
        try:
            with self._connections.held(session, connection.scope["path"]):
                session.begin_with(opening.more)
                try:
                    await session.run()
                finally:
                    if call is not None and self._calls is not None:
                        await self._calls.end(call, session.track_s, session.error)
        finally:
            gauge.dec()

    async def _reserve(
        self, client: Client, adapter: Adapter, start: Start, options: ConnectionOptions
    ) -> CallRecorder | None:
        """The call, if it is one and there still is a place for it when its id is known to be its own."""
        call = await self._calls.reserve(client, adapter.name, start, options) if self._calls else None
        if call is None or self._calls is None:
            return None
        try:
            self._connections.check_open()
            self._connections.check_place(client)
        except HindiSTTError:
            await self._calls.release(call)
            raise
        return call

    async def _open(self, transport: Transport, adapter: Adapter, *, known: bool) -> _Opening | None:
        """Read until the stream starts; None where the client goes before."""
        self._connections.check_open()
        # Those whose client is not known yet are not counted for anybody: they have a bound of their own.
        if self._n_opening >= max(1, self._settings.realtime_connections):
            raise TooManyConnections(f"{self._n_opening} connections have not begun yet, which is the limit.")
        self._n_opening += 1
        waits = known and not adapter.starts_at_once
        limit_s = self._settings.realtime_idle_s if waits else _START_TIMEOUT_S
        try:
            async with asyncio.timeout(limit_s):
                return await self._first_commands(transport, adapter)
        except CONNECTION_LOST:  # it has gone without its answer
            return None
        except TimeoutError as error:
            raise StartTimeout(f"The stream was not started within {limit_s:g} s.") from error
        finally:
            self._n_opening -= 1

    async def _first_commands(self, transport: Transport, adapter: Adapter) -> _Opening | None:
        rejected: list[HindiSTTError] = []
        while (message := await _received(transport)) is not None:
            try:
                commands = checked_commands(adapter, message)
            except HindiSTTError as error:
                self._recognizer.metrics.protocol_rejected_messages.labels(adapter.name).inc()
                rejected.append(error)
                if adapter.start_failed or len(rejected) >= MAX_REJECTED:
                    raise
                self._count(adapter, error)
                await self._send(transport, adapter.error(error))
                continue
            for position, command in enumerate(commands):
                if isinstance(command, Start):
                    return _Opening(command, commands[position + 1 :], _warnings_of(rejected))
                if isinstance(command, Reply):
                    await self._send(transport, command.messages)
        return None

    async def _send(self, transport: Transport, messages: Sequence[Message]) -> None:
        for message in messages:
            await send_within(transport, message, self._settings.realtime_write_timeout_s)

    async def refuse(self, transport: Transport, adapter: Adapter, error: HindiSTTError) -> None:
        """Count an error, send it, and close the connection.

        Args:
            transport: The connection.
            adapter: Its protocol.
            error: Why it is not served.
        """
        self._count(adapter, error)
        with contextlib.suppress(*CONNECTION_LOST, TimeoutError, SessionClosing):
            await self._send(transport, adapter.closing(error))
            async with asyncio.timeout(self._settings.realtime_write_timeout_s):
                await transport.close(TRY_LATER if isinstance(error, _LATER) else POLICY, error.code)

    def _count(self, adapter: Adapter, error: HindiSTTError) -> None:
        self._recognizer.metrics.errors.labels(error.code).inc()
        log.info("%s refused code=%s param=%s", adapter.name, error.code, error.param or "-")


def _warnings_of(rejected: Sequence[HindiSTTError]) -> list[str]:
    if not rejected:
        return []
    return [f"before the start, messages could not be used ({len(rejected)}): {rejected[0].message}"]


async def _find_client(find: FindClient, start: Start) -> Client:
    """The client, or the error; it says so where the key came by another name."""
    try:
        return await find(start.key)
    except (MissingKey, NetworkNotAllowed) as error:
        name = next((name for name, value in start.parameters.items() if holds_key(value)), None)
        if name is None:
            raise
        shown = "another one" if holds_key(name) else repr(name[:64])
        raise MissingKey(f"Keys are taken from the parameter 'key', not from {shown}.") from error


async def _received(transport: Transport) -> Message | None:
    try:
        return await transport.receive()
    except CONNECTION_LOST:
        return None
