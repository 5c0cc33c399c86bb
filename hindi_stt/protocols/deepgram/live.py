"""Deepgram's live audio: the query has all options, binary messages are audio, and text messages are commands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from starlette.requests import HTTPConnection

from hindi_stt.api.error_responses import state_of
from hindi_stt.api.json_messages import dump_json, parse_json_object
from hindi_stt.audio import PacketFormat
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import (
    Adapter,
    Audio,
    Command,
    Configure,
    EndOfAudio,
    EndUtterance,
    Message,
    Start,
    TrackSpec,
)
from hindi_stt.protocols.deepgram.bodies import alternative, created_now, model_info
from hindi_stt.protocols.deepgram.query import RAW_ENCODINGS, parse_query
from hindi_stt.protocols.interleaved import InterleavedAudio
from hindi_stt.render.speaker_labels import speaker_number
from hindi_stt.streaming import Event, Partial, SpeechStarted, Utterance
from hindi_stt.types import Word

__all__ = ["DeepgramAdapter"]

# Of a message that cannot be used, in the error about it.
_SHOWN_LETTERS: Final = 512
# That wait for the next result.
_MAX_WARNINGS: Final = 64
# What may be turned on and off while a stream goes on.
_FEATURES: Final = frozenset({"numerals", "punctuate"})


@dataclass(slots=True)
class _Track:
    """What is known of one track.

    Attributes:
        bytes_per_s: Bytes in a second of its audio.
        received_s: Seconds that were handled.
        stable: Words of the utterance in progress that no longer change.
        open: Whether an utterance is in progress.
        last_word_end_s: End of the last final word, in seconds, while its utterance's end has not been told.
    """

    bytes_per_s: int
    received_s: float = 0.0
    stable: list[Word] = field(default_factory=list)
    open: bool = False
    last_word_end_s: float | None = None


class DeepgramAdapter(Adapter):
    """One connection.

    Args:
        connection: Its handshake.
        registry: The models.

    Raises:
        InvalidRequest: The query cannot be honoured.
    """

    name: ClassVar[str] = "deepgram"

    def __init__(self, connection: HTTPConnection, registry: Registry) -> None:
        self._query = query = parse_query(connection.query_params.multi_items(), registry, live=True)
        self._request_id = state_of(connection).request_id
        audio = PacketFormat(RAW_ENCODINGS[query.encoding], query.sample_rate)  # type: ignore[arg-type]  # one of three
        self._audio = InterleavedAudio(audio, query.channels, mixed=not query.multichannel)
        rate = self._audio.track_format.bytes_per_s
        self._tracks = [_Track(rate) for _ in range(self._audio.n_tracks)]
        self._parameters = dict(query.parameters)
        self._phrases = list(query.phrases)
        self._created = created_now()
        self._digest = hashlib.sha256()
        self._started = self._is_in_force = False
        self._model = ""
        self._warnings = list(query.warnings)
        self._finalizing: EndUtterance | None = None
        self._finalized: set[int] = set()

    def receive(self, message: Message) -> list[Command]:
        """See Adapter."""
        if isinstance(message, bytes):
            return self._samples(message)
        parsed = parse_json_object(message, "The message", shown_letters=_SHOWN_LETTERS)
        kind = parsed.get("type")
        if kind == "KeepAlive":
            return []
        if kind == "Finalize":
            channel = self._channel(parsed.get("channel"))
            return [*self._begin(), EndUtterance(channel)]
        if kind == "CloseStream":
            return [*self._begin(), EndOfAudio()]
        if kind == "Configure":
            return self._configure(parsed)
        raise InvalidRequest("The message is none of KeepAlive, Finalize, CloseStream and Configure.", param="type")

    def started(self, warnings: Sequence[str], model: str) -> list[Message]:
        """See `Adapter.started`; warnings go out with the next result."""
        self._model = model
        self._warnings += [text for text in warnings if text not in self._warnings]
        if not self._is_in_force:
            self._is_in_force = True
            return []
        success = {"type": "ConfigureSuccess", "request_id": self._request_id, "keyterms": self._phrases}
        return [dump_json(success)]

    def begins(self, command: Command) -> None:
        """See Adapter."""
        self._finalizing = command if isinstance(command, EndUtterance) else None
        self._finalized = set()

    def warned(self, warnings: Sequence[str]) -> list[Message]:
        """See Adapter; they go out with the next result."""
        self._warnings = [*self._warnings, *warnings][-_MAX_WARNINGS:]
        return []

    def results(self, track: int, event: Event) -> list[Message]:
        """See `Adapter.results`."""
        state = self._tracks[track]
        if isinstance(event, SpeechStarted):
            state.open = True
            if not self._query.vad_events:
                return []
            body = {"type": "SpeechStarted", "channel": self._index(track), "timestamp": round(event.start_s, 3)}
            return [dump_json(body)]
        if isinstance(event, Partial):
            state.stable += event.stable
            words = [*state.stable, *event.unstable]
            if not self._query.interim_results or not words:
                return []
            return [self._result(track, words, words[0].start_s, words[-1].end_s, final=False)]
        return self._final(track, event) if isinstance(event, Utterance) else []

    def handled(self, command: Command) -> list[Message]:
        """See Adapter."""
        if isinstance(command, Audio):
            state = self._tracks[command.track]
            state.received_s += len(command.data) / state.bytes_per_s
            return self._utterance_end(command.track)
        if isinstance(command, EndUtterance):
            about = range(len(self._tracks)) if command.track is None else [command.track]
            # Clients wait for an answer to each Finalize, also where nothing was left to recognise.
            answers: list[Message] = [self._empty(track) for track in about if track not in self._finalized]
            self._finalizing = None
            return answers
        if isinstance(command, EndOfAudio):
            return [self._metadata()]
        return []

    def error(self, error: HindiSTTError) -> list[Message]:
        """See Adapter."""
        body = {"variant": error.code, "description": error.message, "code": error.code, "message": error.help}
        return [dump_json({"type": "Error", **body})]

    def _begin(self) -> list[Command]:
        if self._started:
            return []
        self._started = True
        marks, speakers = self._query.punctuated, self._query.speakers
        return [Start(self._specs(), self._parameters, phrases=self._phrases, punctuated=marks, speakers=speakers)]

    def _specs(self) -> list[TrackSpec]:
        return [TrackSpec(f"channel {track}", self._audio.track_format) for track in range(len(self._tracks))]

    def _samples(self, data: bytes) -> list[Command]:
        if not data:  # the older way to close a stream
            return [*self._begin(), EndOfAudio()]
        self._digest.update(data)
        return [*self._begin(), *(Audio(track, part) for track, part in enumerate(self._audio.push(data)))]

    def _channel(self, given: object) -> int | None:
        if given is None:
            return None
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < len(self._tracks):
            raise InvalidRequest(f"channel is a whole number from 0 to {len(self._tracks) - 1}.", param="channel")
        return given

    def _configure(self, parsed: Mapping[str, Any]) -> list[Command]:
        phrases, features = parsed.get("keyterms"), parsed.get("features") or {}
        if phrases is not None and not (isinstance(phrases, list) and all(isinstance(one, str) for one in phrases)):
            raise InvalidRequest("keyterms is not a list of texts.", param="keyterms")
        if not isinstance(features, dict) or not all(isinstance(value, bool) for value in features.values()):
            raise InvalidRequest("features is not an object of booleans.", param="features")
        begin = self._begin()
        if phrases is not None:
            self._phrases = phrases
        for name, value in features.items():
            if name not in _FEATURES:
                self._warnings = [*self._warnings, f"features.{name[:64]}: has no effect"][-_MAX_WARNINGS:]
                continue
            if name == "punctuate":
                self._query = replace(self._query, punctuated=value)
                others = {one: given for one, given in self._parameters.items() if one != "punctuation"}
                self._parameters = others if value else {**others, "punctuation": "off"}
            else:
                self._parameters = {**self._parameters, name: "latin" if value else "off"}
        marks, speakers = self._query.punctuated, self._query.speakers
        return [*begin, Configure(self._specs(), self._parameters, self._phrases, marks, speakers)]

    def _index(self, track: int) -> list[int]:
        return [track, len(self._tracks)]

    def _final(self, track: int, utterance: Utterance) -> list[Message]:
        state = self._tracks[track]
        state.stable, state.open = [], False
        self._warnings += utterance.warnings
        if not utterance.words:
            return []
        state.last_word_end_s = utterance.words[-1].end_s
        if self._finalizing is not None:
            self._finalized.add(track)
        ends = self._query.endpointing and self._finalizing is None
        start_s, end_s = utterance.start_s, utterance.end_s
        speakers = [speaker_number(segment.speaker) for segment in utterance.segments for _ in segment.words]
        body = self._result(track, utterance.words, start_s, end_s, final=True, speech_final=ends, speakers=speakers)
        return [body]

    def _result(
        self,
        track: int,
        words: Sequence[Word],
        start_s: float,
        end_s: float,
        *,
        final: bool,
        speech_final: bool = False,
        speakers: Sequence[int | None] = (),
    ) -> str:
        info = model_info(self._model)
        body: dict[str, Any] = {
            "type": "Results",
            "channel_index": self._index(track),
            "duration": round(max(0.0, end_s - start_s), 3),
            "start": round(start_s, 3),
            "is_final": final,
            "speech_final": speech_final,
            "channel": {"alternatives": [alternative(words, punctuated=self._query.punctuated, speakers=speakers)]},
            "metadata": {"request_id": self._request_id, "model_info": info, "model_uuid": self._model},
            "from_finalize": final and self._finalizing is not None,
        }
        return dump_json(body | self._taken_warnings())

    def _empty(self, track: int) -> str:
        at_s = self._tracks[track].received_s
        return self._result(track, [], at_s, at_s, final=True)

    def _utterance_end(self, track: int) -> list[Message]:
        state, silence_ms = self._tracks[track], self._query.utterance_end_ms
        last_s = state.last_word_end_s
        if silence_ms is None or last_s is None or state.open or state.received_s - last_s < silence_ms / 1000:
            return []
        state.last_word_end_s = None
        return [dump_json({"type": "UtteranceEnd", "channel": self._index(track), "last_word_end": round(last_s, 3)})]

    def _metadata(self) -> str:
        body: dict[str, Any] = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": self._digest.hexdigest(),
            "created": self._created,
            "duration": round(max(state.received_s for state in self._tracks), 3),
            "channels": len(self._tracks),
            "models": [self._model],
            "model_info": {self._model: model_info(self._model)},
            **({"tags": list(self._query.tags)} if self._query.tags else {}),
            **({"extra": dict(self._query.extra)} if self._query.extra else {}),
        }
        return dump_json(body | self._taken_warnings())

    def _taken_warnings(self) -> dict[str, Any]:
        taken, self._warnings = list(dict.fromkeys(self._warnings)), []
        return {"warnings": taken} if taken else {}
