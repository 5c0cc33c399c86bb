"""The query of Deepgram's /v1/listen → options of this server; what has no effect is named in warnings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import InvalidRequest
from hindi_stt.protocols.deepgram.values import flag, is_flag, number, seconds
from hindi_stt.protocols.fields import MAX_TEXT
from hindi_stt.protocols.options import PARAMETERS, SILENCE_MS, parse_rate
from hindi_stt.text_values import parse_whole_number

__all__ = ["MAX_CHANNELS", "RAW_ENCODINGS", "WITH_EFFECT", "ListenQuery", "parse_query"]

MAX_CHANNELS: Final = 8
RAW_ENCODINGS: Final[Mapping[str, str]] = {"linear16": "pcm16", "mulaw": "g711_ulaw", "alaw": "g711_alaw"}
"""Samples without a container, by Deepgram's names."""
# Encodings in a container, or with frames that tell themselves: the first bytes of a recording say which it is.
_CONTAINED: Final = frozenset({"flac", "opus", "ogg-opus", "amr-nb", "amr-wb", "speex"})
_COMPANDED_RATE: Final = 8_000
_UTTERANCE_SPLIT_S: Final = 0.8
_MAX_PARAMETERS: Final = 256
_SHOWN_LETTERS: Final = 64
# Names of Deepgram's models, which clients always send; another name has to be one of this server's.
_THEIR_MODELS: Final = re.compile(
    r"(2-)?(nova|enhanced|base|whisper|flux|general|meeting|phonecall|finance|conversationalai|voicemail|video|"
    r"medical|drivethru|automotive|atc)([-_].{1,64}|-?\d)?|custom"
)
# Longer values are refused, those above the last of SILENCE_MS are reduced to it.
_MAX_ENDPOINTING_MS: Final = 9_999_999
_UTTERANCE_END_MS: Final = range(1, 60_001)

_TEXT_ONLY: Final = "texts are transcribed, not analysed"
_NO_EFFECT: Final[Mapping[str, str]] = {
    "alternatives": "there is one transcript",
    "custom_intent": _TEXT_ONLY,
    "custom_topic": _TEXT_ONLY,
    "detect_entities": _TEXT_ONLY,
    "diarize_version": "there is one way to tell speakers apart",
    "dictation": "commands of dictation are written as they are spoken",
    "filler_words": "whatever the model recognises is written",
    "intents": _TEXT_ONLY,
    "language_hint": "name one language",
    "measurements": "units are written as they are spoken",
    "no_delay": "numbers never delay a result",
    "profanity_filter": "words are written as they are spoken",
    "replace": "words are written as they are spoken",
    "search": "search the transcript",
    "sentiment": _TEXT_ONLY,
    "summarize": _TEXT_ONLY,
    "tier": "the model has one",
    "topics": _TEXT_ONLY,
    "version": "the model has one",
}
_SILENT: Final = frozenset({"callback_method", "custom_intent_mode", "custom_topic_mode", "mip_opt_out"})
_LIVE_ONLY: Final = ("interim_results", "endpointing", "utterance_end_ms", "vad_events")
_SPEAKERS: Final = ("diarize", "diarize_model", "num_speakers", "max_speakers")
_RECORDINGS_ONLY: Final = ("utterances", "utt_split", "paragraphs", "detect_language")
_REDACTED_AS: Final[Mapping[str, str]] = {"pci": "card", "false": ""}
_OF_BOTH: Final = ("encoding", "sample_rate", "channels", "multichannel", "smart_format", "punctuate", "redact")
_LISTS: Final = ("keyterm", "keywords", "tag", "extra")
WITH_EFFECT: Final = frozenset({*PARAMETERS, *_OF_BOTH, *_LISTS, *_LIVE_ONLY, *_RECORDINGS_ONLY, *_SPEAKERS})
"""The parameters that have an effect, on recordings or on live audio."""
_KNOWN: Final = frozenset({*WITH_EFFECT, *_NO_EFFECT, *_SILENT})


