"""The WebSocket protocol of alphacep/vosk-server.

Binary messages are 16-bit samples, and each gets exactly one answer: a result where an utterance has ended with it,
else the partial result. Clients wait for it. `{"config": {…}}` gets none, and `{"eof" : 1}` the last result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from hindi_stt.api.json_messages import dump_json, parse_json_object
from hindi_stt.audio import PacketFormat
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
from hindi_stt.protocols.fields import text_fields
from hindi_stt.protocols.options import PARAMETERS, parse_rate
from hindi_stt.speakers.options import FIELDS as SPEAKERS
from hindi_stt.streaming import Event, Partial, Utterance
from hindi_stt.types import Segment, Word

__all__ = ["VoskAdapter"]

_DEFAULT_RATE: Final = 8_000
_UNKNOWN_WORD: Final = "[unk]"
# What the server of Vosk also takes, and what has no counterpart here.
_NO_EFFECT: Final = ("max_alternatives", "spk_model")
_KNOWN: Final = frozenset({"sample_rate", "words", "phrase_list", *PARAMETERS, *SPEAKERS, *_NO_EFFECT})


class VoskAdapter(Adapter):
    """One connection."""

    name: ClassVar[str] = "vosk"

    def __init__(self) -> None:
        self._config: dict[str, Any] = {}
        self._started = False
        self._segments: list[Segment] = []
        self._texts: list[str] = []
        self._partial: tuple[str, str] = ("", "")
        self._warnings: list[str] = []
        self._error: HindiSTTError | None = None

    def receive(self, message: Message) -> list[Command]:
        """See Adapter."""
        if isinstance(message, bytes):
            return [*self._begin(), Audio(0, message)]
        parsed = parse_json_object(message, "The message")
        if "config" in parsed:
            return self._configure(parsed["config"])
        if parsed.get("eof"):
            return [*self._begin(), EndOfAudio()]
        if parsed.get("reset"):
            return [*self._begin(), EndUtterance()]
        raise InvalidRequest("The message is none of config, eof and reset.")

    def started(self, warnings: Sequence[str], model: str) -> list[Message]:
        """See `Adapter.started`; they go out with the next result."""
        del model
        self._warnings += warnings
        return []

    def warned(self, warnings: Sequence[str]) -> list[Message]:
        """See Adapter; they go out with the next result."""
        self._warnings += warnings
        return []

    def results(self, track: int, event: Event) -> list[Message]:
        """See `Adapter.results`; what is recognised waits for the answer to a message."""
        del track
        if isinstance(event, Utterance):
            self._segments += event.segments
            self._texts += [event.text] if event.text else []
            self._warnings += event.warnings
            self._partial = ("", "")
        elif isinstance(event, Partial):
            stable = " ".join(filter(None, [self._partial[0], *(word.text for word in event.stable)]))
            self._partial = (stable, " ".join(word.text for word in event.unstable))
        return []

    def handled(self, command: Command) -> list[Message]:
        """See Adapter."""
        if isinstance(command, Configure):
            return []
        if isinstance(command, Audio) and not self._texts and self._error is None:
            return [dump_json({"partial": " ".join(filter(None, self._partial))})]
        return [self._result()]

    def error(self, error: HindiSTTError) -> list[Message]:
        """See Adapter; it goes out with the next result, since clients count answers."""
        self._error = error
        return []

    def closing(self, error: HindiSTTError) -> list[Message]:
        """See Adapter; with what was said until now."""
        self._error = error
        return [self._result()]

    def _begin(self) -> list[Command]:
        if self._started:
            return []
        self._started = True
        return [Start(self._tracks(), self._parameters(), phrases=self._phrases(), speakers=self._speakers())]

    def _configure(self, config: Any) -> list[Command]:
        if not isinstance(config, dict):
            raise InvalidRequest("'config' is not an object.", param="config")
        known = {name: value for name, value in config.items() if value is not None}
        merged = self._config | known
        parse_rate(merged.get("sample_rate", _DEFAULT_RATE))
        _phrases(merged.get("phrase_list", []))
        self._config = merged
        self._warnings += [f"config.{name[:64]}: has no effect" for name in known if _without_effect(name, known[name])]
        if not self._started:
            return self._begin()
        return [Configure(self._tracks(), self._parameters(), self._phrases(), speakers=self._speakers())]

    def _tracks(self) -> list[TrackSpec]:
        rate = parse_rate(self._config.get("sample_rate", _DEFAULT_RATE))
        return [TrackSpec("inbound", PacketFormat("pcm16", rate))]

    def _parameters(self) -> Mapping[str, str]:
        given = {name: value for name, value in text_fields(self._config).items() if name in PARAMETERS}
        # Names of models are those of the Vosk server's own disk.
        given.pop("model", None)
        return given

    def _phrases(self) -> list[str]:
        return _phrases(self._config.get("phrase_list", []))

    def _speakers(self) -> Mapping[str, str]:
        return {name: value.lower() for name, value in text_fields(self._config).items() if name in SPEAKERS}

    def _result(self) -> str:
        body: dict[str, Any] = {}
        words = [_word(word, segment) for segment in self._segments for word in segment.words]
        if words and self._config.get("words", True):
            body["result"] = words
        body["text"] = " ".join(self._texts)
        if self._warnings:
            body["warnings"] = self._warnings
        if self._error is not None:
            body["error"] = {"code": self._error.code, "message": self._error.message, "help": self._error.help}
        self._segments, self._texts, self._warnings, self._error = [], [], [], None
        return dump_json(body)


def _word(word: Word, segment: Segment) -> dict[str, Any]:
    return {
        "conf": round(word.confidence, 6),
        "end": round(word.end_s, 3),
        "start": round(word.start_s, 3),
        "word": word.text,
        **({} if segment.speaker is None else {"speaker": segment.speaker}),
    }


def _without_effect(name: str, value: object) -> bool:
    return name not in _KNOWN or name == "model" or (name in _NO_EFFECT and bool(value))


def _phrases(value: object) -> list[str]:
    """The words of a grammar: here they are preferred, not the only ones."""
    if not isinstance(value, list) or not all(isinstance(phrase, str) for phrase in value):
        raise InvalidRequest("'phrase_list' is not a list of texts.", param="phrase_list")
    return [phrase for phrase in dict.fromkeys(value) if phrase.strip() and phrase != _UNKNOWN_WORD]
