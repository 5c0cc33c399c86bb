"""The receiving side of a realtime connection: messages to items of the inbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.websockets import WebSocket

from hindi_stt.api.realtime.client_events import Append, BetaUpdate, Update, event_id_of, parse_event, parse_json
from hindi_stt.api.realtime.inbox import ConfigChange, Inbox, Item, Rejected
from hindi_stt.api.realtime.session_config import SessionConfig, updated
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import HindiSTTError, InternalError, within
from hindi_stt.observability.request_context import log

__all__ = ["EventReader"]

# What each event counts as at least, in characters of audio in base64.
_MIN_CHARACTERS: Final = 1_000
_BYTES_PER_CHARACTER: Final = 3 / 4
# Events other than audio are read no faster than so many a second, after a first second's worth at once.
_CONTROL_EVENTS_PER_S: Final = 5


class EventReader:
    """Reads events into an inbox.

    Args:
        websocket: An accepted connection.
        inbox: Receives the events.
        recognizer: Holds the models that an event may name.
        config: The configuration when the connection begins.
    """

    def __init__(self, websocket: WebSocket, inbox: Inbox, recognizer: Recognizer, config: SessionConfig) -> None:
        self._websocket = websocket
        self._inbox = inbox
        self._recognizer = recognizer
        # The configuration of the client's last event; the session changes to it when it handles that event.
        self._config = config
        self._control_events_until_s = 0.0
        self.last_event_s = time.monotonic()
        """When the client has sent anything, by the monotonic clock."""

    async def read(self) -> None:
        """Read until the client goes."""
        while True:
            message = await self._websocket.receive()
            self.last_event_s = time.monotonic()
            if message["type"] == "websocket.disconnect":
                return
            item = self._item(message)
            if not isinstance(item, Append):
                await self._delay_control_events()
            # Whatever it is, it counts as if it were audio in base64.
            characters = _MIN_CHARACTERS + len(message.get("text") or "")
            await self._inbox.put(item, characters * _BYTES_PER_CHARACTER / self._config.audio.bytes_per_s)

    def _item(self, message: Mapping[str, Any]) -> Item:
        event_id = None
        try:
            event = parse_json(message)
            event_id = event_id_of(event)
            return self._parse(event)
        except HindiSTTError as error:
            return Rejected(error, event_id)
        except Exception:  # the client gets an error, and the connection goes on
            log.exception("realtime event failed")
            return Rejected(InternalError("An unexpected error has occurred."), None)

    def _parse(self, event: Mapping[str, Any]) -> Item:
        parsed = parse_event(event)
        if not isinstance(parsed, Update | BetaUpdate):
            return parsed
        with within("session"):
            self._config = updated(self._config, parsed.session, self._recognizer)
        return ConfigChange(self._config, beta=isinstance(parsed, BetaUpdate))

    async def _delay_control_events(self) -> None:
        """Hold back a client that sends many events which cost it nothing, and no other."""
        now_s = time.monotonic()
        self._control_events_until_s = max(now_s, self._control_events_until_s) + 1 / _CONTROL_EVENTS_PER_S
        await asyncio.sleep(max(0.0, self._control_events_until_s - now_s - 1))
