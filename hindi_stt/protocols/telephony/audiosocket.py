"""Asterisk's AudioSocket: messages of a kind, a length of two bytes (big-endian) and a payload; samples little-endian.

From Asterisk's documentation of the channel driver and the application, and the source of res_audiosocket, which name
the kinds of audio for rates other than 8 kHz.
"""

from __future__ import annotations

import asyncio
import struct
import uuid
from collections.abc import Mapping
from typing import ClassVar, Final

from hindi_stt.audio import PacketFormat
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import (
    Adapter,
    Audio,
    CallInfo,
    Command,
    Configure,
    EndOfAudio,
    Message,
    Note,
    Start,
    TrackSpec,
)

__all__ = ["AudioSocketAdapter", "read_frame"]

_HEADER: Final = struct.Struct(">BH")
_HANGUP: Final = 0x00
_UUID: Final = 0x01
_SILENCE: Final = 0x02
_DTMF: Final = 0x03
_ERROR: Final = 0xFF
_RATES: Final[Mapping[int, int]] = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
# How requests begin: read as a length, the rest of the method would be waited for.
_HTTP: Final = frozenset({b"GET", b"POS", b"PUT", b"HEA", b"OPT", b"CON"})
_KEYS: Final = frozenset(b"0123456789*#ABCDabcd")


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read a message.

    Args:
        reader: The connection.

    Returns:
        Its kind, in the first byte, and its payload.

    Raises:
        InvalidRequest: It is a request of HTTP or the handshake of a WebSocket.
    """
    head = await reader.readexactly(_HEADER.size)
    if head in _HTTP:
        raise InvalidRequest("This is HTTP, and the port takes AudioSocket only.")
    kind, length = _HEADER.unpack(head)
    return bytes([kind]) + await reader.readexactly(length)


class AudioSocketAdapter(Adapter):
    """One connection, which is a call: the audio that Asterisk sends, with the UUID as its id."""

    name: ClassVar[str] = "audiosocket"
    starts_at_once: ClassVar[bool] = True

    def __init__(self) -> None:
        self._rate = 0

    def receive(self, message: Message) -> list[Command]:
        """See Adapter."""
        if isinstance(message, str) or not message:
            raise InvalidRequest("The message has no kind byte.")
        kind, payload = message[0], message[1:]
        if kind == _UUID:
            return [self._start(payload)]
        if kind == _HANGUP:
            return [EndOfAudio()]
        if kind in _RATES:
            return self._audio(_RATES[kind], payload)
        if kind == _SILENCE:
            return []
        if kind == _DTMF and len(payload) == 1 and payload[0] in _KEYS:
            return self._noted(Note("dtmf", payload.decode("ascii")))
        if kind == _ERROR:
            return self._noted(Note("error", f"0x{payload[:8].hex() or '00'}"))
        raise InvalidRequest(f"There is no message of the kind 0x{kind:02x} with {len(payload)} bytes.")

    def closing(self, error: HindiSTTError) -> list[Message]:
        """See `Adapter.closing`; Asterisk is told to hang up, and the reason is in the call's events and the log."""
        del error
        return [_HEADER.pack(_HANGUP, 0)]

    def _start(self, payload: bytes) -> Start:
        if self._rate:
            raise InvalidRequest("The call already has a UUID.")
        if len(payload) != 16:
            self.start_failed = True
            raise InvalidRequest(f"The UUID has {len(payload)} bytes instead of 16.")
        self._rate = _RATES[0x10]
        return Start([self._track()], call=CallInfo(str(uuid.UUID(bytes=payload))))

    def _audio(self, rate: int, payload: bytes) -> list[Command]:
        self._check_started()
        if rate == self._rate:
            return [Audio(0, payload)]
        self._rate = rate
        return [Configure([self._track()], {}), Audio(0, payload)]

    def _noted(self, note: Note) -> list[Command]:
        self._check_started()
        return [note]

    def _check_started(self) -> None:
        if not self._rate:
            raise InvalidRequest("The first message is the UUID of the call.")

    def _track(self) -> TrackSpec:
        return TrackSpec("inbound", PacketFormat("pcm16", self._rate))