@dataclass(frozen=True, slots=True)
class ListenQuery:
    """What a query asks for.

    Attributes:
        parameters: Options by the names of the file API's fields.
        phrases: Phrases to listen for.
        encoding: Of samples without a container, one of RAW_ENCODINGS; empty where the first bytes tell.
        sample_rate: Hz, for samples without a container.
        channels: Number of channels of samples without a container.
        multichannel: Each channel by itself.
        interim_results: Send words of utterances in progress.
        vad_events: Say when speech begins.
        endpointing: Mark results that end at a pause as `speech_final`.
        utterance_end_ms: Silence behind the last word after which the end of the utterance is told; None for never.
        punctuated: Write punctuation marks, and give `punctuated_word`, too.
        speakers: Options by which speakers are told apart, by the names of the file API's fields; none if they are not.
        utterances: Give utterances of recordings.
        utt_split_s: Silence between them, in seconds.
        paragraphs: Give paragraphs of recordings.
        detect_language: Choose the model by the language that is spoken.
        tags: Are given back.
        extra: Are given back.
        warnings: What has no effect.
    """

    parameters: Mapping[str, str]
    phrases: Sequence[str]
    encoding: str
    sample_rate: int
    channels: int
    multichannel: bool
    interim_results: bool
    vad_events: bool
    endpointing: bool
    utterance_end_ms: int | None
    punctuated: bool
    speakers: Mapping[str, str]
    utterances: bool
    utt_split_s: float
    paragraphs: bool
    detect_language: bool
    tags: Sequence[str]
    extra: Mapping[str, str]
    warnings: Sequence[str]


def parse_query(items: Iterable[tuple[str, str]], registry: Registry, *, live: bool) -> ListenQuery:
    """Parse a query.

    Args:
        items: Its names and values.
        registry: The models, whose names may be asked for.
        live: Whether it is about live audio.

    Returns:
        The query.

    Raises:
        InvalidRequest: A value cannot be used, or cannot be honoured and must not be ignored.
    """
    values, lists = _collected(items)
    if "callback" in values:
        raise InvalidRequest(
            "callback is not offered: the result is in the answer, and POST /v1/jobs takes a webhook.", param="callback"
        )
    warnings = [*_without_effect(values, live=live)]
    silence_ms = _silence_ms(values.get("endpointing", ""), warnings) if live else ""
    parameters = _parameters(values, registry, warnings)
    if silence_ms:
        parameters.setdefault("silence_ms", silence_ms)
    encoding, rate = _encoding(values, live=live)
    extra = (entry.partition(":") for entry in lists["extra"])
    return ListenQuery(
        parameters,
        [*lists["keyterm"], *_words_of(lists["keywords"], warnings)],
        encoding,
        rate,
        number(values, "channels", range(1, MAX_CHANNELS + 1), 1),
        multichannel=flag(values, "multichannel"),
        interim_results=flag(values, "interim_results"),
        vad_events=flag(values, "vad_events"),
        endpointing=values.get("endpointing", "").lower() != "false",
        utterance_end_ms=number(values, "utterance_end_ms", _UTTERANCE_END_MS, 0) or None,
        punctuated=flag(values, "punctuate") or flag(values, "smart_format"),
        speakers=_speakers(values, warnings),
        utterances=flag(values, "utterances"),
        utt_split_s=seconds(values, "utt_split", _UTTERANCE_SPLIT_S),
        paragraphs=flag(values, "paragraphs"),
        detect_language=_detects_language(values, warnings),
        tags=lists["tag"],
        extra={name: value for name, _, value in extra},
        warnings=warnings,
    )


