"""Wyoming, the protocol of Home Assistant's voice services: JSON lines, each with data and a payload behind it.

A connection may carry several recordings, one after the other: `transcribe`, `audio-start`, `audio-chunk` …,
`audio-stop`, and then the transcript, in chunks while it is spoken and as a whole.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from hindi_stt import __version__
from hindi_stt.api.json_messages import parse_json_object
from hindi_stt.audio import PacketFormat
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import (
    Adapter,
    Audio,
    Command,
    Configure,
    EndUtterance,
    Message,
    Reply,
    Start,
    TrackSpec,
)
from hindi_stt.protocols.fields import MAX_TEXT
from hindi_stt.protocols.interleaved import InterleavedAudio
from hindi_stt.protocols.messages import MAX_MESSAGE_BYTES
from hindi_stt.protocols.options import parse_rate
from hindi_stt.streaming import Event, Utterance

__all__ = ["WyomingAdapter", "make_info", "read_event"]

_PROGRAM: Final = "hindi-stt"
_MAX_DATA_BYTES: Final = 65_536
_MAX_CHANNELS: Final = 8
_SAMPLE_BYTES: Final = 2
# Other voice services' events that clients may send along.
_IGNORED: Final = frozenset({"voice-started", "voice-stopped"})
_NO_EFFECT: Final = ("context", "vad_sensitivity")


async def read_event(reader: asyncio.StreamReader) -> bytes:
    """Read an event.

    Args:
        reader: The connection.

    Returns:
        Its line, data and payload.

    Raises:
        InvalidRequest: It is no event.
    """
    line = await reader.readuntil(b"\n")
    header = parse_json_object(line, "The line")
    data_bytes = _length(header, "data_length", _MAX_DATA_BYTES)
    return line + await reader.readexactly(data_bytes + _length(header, "payload_length", MAX_MESSAGE_BYTES // 2))


def make_info(registry: Registry) -> dict[str, Any]:
    """Describe what the server offers, as the event `info` has it.

    Args:
        registry: The models.

    Returns:
        The event's data.
    """
    names = [bundle.manifest.name for bundle in registry]
    models = [
        {
            "name": bundle.manifest.name if names.count(bundle.manifest.name) == 1 else bundle.tag,
            "languages": [bundle.manifest.language],
            "attribution": {"name": bundle.manifest.name, "url": ""},
            "installed": True,
            "description": bundle.manifest.description or bundle.manifest.name,
            "version": bundle.version,
        }
        for bundle in registry
    ]
    program = {
        "name": _PROGRAM,
        "attribution": {"name": _PROGRAM, "url": ""},
        "installed": True,
        "description": "Speech to text on CPUs",
        "version": __version__,
        "models": models,
        "supports_transcript_streaming": True,
        "requires_external_vad": True,
    }
    return {"asr": [program], "tts": [], "handle": [], "intent": [], "wake": [], "mic": [], "snd": []}


@dataclass(frozen=True, slots=True)
class _Format:
    """The format of a recording's audio: rate in Hz, and channels."""

    rate: int
    channels: int


