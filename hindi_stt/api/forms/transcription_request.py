"""The fields of a request → what it asks for; what cannot be honoured is refused by name, never passed over.

Longer than 300 lines: the schemas of all fields are beside what reads them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hindi_stt.api.forms.values import CHUNKING_SCHEMAS, boolean, chunking_warnings, one_of
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.uploads.receive import Upload
from hindi_stt.errors import InvalidHotwords, InvalidRequest, NotAcceptable, SpeakersNotInstalled, UnknownLanguage
from hindi_stt.render.formats import CAPTION_FORMATS, FORMAT_BY_MEDIA_TYPE, FORMATS, has_paragraphs
from hindi_stt.speakers.known import SpeakerReference, parse_references
from hindi_stt.speakers.options import MAX_SPEAKERS, SpeakerOptions
from hindi_stt.transcription.options import RECORDING_FIELDS, Options
from hindi_stt.transcription.pipeline import Pipeline

__all__ = [
    "FIELDS",
    "FIELD_SCHEMAS",
    "JOB_FIELDS",
    "JOB_LISTS",
    "LISTS",
    "LIST_SCHEMAS",
    "ModelRequest",
    "TranscriptionRequest",
    "form_schema",
    "negotiate",
    "parse_model_requests",
    "parse_transcription_request",
]

_STREAMED: Final = ("json", "text")
# Of a word that a warning is about: it is as long as the client likes.
_SHOWN_LETTERS: Final = 64
_CHANNELS: Final = ("mix", "split")
_STRING: Final = {"type": "string"}
_MAX_TEMPERATURE: Final = 2
_SPEAKER_COUNT: Final = {"type": "integer", "minimum": 1, "maximum": MAX_SPEAKERS}
_DIARIZED: Final = "diarized_json"
# Fields of OpenAI's that tell speakers apart.
_SPEAKERS: Final = ("known_speaker_names", "known_speaker_references")
_SPEAKER_DESCRIPTIONS: Final = (
    "Name of a speaker, who is called by it where diarize=true hears the voice of the reference; at most 4.",
    "2 to 10 seconds of that speaker's voice as a data URL in base64, in the order of the names.",
)

FIELD_SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "model": {**_STRING, "description": "A name that GET /v1/models lists.", "example": "whisper-1"},
    "language": {**_STRING, "description": "One that a model is for, or auto.", "example": "hi"},
    "response_format": {**_STRING, "enum": list(FORMATS), "default": "json"},
    "stream": {"type": "boolean", "default": False, "description": "Answer in server-sent events, a segment each."},
    "channels": {
        **_STRING,
        "enum": list(_CHANNELS),
        "default": "mix",
        "description": "split: each channel by itself, merged by time; words and segments then say their channel.",
    },
    "paragraphs": {
        "type": "boolean",
        "default": False,
        "description": "Divide the text where the channel changes, at long pauses, and for length (json, text).",
    },
    "prompt": {**_STRING, "description": "Text whose words are listened for, softly; keywords are stronger."},
    "temperature": {
        "type": "number",
        "minimum": 0,
        "maximum": _MAX_TEMPERATURE,
        "default": 0,
        "description": "Without effect, since decoding does not sample; a warning says so.",
    },
    **CHUNKING_SCHEMAS,
    **{
        name: {**_STRING, **({"enum": list(values)} if values and name != "mask" else {})}
        for name, values in RECORDING_FIELDS.items()
    },
    "diarize": {
        "type": "boolean",
        "default": False,
        "description": "Tell speakers apart: words and segments then say their speaker. docs/speakers.md",
    },
    "num_speakers": {**_SPEAKER_COUNT, "description": "Number of speakers, where it is known; with diarize=true."},
    "max_speakers": {**_SPEAKER_COUNT, "default": 8, "description": "Most speakers; with diarize=true."},
    "mask": {**_STRING, "description": "off, all, or phone, aadhaar, card with commas between: docs/hindi-text.md"},
    "hotwords": {**_STRING, "description": "WORD[:WEIGHT], with commas between: docs/decoding.md"},
}
LIST_SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "timestamp_granularities": {**_STRING, "enum": ["word", "segment"]},
    "include": {**_STRING, "enum": ["logprobs"]},
    "keywords": {**_STRING, "description": "A hotword."},
    "languages": {**_STRING, "description": "As language."},
    **{name: {**_STRING, "description": text} for name, text in zip(_SPEAKERS, _SPEAKER_DESCRIPTIONS, strict=True)},
}
FIELDS: Final = tuple(FIELD_SCHEMAS)
# Jobs are answered later, and in any format.
JOB_FIELDS: Final = tuple(name for name in FIELDS if name not in {"stream", "response_format", "paragraphs"})
LISTS: Final = tuple(LIST_SCHEMAS)
JOB_LISTS: Final = ("keywords", "languages", *_SPEAKERS)


def form_schema(*, required: list[str], several_files: bool) -> dict[str, Any]:
    """Make the JSON schema of a form with recordings and these fields.

    Args:
        required: Names of required fields.
        several_files: Whether the form takes several recordings.

    Returns:
        The schema.
    """
    file = {"type": "string", "format": "binary", "description": "The recording."}
    return {
        "type": "object",
        "required": required,
        "properties": {
            "file": {"type": "array", "items": file, "minItems": 1} if several_files else file,
            **FIELD_SCHEMAS,
            **{f"{name}[]": {"type": "array", "items": schema} for name, schema in LIST_SCHEMAS.items()},
        },
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What one model is asked for.

    Attributes:
        pipeline: Of the model.
        options: How it decodes and writes.
        warnings: What of the request has no effect, in words.
    """

    pipeline: Pipeline
    options: Options
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TranscriptionRequest(ModelRequest):
    """What a request asks for.

    Attributes:
        others: Models that the recording's language may turn out to be for instead.
        response_format: One of `render.formats.FORMATS`.
        stream: Answer by events, segment by segment.
        split: Each channel by itself.
        paragraphs: Give paragraphs, in json, verbose_json and text.
        logprobs: Give the log-probability of each word.
        words: Give words with their times, in verbose_json.
        segments: Give segments, in verbose_json.
        known_speakers: Recordings of speakers who have names.
    """

    others: tuple[ModelRequest, ...]
    response_format: str
    stream: bool
    split: bool
    paragraphs: bool
    logprobs: bool
    words: bool
    segments: bool
    known_speakers: tuple[SpeakerReference, ...] = ()