def _collected(items: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Values by name, of several of one name the last, and those of which there may be several."""
    values: dict[str, str] = {}
    lists: dict[str, list[str]] = {name: [] for name in _LISTS}
    for position, (name, value) in enumerate(items):
        if position >= _MAX_PARAMETERS:
            raise InvalidRequest(f"The query has more than {_MAX_PARAMETERS} parameters.")
        text = value.strip()[:MAX_TEXT]
        if name in lists:
            lists[name] += [text] if text else []
        elif text:
            values[name] = text
    return values, lists


def _without_effect(values: Mapping[str, str], *, live: bool) -> Iterable[str]:
    for name, value in values.items():
        if value.lower() in {"false", "0"} and name in _KNOWN:
            continue
        if name in _NO_EFFECT:
            yield f"{name}: has no effect: {_NO_EFFECT[name]}"
        elif name in (_RECORDINGS_ONLY if live else _LIVE_ONLY):
            yield f"{name}: has no effect on {'live audio' if live else 'recordings'}"
        elif name not in _KNOWN:
            yield f"{name[:_SHOWN_LETTERS]}: has no effect: there is no such parameter"


def _parameters(values: Mapping[str, str], registry: Registry, warnings: list[str]) -> dict[str, str]:
    """The options by this server's names; its own values are taken, too."""
    found = {name: values[name] for name in PARAMETERS if name in values}
    model = found.get("model", "")
    known = model in registry.names or any(bundle.label == model for bundle in registry)
    if model and not known and _THEIR_MODELS.fullmatch(model):
        warnings.append(f"model={model[:_SHOWN_LETTERS]}: is not here; the server's default is used")
        del found["model"]
    language = found.get("language", "")
    if language.lower() == "multi":
        warnings.append("language=multi: has no effect: a model is for one language")
        del found["language"]
    elif language.lower().endswith("-latn"):
        found["language"] = language[: -len("-latn")]
        found.setdefault("script", "latin")
    if is_flag(found.get("numerals", "")) or (flag(values, "smart_format") and "numerals" not in found):
        found["numerals"] = "latin" if flag({"numerals": "true", **found}, "numerals") else "off"
    asked = [flag(values, name) for name in ("punctuate", "smart_format") if name in values]
    if asked and not any(asked):
        found.setdefault("punctuation", "off")
    if "redact" in values and "mask" not in found:
        mask = _REDACTED_AS.get(values["redact"].lower(), "all")
        if mask:
            found["mask"] = mask
            warnings.append(f"redact={values['redact'][:_SHOWN_LETTERS]}: numbers are hidden as mask={mask} says")
    return found


def _detects_language(values: Mapping[str, str], warnings: list[str]) -> bool:
    """Whether the language is to be found; the names of some languages ask for it, too."""
    value = values.get("detect_language", "false")
    if is_flag(value):
        return flag(values, "detect_language")
    warnings.append(f"detect_language={value[:_SHOWN_LETTERS]}: any of the server's languages may be found")
    return True


def _speakers(values: Mapping[str, str], warnings: list[str]) -> dict[str, str]:
    """The options about speakers; the name of a model asks for them, too."""
    model = values.get("diarize_model", "false")
    counts = {name: values[name] for name in ("num_speakers", "max_speakers") if name in values}
    if is_flag(model) and not flag({"diarize_model": model}, "diarize_model") and not flag(values, "diarize"):
        warnings += [f"{name}: has an effect only with diarize=true" for name in counts]
        return {}
    if not is_flag(model) and model.lower() != "latest":
        warnings.append(f"diarize_model={model[:_SHOWN_LETTERS]}: has no effect: the server has one")
    return {"diarize": "true", **counts}


def _encoding(values: Mapping[str, str], *, live: bool) -> tuple[str, int]:
    """The encoding and rate of samples without a container."""
    named = values.get("encoding", "").lower()
    offered = ", ".join(RAW_ENCODINGS)
    if named in RAW_ENCODINGS:
        if "sample_rate" not in values and named == "linear16":
            raise InvalidRequest("encoding=linear16 needs sample_rate.", param="sample_rate")
        return named, parse_rate(values.get("sample_rate", _COMPANDED_RATE))
    if live:
        which = f"encoding={named[:_SHOWN_LETTERS]} is not taken" if named else "encoding is missing"
        raise InvalidRequest(f"{which}: live audio is sent as {offered}, without a container.", param="encoding")
    if named and named not in _CONTAINED:
        known = ", ".join(sorted(_CONTAINED))
        raise InvalidRequest(f"encoding={named[:_SHOWN_LETTERS]} is none of {offered}, {known}.", param="encoding")
    return "", 0


def _silence_ms(endpointing: str, warnings: list[str]) -> str:
    """The silence that ends an utterance; empty for the ends that long files have."""
    if not endpointing or is_flag(endpointing):
        return ""
    wanted = parse_whole_number(endpointing, range(_MAX_ENDPOINTING_MS + 1))
    if wanted is None:
        raise InvalidRequest("endpointing is a number of milliseconds, or false.", param="endpointing")
    used = min(max(wanted, SILENCE_MS[0]), SILENCE_MS[-1])
    if used != wanted:
        warnings.append(f"endpointing={wanted}: {used} ms is used")
    return str(used)


def _words_of(keywords: Sequence[str], warnings: list[str]) -> list[str]:
    """Keywords without their intensifiers."""
    split = [keyword.rpartition(":") if ":" in keyword else (keyword, "", "") for keyword in keywords]
    if any(colon for _, colon, _ in split):
        warnings.append("keywords: intensifiers have no effect; hotwords=WORD:WEIGHT does")
    suppressed = [word for word, _, intensifier in split if intensifier.startswith("-")]
    if suppressed:
        shown = ", ".join(word[:_SHOWN_LETTERS] for word in suppressed[:8])
        warnings.append(f"keywords: left out, since words cannot be suppressed: {shown}")
    return [word for word, _, intensifier in split if not intensifier.startswith("-")]