class WyomingAdapter(Adapter):
    """One connection.

    Args:
        info: What the server offers: see `make_info`.
    """

    name: ClassVar[str] = "wyoming"

    def __init__(self, info: Mapping[str, Any]) -> None:
        self._info = info
        self._languages = {
            model["name"]: model["languages"][0] for program in info["asr"] for model in program["models"]
        }
        # For the next recording.
        self._parameters: dict[str, str] = {}
        self._phrases: list[str] = []
        # What has been sent.
        self._is_started = False
        self._format: _Format | None = None
        self._audio = InterleavedAudio(PacketFormat("pcm16", 16_000), 1)
        # What has been recognised.
        self._texts: list[str] = []
        self._warnings: list[str] = []
        self._is_open = False
        self._language = ""
        self._handlers: Mapping[str, Callable[[Mapping[str, Any]], list[Command]]] = {
            "audio-start": lambda data: self._begin(_format(data)),
            "audio-stop": lambda _: self._stop(),
            "transcribe": self._transcribe,
            "describe": lambda _: [Reply([_event("info", self._info)])],
            "ping": lambda data: [Reply([_event("pong", {"text": data.get("text")})])],
            "select-program": self._select_program,
        }

    def receive(self, message: Message) -> list[Command]:
        """See Adapter."""
        kind, data, payload = _split(message)
        if kind == "audio-chunk":
            return self._chunk(data, payload)
        if kind in _IGNORED:
            return []
        if (handle := self._handlers.get(kind)) is not None:
            return handle(data)
        raise InvalidRequest(f"There is no event {kind[:64]!r} for speech to text.", param="type")

    def started(self, warnings: Sequence[str], model: str) -> list[Message]:
        """See `Adapter.started`; warnings go out with the transcript."""
        self._language = self._languages.get(model, self._languages.get(model.partition(":")[0], ""))
        return self.warned(warnings)

    def warned(self, warnings: Sequence[str]) -> list[Message]:
        """See Adapter; they go out with the next result."""
        self._warnings += warnings
        return []

    def results(self, track: int, event: Event) -> list[Message]:
        """See `Adapter.results`; only final texts are sent, which do not change any more."""
        del track
        if not isinstance(event, Utterance):
            return []
        self._warnings += event.warnings
        if not event.text:
            return []
        chunk = f" {event.text}" if self._texts else event.text
        self._texts.append(event.text)
        return [*self._open(), _event("transcript-chunk", {"text": chunk})]

    def handled(self, command: Command) -> list[Message]:
        """See Adapter."""
        return self._transcript() if isinstance(command, EndUtterance) else []

    def closing(self, error: HindiSTTError) -> list[Message]:
        """See `Adapter.closing`; a recording that has begun gets the transcript so far, for which clients wait."""
        if not self._is_open:
            return self.error(error)
        self._warnings.append(f"{error.code}: the recording was not transcribed to its end")
        return [*self._transcript(), *self.error(error)]

    def _transcript(self) -> list[Message]:
        transcript: dict[str, Any] = {"text": " ".join(self._texts), "language": self._language}
        if self._warnings:
            transcript["warnings"] = list(dict.fromkeys(self._warnings))
        messages = [*self._open(), _event("transcript", transcript), _event("transcript-stop", {})]
        self._texts, self._warnings, self._is_open = [], [], False
        return messages

    def error(self, error: HindiSTTError) -> list[Message]:
        """See Adapter."""
        return [_event("error", {"text": f"{error.message} {error.help}".strip(), "code": error.code})]

    def _open(self) -> list[Message]:
        if self._is_open:
            return []
        self._is_open = True
        return [_event("transcript-start", {"language": self._language})]

    def _transcribe(self, data: Mapping[str, Any]) -> list[Command]:
        found = {}
        for name, option in (("name", "model"), ("language", "language")):
            value = data.get(name)
            if value is not None and not isinstance(value, str):
                raise InvalidRequest(f"'{name}' is not text.", param=name)
            if value:
                found[option] = value[:MAX_TEXT]
        phrases: list[str] = []
        for name in ("transcript_names", "transcript_terms"):
            values = data.get(name) or []
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise InvalidRequest(f"'{name}' is not a list of texts.", param=name)
            phrases += values
        self._parameters, self._phrases = found, phrases
        without_effect = [f"{name}: has no effect" for name in _NO_EFFECT if data.get(name)]
        self._warnings = list(dict.fromkeys([*self._warnings, *without_effect]))
        return []

    def _select_program(self, data: Mapping[str, Any]) -> list[Command]:
        if data.get("name") != _PROGRAM:
            raise InvalidRequest(f"The only program is {_PROGRAM}.", param="name")
        return []

    def _begin(self, wanted: _Format) -> list[Command]:
        """Begin a recording, or go on with one in another format."""
        audio = InterleavedAudio(PacketFormat("pcm16", wanted.rate), wanted.channels, mixed=True)
        self._format, self._audio = wanted, audio
        tracks = [TrackSpec("inbound", audio.track_format)]
        parameters, phrases = self._parameters, self._phrases
        if not self._is_started:
            self._is_started = True
            return [Start(tracks, parameters, phrases=phrases)]
        return [Configure(tracks, parameters, phrases)]

    def _chunk(self, data: Mapping[str, Any], payload: bytes) -> list[Command]:
        wanted = _format(data)
        begin = [] if wanted == self._format else self._begin(wanted)
        return [*begin, *(Audio(0, part) for part in self._audio.push(payload))]

    def _stop(self) -> list[Command]:
        if self._format is None:
            raise InvalidRequest("No audio has been started.", param="type")
        self._format, self._parameters, self._phrases = None, {}, []
        return [EndUtterance()]


def _split(message: Message) -> tuple[str, dict[str, Any], bytes]:
    """The type, data and payload of an event."""
    raw = message.encode("utf-8", "replace") if isinstance(message, str) else message
    line, _, rest = raw.partition(b"\n")
    header = parse_json_object(line, "The line")
    kind, data = header.get("type"), header.get("data")
    data = {} if data is None else data
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise InvalidRequest("The event has no 'type', or 'data' is not an object.", param="type")
    n = _length(header, "data_length", _MAX_DATA_BYTES)
    if n:
        data = {**data, **parse_json_object(rest[:n], "The data")}
    return kind, data, rest[n:]


def _length(header: Mapping[str, Any], name: str, bound: int) -> int:
    value = header.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= bound:
        raise InvalidRequest(f"{name} is a whole number from 0 to {bound}.", param=name)
    return value


def _format(data: Mapping[str, Any]) -> _Format:
    if data.get("width") != _SAMPLE_BYTES:
        raise InvalidRequest("Samples have a width of 2 bytes.", param="width")
    channels = data.get("channels")
    if isinstance(channels, bool) or not isinstance(channels, int) or not 1 <= channels <= _MAX_CHANNELS:
        raise InvalidRequest(f"channels is a whole number from 1 to {_MAX_CHANNELS}.", param="channels")
    return _Format(parse_rate(data.get("rate")), channels)


def _event(kind: str, data: Mapping[str, Any]) -> bytes:
    """An event as it is sent: its data behind the line, as the protocol's own package does it."""
    body = json.dumps(data, ensure_ascii=False).encode() if data else b""
    line = {"type": kind, "version": __version__, **({"data_length": len(body)} if body else {})}
    return json.dumps(line).encode() + b"\n" + body
