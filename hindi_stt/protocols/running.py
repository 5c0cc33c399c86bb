"""The protocols of one API worker while it runs: what serves them, and the ports of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.live.connections import LiveConnections
from hindi_stt.api.middleware.protection import Protection
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import ShuttingDown
from hindi_stt.protocols.calls.service import Calls
from hindi_stt.protocols.clients import ProtocolClients
from hindi_stt.protocols.ports import vosk_port
from hindi_stt.protocols.routes import Protocols
from hindi_stt.protocols.server import ProtocolServer
from hindi_stt.protocols.tcp_ports import TcpProtocol, tcp_port
from hindi_stt.protocols.telephony.audiosocket import AudioSocketAdapter, read_frame
from hindi_stt.protocols.wyoming import WyomingAdapter, make_info, read_event

__all__ = ["RunningProtocols"]


class RunningProtocols:
    """The protocols that the settings name.

    Args:
        recognizer: Transcribes.
        connections: The worker's live connections.
        protection: Keys and limits.
        jobs: Returns the worker's jobs; None where the server has none.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        connections: LiveConnections,
        protection: Protection,
        jobs: Callable[[], JobService] | None,
    ) -> None:
        self._recognizer = recognizer
        self._connections = connections
        self._settings = recognizer.settings
        self._clients = ProtocolClients(protection, self._settings)
        self._jobs = jobs
        self._parts: Protocols | None = None
        self._open = contextlib.AsyncExitStack()

    @property
    def parts(self) -> Protocols:
        """Return what the routes need.

        Raises:
            ShuttingDown: The server has not started, or has ended.
        """
        if self._parts is None:
            raise ShuttingDown("The server is not running.")
        return self._parts

    async def start(self) -> None:
        """Begin to serve, and listen on the ports; needs a running event loop."""
        settings = self._settings
        calls = Calls(self._recognizer, self._jobs) if settings.takes_calls else None
        server = ProtocolServer(self._recognizer, self._connections, calls)
        self._parts = Protocols(self._recognizer, server, self._clients, calls)
        if settings.vosk_port:
            await self._open.enter_async_context(vosk_port(server, self._clients, settings))
        info = make_info(self._recognizer.registry)
        for port, protocol in (
            (settings.wyoming_port, TcpProtocol(WyomingAdapter.name, lambda: WyomingAdapter(info), read_event)),
            (settings.audiosocket_port, TcpProtocol(AudioSocketAdapter.name, AudioSocketAdapter, read_frame)),
        ):
            if port:
                listening = tcp_port(protocol, port, server, self._clients, settings)
                await self._open.enter_async_context(listening)

    async def drain(self) -> None:
        """End what follows calls, after the calls themselves have ended."""
        if self._parts is not None and self._parts.calls is not None:
            await self._parts.calls.close()

    async def stop(self) -> None:
        """Close the ports."""
        await self.drain()
        await self._open.aclose()
