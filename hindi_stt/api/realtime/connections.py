"""The realtime connections of one API worker, from handshake to end."""

from __future__ import annotations

from typing import Final

from starlette.websockets import WebSocket

from hindi_stt.access.limits import Client
from hindi_stt.access.tokens import Tokens
from hindi_stt.api.live.connections import DRAIN_S, LiveConnections
from hindi_stt.api.live.inbox import POLICY, TRY_LATER
from hindi_stt.api.middleware.credentials import token_of
from hindi_stt.api.realtime.session import RealtimeSession
from hindi_stt.api.realtime.session_config import initial_config
from hindi_stt.api.realtime.writer import EventWriter
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import HindiSTTError

__all__ = ["DRAIN_S", "PATH", "Realtime"]

PATH: Final = "/v1/realtime"
_SUBPROTOCOL: Final = "realtime"


class Realtime:
    """The connections to the realtime API.

    Args:
        recognizer: Transcribes them.
        connections: The worker's live connections, of which these are some.
    """

    def __init__(self, recognizer: Recognizer, connections: LiveConnections) -> None:
        self.recognizer = recognizer
        self._connections = connections

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
        client: Client = websocket.scope["hindi_stt_client"]
        try:
            self._connections.check_open()
            self._connections.check_place(client)
        except HindiSTTError as error:
            await writer.refuse(error, TRY_LATER)
            return
        try:
            token = token_of(websocket)
            wanted = tokens.session(token) if token else None
            config = initial_config(websocket.query_params, wanted, self.recognizer)
        except HindiSTTError as error:
            await writer.refuse(error, POLICY)
            return
        session = RealtimeSession(websocket, self.recognizer, config)
        metrics.realtime_connections.inc()
        try:
            with self._connections.held(session, PATH):
                await session.run()
        finally:
            metrics.realtime_connections.dec()
