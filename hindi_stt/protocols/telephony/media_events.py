"""What the platforms have in common that send JSON events with audio in base64: start, media, dtmf, mark, stop."""

from __future__ import annotations

import abc
import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from hindi_stt.api.json_messages import parse_json_object
from hindi_stt.audio import PacketFormat
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import Adapter, Audio, CallInfo, Command, EndOfAudio, Message, Note, Start, TrackSpec
from hindi_stt.protocols.fields import MAX_NUMBER, MAX_TEXT, field, is_short, text_fields
from hindi_stt.protocols.options import parse_rate
from hindi_stt.protocols.telephony.ordering import PacketOrder

__all__ = ["MediaEventsAdapter"]

_ENCODINGS: Final[Mapping[str, str]] = {
    "audio/x-mulaw": "g711_ulaw",
    "pcmu": "g711_ulaw",
    "audio/x-alaw": "g711_alaw",
    "pcma": "g711_alaw",
    "audio/x-l16": "pcm16",
    "audio/x-raw": "pcm16",
    "l16": "pcm16",
}
# What a start may say of channels; it may also say nothing.
_ONE: Final = (None, 1, "1")
_LABELS: Final = frozenset({"inbound", "outbound"})


class MediaEventsAdapter(Adapter):
    """One stream of a platform.

    Attributes:
        tracks_by_default: Labels of the tracks where the start names none.
        encodings: Encodings that the platform sends.
        ignored: Events that say nothing of interest.
        notes: Events that are passed on to whoever listens, and the fields that hold their values.
    """

    tracks_by_default: ClassVar[tuple[str, ...]] = ("inbound", "outbound")
    encodings: ClassVar[frozenset[str]] = frozenset({"g711_ulaw"})
    ignored: ClassVar[frozenset[str]] = frozenset({"connected"})
    notes: ClassVar[Mapping[str, tuple[str, ...]]] = {"dtmf": ("digit",), "mark": ("name",)}
    starts_at_once: ClassVar[bool] = True

    def __init__(self) -> None:
        # Packets of tracks that the start does not list.
        self._unlisted: Counter[str] = Counter()
        self._labels: dict[str, int] = {}
        self._orders: list[PacketOrder] = []

    def receive(self, message: Message) -> list[Command]:
        """See Adapter."""
        event = _parse(message)
        kind = event.get("event")
        if not isinstance(kind, str):
            raise InvalidRequest("The message has no 'event'.", param="event")
        if kind == "media":
            return self._media(event)
        if kind == "start":
            return [self._started(event)]
        if kind == "stop":
            return self.left()
        if kind in self.notes:
            return self._note(kind, event)
        if kind in self.ignored:
            return []
        raise InvalidRequest(f"There is no event {kind[:64]!r} in this protocol.", param="event")

    def left(self) -> list[Command]:
        """See Adapter."""
        rest: list[Command] = [Audio(track, data) for track, order in enumerate(self._orders) for data in order.flush()]
        return [*rest, EndOfAudio()]

    def warnings(self) -> list[str]:
        """See Adapter."""
        found = []
        for label, order in zip(self._labels, self._orders, strict=True):
            if order.n_lost:
                found.append(f"{label}: {order.n_lost} packets of audio never came, or came too late")
            if order.n_repeated:
                found.append(f"{label}: {order.n_repeated} packets of audio came twice or too late, and were left out")
            order.n_lost = order.n_repeated = 0
        found += [
            f"{label}: {n} packets of audio were left out, since the start lists no such track"
            for label, n in self._unlisted.items()
        ]
        self._unlisted.clear()
        return found

    @abc.abstractmethod
    def parameters(self, event: Mapping[str, Any], start: Mapping[str, Any]) -> dict[str, str]:
        """Return what the platform's user sent along with the start.

        Args:
            event: The whole event.
            start: Its object `start`.

        Returns:
            Options and others, by name.
        """

    def packet_format(self, given: Mapping[str, Any]) -> PacketFormat:
        """Read the format of the audio.

        Args:
            given: The start's object about it; empty where there is none.

        Returns:
            The format of all tracks.

        Raises:
            InvalidRequest: It cannot be read.
        """
        named = str(field(given, "encoding") or "").partition(";")[0].strip().lower()
        encoding = _ENCODINGS.get(named) if named else "g711_ulaw"
        if encoding not in self.encodings:
            offered = ", ".join(sorted(name for name, one in _ENCODINGS.items() if one in self.encodings))
            raise InvalidRequest(f"The encoding {named[:64]!r} is none of {offered}.", param="start.encoding")
        rate = parse_rate(field(given, "sampleRate", "sample_rate") or 8_000)
        if encoding != "pcm16" and rate != 8_000:
            raise InvalidRequest("The sample rate of G.711 is always 8000 Hz.", param="start.sample_rate")
        return PacketFormat(encoding, rate)  # type: ignore[arg-type]  # one of the values above

    def _started(self, event: Mapping[str, Any]) -> Start:
        if self._orders:
            raise InvalidRequest("The stream has already started.", param="event")
        try:
            return self._start(event)
        except HindiSTTError:
            self.start_failed = True
            raise

    def _start(self, event: Mapping[str, Any]) -> Start:
        start = event.get("start")
        if not isinstance(start, dict):
            raise InvalidRequest("The event has no object 'start'.", param="start")
        given = field(start, "mediaFormat", "media_format")
        given = given if isinstance(given, dict) else {}
        audio = self.packet_format(given)
        if field(given, "channels") not in _ONE:
            raise InvalidRequest("Each track has one channel; the start says otherwise.", param="start.channels")
        labels = _labels(start.get("tracks")) or self.tracks_by_default
        parameters = self.parameters(event, start)
        key = parameters.pop("key", "")
        self._labels = {label: position for position, label in enumerate(labels)}
        self._orders = [PacketOrder() for _ in labels]
        call_id = field(start, "callSid", "call_sid", "callId", "call_id", "call_control_id")
        stream_id = field(event, "streamSid", "stream_sid", "streamId", "stream_id")
        facts = {
            **text_fields({name: start.get(name) for name in ("from", "to")}),
            **({"stream": stream_id[:MAX_TEXT]} if isinstance(stream_id, str) else {}),
            **parameters,
        }
        call = CallInfo(call_id[:MAX_TEXT] if isinstance(call_id, str) else "", facts)
        return Start([TrackSpec(label, audio) for label in labels], parameters, call, key)

    def _media(self, event: Mapping[str, Any]) -> list[Command]:
        if not self._orders:
            raise InvalidRequest("There is audio before the start.", param="event")
        media = event.get("media")
        if not isinstance(media, dict):
            raise InvalidRequest("The event has no object 'media'.", param="media")
        label = media.get("track")
        label = next(iter(self._labels)) if label is None else label
        if isinstance(label, str) and label in _LABELS and label not in self._labels:
            self._unlisted[label] += 1
            if self._unlisted[label] > 1:  # the first one is an error, which says enough
                return []
        if not isinstance(label, str) or label not in self._labels:
            raise InvalidRequest(
                f"The track {str(label)[:64]!r} is none of {', '.join(self._labels)}.", param="media.track"
            )
        track, data = self._labels[label], _decoded(media.get("payload"))
        return [Audio(track, ready) for ready in self._orders[track].take(_number(media.get("chunk")), data)]

    def _note(self, kind: str, event: Mapping[str, Any]) -> list[Command]:
        if not self._orders:
            raise InvalidRequest(f"There is a {kind} before the start.", param="event")
        found = event.get(kind)
        value = field(found, *self.notes[kind]) if isinstance(found, dict) else field(event, *self.notes[kind])
        return [Note(kind, str(value)[:MAX_TEXT])] if is_short(value) else []


def _parse(message: Message) -> dict[str, Any]:
    if isinstance(message, bytes):
        raise InvalidRequest("Events are text messages with JSON; this one is binary.")
    return parse_json_object(message, "The event")


def _labels(tracks: object) -> Sequence[str]:
    if not isinstance(tracks, list):
        return ()
    known = [label.removesuffix("_track") for label in tracks if isinstance(label, str)]
    return [label for label in dict.fromkeys(known) if label in _LABELS]


def _decoded(payload: object) -> bytes:
    if not isinstance(payload, str):
        raise InvalidRequest("media.payload is missing.", param="media.payload")
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("media.payload is not base64.", param="media.payload") from error


def _number(chunk: object) -> int | None:
    """A packet's number, as a number or as text; None where it is neither."""
    if isinstance(chunk, str) and chunk.isascii() and chunk.isdecimal() and len(chunk) < 17:
        chunk = int(chunk)
    usable = isinstance(chunk, int) and not isinstance(chunk, bool) and 0 <= chunk < MAX_NUMBER
    return chunk if usable and isinstance(chunk, int) else None
