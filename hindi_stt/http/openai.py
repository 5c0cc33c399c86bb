"""OpenAI's file API: what its clients send works here, and what cannot be honoured is refused by name."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hindi_stt import render
from hindi_stt.errors import HindiSTTError, InvalidRequest, TranslationNotOffered, UnknownModel
from hindi_stt.http.disconnect import unless_disconnected
from hindi_stt.http.events import EventStream, event
from hindi_stt.http.recognition import Recognition, Recognizer
from hindi_stt.http.requests import error_body, error_response, state_of
from hindi_stt.http.uploads import Upload, receive_upload
from hindi_stt.options import FIELDS
from hindi_stt.types import Transcript

__all__ = ["FORMATS", "check_model", "line_fields", "openai_routes", "warnings_for"]

FORMATS: Final = ("json", "text", "srt", "vtt", "verbose_json")
_STREAMED: Final = ("json", "text")
_GRANULARITIES: Final = ("word", "segment")
_FIELDS: Final = (
    *("model", "language", "prompt", "response_format", "temperature", "stream"),
    *("chunking_strategy", "chunking_strategy[type]"),
    *FIELDS,
)
_LISTS: Final = ("timestamp_granularities", "include", "keywords", "languages")
_MEDIA_TYPES: Final = {"srt": "application/x-subrip", "vtt": "text/vtt"}
_SUBTITLES: Final = {"srt": render.to_srt, "vtt": render.to_vtt}

Handler = Callable[[Request], Awaitable[Response]]


def openai_routes(recognizer: Callable[[], Recognizer]) -> list[Route]:
    """The routes below /v1; recognizer: the worker's, asked for at each request."""

    async def transcribe(request: Request) -> Response:
        return await _transcribe(request, recognizer())

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": _models(recognizer())})

    async def model(request: Request) -> Response:
        name = request.path_params["model"]
        found = next((entry for entry in _models(recognizer()) if entry["id"] == name), None)
        if found is None:
            raise UnknownModel(f"There is no model {name[:64]!r} here.")
        return JSONResponse(found)

    async def translate(_: Request) -> Response:
        raise TranslationNotOffered("This server writes down what is said, in the language in which it is said.")

    return [
        Route("/v1/audio/transcriptions", _answering(transcribe), methods=["POST"]),
        Route("/v1/audio/translations", _answering(translate), methods=["POST"]),
        Route("/v1/models", _answering(models)),
        Route("/v1/models/{model:path}", _answering(model)),
    ]


