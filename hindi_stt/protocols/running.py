"""The protocols of one API worker while it runs: what serves them, and the ports of their own."""

from __future__ import annotations

import contextlib

from hindi_stt.api.live.connections import LiveConnections
from hindi_stt.api.middleware.protection import Protection
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.protocols.clients import ProtocolClients
from hindi_stt.protocols.ports import vosk_port
from hindi_stt.protocols.routes import Protocols
from hindi_stt.protocols.server import ProtocolServer
from hindi_stt.protocols.vosk import VoskAdapter

__all__ = ["RunningProtocols"]


class RunningProtocols:
    """The protocols that the settings name.

    Args:
        recognizer: Transcribes.
        connections: The worker's live connections.
        protection: Keys and limits.
    """

    def __init__(self, recognizer: Recognizer, connections: LiveConnections, protection: Protection) -> None:
        self._settings = recognizer.settings
        self.parts = Protocols(ProtocolServer(recognizer, connections), ProtocolClients(protection, self._settings))
        self._open = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Listen on the ports; needs a running event loop."""
        settings = self._settings
        if VoskAdapter.name in settings.protocol_names and settings.vosk_port:
            await self._open.enter_async_context(vosk_port(self.parts.server, self.parts.clients, settings))

    async def stop(self) -> None:
        """Close the ports."""
        await self._open.aclose()
