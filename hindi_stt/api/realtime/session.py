"""One connection to the realtime API: OpenAI's events in, utterances and their events out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from starlette.websockets import WebSocket

from hindi_stt.api.live.session import ConnectionTasks
from hindi_stt.api.realtime.client_events import Append, Clear, Commit
from hindi_stt.api.realtime.inbox import (
    POLICY,
    ConfigChange,
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
from hindi_stt.errors import HindiSTTError, InvalidRequest

__all__ = ["RealtimeSession"]

_MAX_REJECTED_EVENTS: Final = 20


class RealtimeSession(ConnectionTasks[Item]):
    """A connection that has been accepted.

    Args:
        websocket: The connection.
        recognizer: The worker's recognizer.
        config: The first configuration.
    """

    def __init__(self, websocket: WebSocket, recognizer: Recognizer, config: SessionConfig) -> None:
        super().__init__(websocket.scope["hindi_stt_client"], recognizer.settings)
        self._id = new_id("sess")
        self._config = config
        self._beta = "realtime=v1" in websocket.headers.get("openai-beta", "")
        self._reader = EventReader(websocket, self._inbox, recognizer, config)
        self._writer = EventWriter(websocket, recognizer.metrics, self._settings.realtime_write_timeout_s)
        self._utterances = UtteranceTranscriber(
            recognizer, self.client, config, self._writer, lambda: self._inbox.put_now(PartialReady())
        )
        self._n_rejected = 0

    _kind = "realtime"

    @property
    def idle_s(self) -> float:
        """Seconds since the client has sent anything."""
        return time.monotonic() - self._reader.last_event_s

    @property
    def audio_s(self) -> Mapping[str, float]:
        """Seconds of audio that were received, by the tag of the model that they were for."""
        return self._utterances.audio_s

    async def _read(self) -> None:
        await self._reader.read()

    async def _begin(self) -> None:
        await self._send_session(created=True)

    def _joined(self, items: list[Item]) -> list[Item]:
        return joined(items)

    async def _finish(self) -> None:
        await self._utterances.finish()

    async def _discard(self) -> None:
        await self._utterances.discard()

    def _count(self, error: HindiSTTError) -> None:
        self._writer.count(error)

    async def _send_error(self, error: HindiSTTError) -> None:
        await self._writer.send(error_event(error))

    async def _close_transport(self, code: int, error: HindiSTTError) -> None:
        await self._writer.close(code, error)

    def _summary(self) -> str:
        return f"audio_s={self._utterances.received_s:.1f} utterances={self._utterances.n_utterances}"

    async def _handle(self, item: Item) -> None:
        match item:
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