def _answering(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except HindiSTTError as error:
            return error_response(request, error)

    return answer


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What a request asks for, beside the options of the line. logprobs, words, segments: parts of the answer."""

    response_format: str
    stream: bool
    logprobs: bool
    words: bool
    segments: bool
    warnings: tuple[str, ...]


async def _transcribe(request: Request, recognizer: Recognizer) -> Response:
    async with contextlib.AsyncExitStack() as stack:
        try:
            upload = await receive_upload(request, _FIELDS, recognizer.settings, lists=_LISTS)
            file = stack.enter_context(upload.file.file)
            wishes = _wishes(upload, recognizer)
            recognition = recognizer.recognize(
                file, recognizer.pipeline.options(line_fields(upload.fields, upload.lists.get("keywords", ())))
            )
            if wishes.stream:
                events = _events(request, recognition, wishes)
                # Whatever goes wrong before the first words still has a status of its own.
                first = await unless_disconnected(request, anext(events))
                return EventStream(request, first, events, stack.pop_all(), recognizer.settings.request_timeout_s)
            transcript = await unless_disconnected(request, recognition.transcript())
        except HindiSTTError:
            recognizer.metrics.requests.inc()
            raise
    state_of(request).facts["audio_s"] = round(transcript.duration_s, 3)
    return _answer(transcript, wishes)


def _answer(transcript: Transcript, wishes: _Wishes) -> Response:
    warnings = [*transcript.warnings, *wishes.warnings]
    headers = {"X-Warnings": ", ".join(quote(text, safe=" =:,;'()") for text in warnings)} if warnings else None
    if wishes.response_format == "text":
        return PlainTextResponse(render.to_text(transcript) + "\n", headers=headers)
    if wishes.response_format in _SUBTITLES:
        text = _SUBTITLES[wishes.response_format](transcript)
        return Response(text, media_type=_MEDIA_TYPES[wishes.response_format], headers=headers)
    if wishes.response_format == "verbose_json":
        body = render.to_verbose_json(transcript, words=wishes.words, segments=wishes.segments)
    else:
        body = {"text": transcript.text}
        if wishes.logprobs:
            body["logprobs"] = render.word_log_probs(transcript.words)
    return JSONResponse(body | _usage(transcript) | {"warnings": warnings}, headers=headers)


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"usage": {"type": "duration", "seconds": round(transcript.duration_s, 3)}}


async def _events(request: Request, recognition: Recognition, wishes: _Wishes) -> AsyncGenerator[bytes]:
    """transcript.text.delta for each segment; then transcript.text.done, or the error that ended it."""
    begun = False
    try:
        async with contextlib.aclosing(recognition.segments()) as segments:
            async for segment in segments:
                delta: dict[str, Any] = {"type": "transcript.text.delta", "delta": " " * begun + segment.text}
                if wishes.logprobs:
                    delta["logprobs"] = render.word_log_probs(segment.words)
                yield event(delta)
                begun = True
    except HindiSTTError as error:
        if not begun:
            raise
        state_of(request).error = error
        yield event(error_body(request, error))
        return
    transcript = recognition.result
    state_of(request).facts["audio_s"] = round(transcript.duration_s, 3)
    done: dict[str, Any] = {"type": "transcript.text.done", "text": transcript.text, **_usage(transcript)}
    if wishes.logprobs:
        done["logprobs"] = render.word_log_probs(transcript.words)
    yield event(done | {"warnings": [*transcript.warnings, *wishes.warnings]})


def _wishes(upload: Upload, recognizer: Recognizer) -> _Wishes:
    """Raises InvalidRequest for what cannot be honoured, naming it; UnknownModel."""
    fields, lists = upload.fields, upload.lists
    if "model" not in fields:
        raise InvalidRequest("The field 'model' is missing; GET /v1/models lists what it may be.")
    check_model(fields["model"], recognizer)
    response_format = _one_of(fields, "response_format", FORMATS)
    stream = _one_of(fields, "stream", ("false", "true")) == "true"
    if stream and response_format not in _STREAMED:
        raise InvalidRequest(f"stream=true goes with response_format json or text, not {response_format}.")
    granularities = _all_of(lists, "timestamp_granularities", _GRANULARITIES)
    if granularities and response_format != "verbose_json":
        raise InvalidRequest(f"timestamp_granularities go with response_format=verbose_json, not {response_format}.")
    include = _all_of(lists, "include", ("logprobs",))
    if include and response_format != "json":
        raise InvalidRequest(f"include=logprobs goes with response_format=json, not {response_format}.")
    _check_temperature(fields.get("temperature", "0"))
    _one_of({"chunking_strategy": fields.get("chunking_strategy", "auto")}, "chunking_strategy", ("auto", "server_vad"))
    _one_of(fields, "chunking_strategy[type]", ("server_vad",))
    return _Wishes(
        response_format=response_format,
        stream=stream,
        logprobs="logprobs" in include,
        words="word" in granularities,
        segments="segment" in granularities or not granularities,
        warnings=tuple(warnings_for(fields, lists, recognizer.pipeline.bundle.manifest.language)),
    )


def warnings_for(fields: Mapping[str, str], lists: Mapping[str, list[str]], language: str) -> list[str]:
    """What is accepted without effect; raises InvalidRequest for a language that no model has."""
    wanted = [*lists.get("languages", ()), *([fields["language"]] if fields.get("language") else [])]
    others = [name[:64] for name in wanted if name != "auto" and name.lower().partition("-")[0] != language]
    if others and len(others) == len(wanted):
        raise InvalidRequest(f"language {', '.join(others)} is not offered; the model's is {language}.")
    warnings = [f"language={name}: the only model is for {language}" for name in ("auto", *others) if name in wanted]
    if fields.get("prompt"):
        warnings.append("prompt: without effect; keywords have one")
    return warnings


def line_fields(fields: Mapping[str, str], keywords: Sequence[str]) -> dict[str, str]:
    """The fields that are options of the line; keywords are hotwords."""
    known = {name: value for name, value in fields.items() if name in FIELDS}
    if keywords:
        known["hotwords"] = ",".join([*keywords, *filter(None, [known.get("hotwords")])])
    return known


def check_model(name: str, recognizer: Recognizer) -> None:
    """Raises UnknownModel."""
    if name not in model_names(recognizer):
        raise UnknownModel(f"There is no model {name[:64]!r} here; there are {', '.join(model_names(recognizer))}.")


def _check_temperature(text: str) -> None:
    try:
        zero = float(text) == 0
    except ValueError as error:
        raise InvalidRequest("temperature is not a number.") from error
    if not zero:
        raise InvalidRequest("temperature has to be 0: decoding does not sample.")


def _one_of(fields: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    """The field's value, the first of the values by default. Raises InvalidRequest for any other."""
    value = fields.get(name, values[0])
    if value.lower() not in values:
        raise InvalidRequest(f"{name}={value[:64]!r} is not offered; it may be {', '.join(values)}.")
    return value.lower()


def _all_of(lists: Mapping[str, list[str]], name: str, values: tuple[str, ...]) -> list[str]:
    return [_one_of({name: value}, name, values) for value in lists.get(name, ())]


def model_names(recognizer: Recognizer) -> list[str]:
    """Every name of the model."""
    bundle = recognizer.pipeline.bundle
    return [bundle.tag, bundle.manifest.name, *recognizer.settings.aliases]


def _models(recognizer: Recognizer) -> list[dict[str, Any]]:
    """The model under each of its names. created is OpenAI's field; a bundle does not say."""
    manifest = recognizer.pipeline.bundle.manifest
    facts = {"object": "model", "created": 0, "owned_by": manifest.source.file, "licence": manifest.licence}
    return [{"id": name, **facts, "languages": [manifest.language]} for name in model_names(recognizer)]