def parse_transcription_request(
    upload: Upload, recognizer: Recognizer, *, accept: str | None = None
) -> TranscriptionRequest:
    """Parse the fields of a request.

    Args:
        upload: The request's recordings and fields.
        recognizer: Holds the models.
        accept: The Accept header, which chooses the format if the fields do not; None for JSON.

    Returns:
        The request.

    Raises:
        InvalidRequest: A field is unknown or cannot be honoured; the message names it.
        NotAcceptable: The Accept header names no format of a transcript.
        HindiSTTError: As `parse_model_requests` raises.
    """
    fields, lists, stream = upload.fields, upload.lists, upload.stream
    default_format = "json" if stream or accept is None else _preferred_format(accept, len(upload.files))
    candidates = _parse_candidates(fields, lists, recognizer)
    warnings: list[str] = []
    response_format = one_of(fields, "response_format", FORMATS) if "response_format" in fields else default_format
    if response_format in CAPTION_FORMATS:
        candidates = tuple(replace(one, options=one.pipeline.captioned(one.options, fields)) for one in candidates)
    split = "channels" in fields and one_of(fields, "channels", _CHANNELS) == "split"
    _check_speakers(candidates[0].options.speakers, response_format, split=split)
    if stream and (split or response_format not in _STREAMED):
        # As OpenAI's whisper-1, which answers in one piece what it cannot stream.
        stream = False
        why = "the channels are transcribed in turn" if split else f"response_format={response_format} is not streamed"
        warnings.append(f"stream=true: {why}; the answer is in one piece")
    paragraphs = "paragraphs" in fields and boolean(fields, "paragraphs")
    if paragraphs and (stream or not has_paragraphs(response_format)):
        where = "a streamed answer" if stream else f"response_format={response_format}"
        warnings.append(f"paragraphs=true: {where} has no paragraphs")
    granularities = _all_of(lists, "timestamp_granularities", ("word", "segment"))
    if set(granularities) == {"segment"} and response_format != "verbose_json":
        # Some clients always send OpenAI's default.
        warnings.append(f"timestamp_granularities=segment: response_format={response_format} has no segments")
    elif granularities and response_format != "verbose_json":
        raise InvalidRequest(
            f"timestamp_granularities need response_format=verbose_json, not {response_format}.",
            param="timestamp_granularities",
        )
    include = _all_of(lists, "include", ("logprobs",))
    if include and response_format != "json":
        raise InvalidRequest(f"include=logprobs needs response_format=json, not {response_format}.", param="include")
    if "temperature" in fields and _temperature(fields["temperature"]):
        warnings.append(f"temperature={fields['temperature'][:16]}: has no effect, since decoding does not sample")
    if any(name.startswith("chunking_strategy") for name in fields):
        warnings += chunking_warnings(fields)
    known: tuple[SpeakerReference, ...] = ()
    if candidates[0].options.speakers.diarize:
        known = parse_references(*(lists.get(name, []) for name in _SPEAKERS))
    else:
        warnings += [
            f"{name}: has no effect, since speakers are not distinguished" for name in _SPEAKERS if lists.get(name)
        ]
    model_request, *others = (replace(one, warnings=(*one.warnings, *warnings)) for one in candidates)
    return TranscriptionRequest(
        pipeline=model_request.pipeline,
        options=model_request.options,
        warnings=model_request.warnings,
        others=tuple(others),
        response_format=response_format,
        stream=stream,
        split=split,
        paragraphs=paragraphs,
        logprobs="logprobs" in include,
        words="word" in granularities,
        segments="segment" in granularities or not granularities,
        known_speakers=known,
    )


