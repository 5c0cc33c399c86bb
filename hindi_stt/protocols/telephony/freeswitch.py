"""FreeSWITCH's modules mod_audio_stream and mod_audio_fork: samples as binary frames, metadata as a text frame or none.

The modules do not say at which rate they send, nor how many channels: the address does, or the metadata.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from pydantic_core import from_json
from starlette.requests import HTTPConnection

from hindi_stt.api.json_messages import dump_json
from hindi_stt.audio import PacketFormat
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import Adapter, Audio, CallInfo, Command, Message, Note, Start, TrackSpec
from hindi_stt.protocols.fields import field, text_fields
from hindi_stt.protocols.interleaved import InterleavedAudio
from hindi_stt.protocols.options import parse_rate
from hindi_stt.streaming import Event, Utterance

__all__ = ["FreeSwitchAdapter"]

_DEFAULT_RATE: Final = 8_000
_LABELS: Final = ("inbound", "outbound")
_MIX_TYPES: Final = {"mono": 1, "mixed": 1, "stereo": 2}
# Of platforms whose streams somebody has sent here.
_EVENTS: Final = ("connected", "start", "media")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/\r\n]{160,}={0,2}\s*")
_CALL_ID: Final = ("uuid", "callid", "call_id", "callId", "callSid")


class FreeSwitchAdapter(Adapter):
    """One connection.

    Args:
        connection: Its handshake: `rate` (8000 unless given), `channels` or `mix` (mono, mixed, stereo), and options.
    """

    name: ClassVar[str] = "freeswitch"
    starts_at_once: ClassVar[bool] = True

    def __init__(self, connection: HTTPConnection) -> None:
        self._query = text_fields(dict(connection.query_params))
        self._labels: tuple[str, ...] = ()
        self._audio = InterleavedAudio(PacketFormat("pcm16", _DEFAULT_RATE), 1)

    def receive(self, message: Message) -> list[Command]:
        """See Adapter."""
        if isinstance(message, bytes):
            begin: list[Command] = [] if self._labels else [self._started({})]
            return [*begin, *(Audio(track, data) for track, data in enumerate(self._audio.push(message)))]
        metadata = _metadata(message)
        if not self._labels:
            return [self._started(metadata)]
        if _BASE64.fullmatch(message):
            raise InvalidRequest("Audio comes as binary frames; this is a text frame that looks like base64.")
        return [Note("text", message[:1024])]

    def results(self, track: int, event: Event) -> list[Message]:
        """See `Adapter.results`; the modules raise an event of FreeSWITCH for it."""
        if not isinstance(event, Utterance) or not event.text:
            return []
        data = {
            "track": self._labels[track],
            "text": event.text,
            "start_s": round(event.start_s, 3),
            "end_s": round(event.end_s, 3),
        }
        return [_dump("transcription", data)]

    def error(self, error: HindiSTTError) -> list[Message]:
        """See Adapter."""
        return [_dump("error", {"code": error.code, "message": error.message, "help": error.help})]

    def warned(self, warnings: Sequence[str]) -> list[Message]:
        """See Adapter."""
        return [_dump("warning", {"warnings": list(warnings)})]

    def _started(self, metadata: Mapping[str, Any]) -> Start:
        try:
            return self._start(metadata)
        except HindiSTTError:
            self.start_failed = True
            raise

    def _start(self, metadata: Mapping[str, Any]) -> Start:
        if metadata.get("event") in _EVENTS:
            raise InvalidRequest(
                "This is an event of Twilio, Exotel or Plivo, whose streams have addresses of their own.", param="event"
            )
        parameters = self._query | text_fields(metadata)
        rate = parse_rate(field(parameters, "rate", "sampleRate", "sample_rate") or _DEFAULT_RATE)
        channels = _channels(parameters)
        key = parameters.pop("key", "")
        self._labels = _LABELS[:channels]
        audio = PacketFormat("pcm16", rate)
        self._audio = InterleavedAudio(audio, channels)
        call = CallInfo(str(field(parameters, *_CALL_ID) or ""), parameters)
        return Start([TrackSpec(label, audio) for label in self._labels], parameters, call, key)


def _metadata(message: str) -> dict[str, Any]:
    """The metadata: an object where it is JSON, else the text by itself."""
    try:
        found = from_json(message)
    except ValueError:
        return {"metadata": message}
    return found if isinstance(found, dict) else {"metadata": message}


def _channels(parameters: Mapping[str, str]) -> int:
    mix = field(parameters, "mix", "mix-type", "mixType", "mix_type")
    channels = _MIX_TYPES.get(mix) if mix else {"1": 1, "2": 2}.get(parameters.get("channels", "1"))
    if channels is None:
        raise InvalidRequest("channels may be 1 or 2, mix may be mono, mixed or stereo.", param="channels")
    return channels


def _dump(kind: str, data: Mapping[str, Any]) -> str:
    return dump_json({"type": kind, "data": data})