def _parse_candidates(
    fields: Mapping[str, str], lists: Mapping[str, list[str]], recognizer: Recognizer
) -> tuple[ModelRequest, ...]:
    """As `parse_model_requests`, with speakers told apart for the format that needs them."""
    if fields.get("response_format") != _DIARIZED or "diarize" in fields:
        return parse_model_requests(fields, lists, recognizer)
    try:
        return parse_model_requests({**fields, "diarize": "true"}, lists, recognizer)
    except SpeakersNotInstalled as error:
        raise SpeakersNotInstalled(error.message, param="response_format") from error


def _check_speakers(options: SpeakerOptions, response_format: str, *, split: bool) -> None:
    """Refuse what speakers cannot be told apart with."""
    if response_format == _DIARIZED and not options.diarize:
        raise InvalidRequest(f"response_format={_DIARIZED} needs diarize=true.", param="diarize")
    if options.diarize and split:
        raise InvalidRequest(
            "diarize=true needs channels=mix: with channels=split each channel is a speaker.", param="diarize"
        )


def _preferred_format(accept: str, n_files: int) -> str:
    """The format that an Accept header prefers; JSON for several recordings, if it takes that at all."""
    if n_files > 1:
        with contextlib.suppress(NotAcceptable):
            return negotiate(accept, {"application/json": "json"})
    return negotiate(accept, FORMAT_BY_MEDIA_TYPE)


def negotiate(accept: str, offered: Mapping[str, str]) -> str:
    """Choose the value whose media type an Accept header prefers (RFC 9110, 12.5.1), the first of several.

    Args:
        accept: The header.
        offered: Values by media type.

    Returns:
        The chosen value.

    Raises:
        NotAcceptable: The header names none of the types.
    """
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    best, best_quality = "", 0.0
    for media, value in offered.items():
        names = (media, media.partition("/")[0] + "/*", "*/*")
        # The most specific range that fits a type tells its quality (RFC 9110, 12.5.1).
        quality = next((q for name in names for given, q in ranges if given == name), 0.0)
        if quality > best_quality:
            best, best_quality = value, quality
    if not best:
        raise NotAcceptable(f"Accept names none of {', '.join(offered)}.")
    return best


def _media_range(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return media, float(quality)
    except ValueError:
        return media, 0.0


def parse_model_requests(
    fields: Mapping[str, str], lists: Mapping[str, list[str]], recognizer: Recognizer
) -> tuple[ModelRequest, ...]:
    """Select the models that may transcribe the recording, with the options for each; of several, the language decides.

    Args:
        fields: The request's fields.
        lists: Its repeated fields.
        recognizer: Holds the models.

    Returns:
        At least one model with its options.

    Raises:
        UnknownModel: The server does not have the model.
        UnknownLanguage: The server refuses the language.
        HindiSTTError: As `Pipeline.options` raises.
    """
    languages = [*lists.get("languages", ()), *filter(None, [fields.get("language")])]
    try:
        choice = recognizer.registry.choose(fields.get("model"), languages)
    except UnknownLanguage as error:
        if lists.get("languages"):
            error.param = None if fields.get("language") else "languages"
        raise
    return tuple(
        _model_request(recognizer.pipelines[bundle.tag], fields, lists, choice.warnings) for bundle in choice.bundles
    )


def _model_request(
    pipeline: Pipeline, fields: Mapping[str, str], lists: Mapping[str, list[str]], warnings: tuple[str, ...]
) -> ModelRequest:
    line = {name: value for name, value in fields.items() if name in RECORDING_FIELDS}
    if keywords := lists.get("keywords"):
        line["hotwords"] = ",".join([*keywords, *filter(None, [line.get("hotwords")])])
    try:
        options = pipeline.options(line) if line else pipeline.defaults
    except InvalidHotwords as error:
        if keywords:  # they are hotwords by another name
            error.param = None if fields.get("hotwords") else "keywords"
        raise
    if prompt := fields.get("prompt", ""):
        decoding, left_out = pipeline.decoders.with_prompt(options.decoding, prompt)
        options = replace(options, decoding=decoding)
        if left_out:
            words = [word if len(word) <= _SHOWN_LETTERS else f"{word[:_SHOWN_LETTERS]}…" for word in left_out[:8]]
            shown = ", ".join(words) + (", …" if len(left_out) > 8 else "")
            greedy = options.decoding.decoder == "greedy"
            why = "decoder=greedy takes no words" if greedy else "the model cannot write"
            warnings = (*warnings, f"prompt: {why}: {shown}")
    return ModelRequest(pipeline, options, warnings)


def _temperature(text: str) -> float:
    try:
        temperature = float(text)
    except ValueError as error:
        raise InvalidRequest("temperature is not a number.", param="temperature") from error
    if not 0 <= temperature <= _MAX_TEMPERATURE:
        raise InvalidRequest(f"temperature={text[:16]!r} is not between 0 and {_MAX_TEMPERATURE}.", param="temperature")
    return temperature


def _all_of(lists: Mapping[str, list[str]], name: str, values: tuple[str, ...]) -> list[str]:
    return [one_of({name: value}, name, values) for value in lists.get(name, ())]
