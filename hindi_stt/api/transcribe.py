"""Requests with recordings: POST /transcribe, and the handler that OpenAI's route shares with it.

What differs between the two is a `Dialect`.

Longer than 300 lines: the whole way of one request, of several recordings, and of their answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO, Final, Protocol, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hindi_stt import render
from hindi_stt.access.limits import Client
from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import error_body, error_response, state_of
from hindi_stt.api.events import answer_in_events
from hindi_stt.api.forms.transcription_request import FIELDS, LISTS, TranscriptionRequest, parse_transcription_request
from hindi_stt.api.known_speakers import with_known_speakers
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.uploads.receive import Upload, receive_upload
from hindi_stt.api.warnings_header import WARNINGS_HEADER, warnings_header
from hindi_stt.audio import Recording, count_channels
from hindi_stt.concurrency.together import run_together
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.observability.metrics import STAGES
from hindi_stt.render.formats import TEXT_FORMATS, write_text
from hindi_stt.transcription import channels
from hindi_stt.transcription.language_choice import identify_model
from hindi_stt.transcription.result_cache import fingerprint
from hindi_stt.types import Transcript

__all__ = ["Dialect", "TranscriptionResult", "handle_transcription", "transcribe"]

_PLAIN_TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class TranscriptionResult:
    """A transcript.

    Attributes:
        transcript: The transcript.
        stages_s: Seconds that each stage took for it.
        n_channels: Channels of the recording that were transcribed by themselves; 1 where they were mixed.
    """

    transcript: Transcript
    stages_s: Mapping[str, float]
    n_channels: int = 1


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a route for recordings has of its own.

    Attributes:
        body: The answer in JSON, of a result, its request and the id of the HTTP request.
        takes_several: Whether a form may have several recordings.
        negotiates: Whether the Accept header chooses the format that the fields leave open.
        plain_text: Whether every text is declared as text/plain.
        check: Refuses what the route cannot honour, before the fields are read.
        warnings: What of the request has no effect, found before the fields were read.
    """

    body: Callable[[TranscriptionResult, TranscriptionRequest, str], dict[str, Any]]
    takes_several: bool = False
    negotiates: bool = False
    plain_text: bool = False
    check: Callable[[Upload], None] = lambda _: None
    warnings: tuple[str, ...] = ()


class _Service(Protocol):
    recognizer: Recognizer


async def transcribe(self: _Service, file: Request) -> Response:
    """Transcribe a recording, or several: text, and each word with start, end (seconds) and confidence."""
    request = file
    try:
        return await handle_transcription(request, self.recognizer, _OWN)
    except HindiSTTError as error:
        return error_response(request, error)


async def handle_transcription(request: Request, recognizer: Recognizer, dialect: Dialect) -> Response:
    """Receive recordings, transcribe them, and answer.

    Args:
        request: Whose body has not been read.
        recognizer: The worker's.
        dialect: Of the route.

    Returns:
        The answer; an error of one of several recordings stands in its place.

    Raises:
        HindiSTTError: Whatever of `hindi_stt.errors` applies.
    """
    settings, state = recognizer.settings, state_of(request)
    max_files = settings.max_files if dialect.takes_several else 1
    async with contextlib.AsyncExitStack() as stack, _counting_failures(recognizer):
        recognizer.load.refuse_if_full(state.client.name)
        receiving = receive_upload(request, FIELDS, settings, lists=LISTS, max_files=max_files)
        upload = await stack.enter_async_context(receiving)
        dialect.check(upload)
        if upload.arriving is not None:
            stack.enter_context(recognizer.arriving(upload.arriving, state.client))
        request = upload.request
        accept = request.headers.get("accept", "") if dialect.negotiates else None
        parameters = parse_transcription_request(upload, recognizer, accept=accept)
        parameters = _with_warnings(parameters, dialect.warnings)
        if parameters.known_speakers:
            parameters = await with_known_speakers(recognizer, parameters)
        if len(upload.files) > 1:
            return await _answer_several(request, upload, recognizer, parameters)
        (recording,) = upload.files
        if parameters.others:
            select = _select_model(recognizer, recording, parameters, state.client)
            parameters = await unless_disconnected(request, select)
        state.facts["model"] = parameters.pipeline.tag
        if parameters.stream:
            return await answer_in_events(request, upload, recognizer, parameters, stack)
        if upload.arriving is not None:  # it was to be streamed, and is not: read the rest first
            await unless_disconnected(request, upload.arriving.ended())
        result = await unless_disconnected(request, _transcribe(recognizer, recording, parameters, state.client))
    state.facts["audio_s"] = round(result.transcript.duration_s, 3)
    body = dialect.body(result, parameters, state.request_id)
    return await _answer(recognizer, result.transcript, parameters, body, plain_text=dialect.plain_text)


def _with_warnings(parameters: TranscriptionRequest, warnings: tuple[str, ...]) -> TranscriptionRequest:
    """The parameters with more warnings, whichever of several models the language chooses."""
    if not warnings:
        return parameters
    others = tuple(replace(other, warnings=(*warnings, *other.warnings)) for other in parameters.others)
    return replace(parameters, warnings=(*warnings, *parameters.warnings), others=others)


@contextlib.asynccontextmanager
async def _counting_failures(recognizer: Recognizer) -> AsyncGenerator[None]:
    """Count the request if it fails; one that succeeds is counted when it has been transcribed."""
    try:
        yield
    except HindiSTTError:
        recognizer.metrics.requests.inc()
        raise


async def _select_model(
    recognizer: Recognizer, recording: Recording, parameters: TranscriptionRequest, client: Client
) -> TranscriptionRequest:
    """The parameters with the one of several models that knows the recording's language."""
    candidates = (parameters, *parameters.others)
    best = await identify_model(
        recording,
        [candidate.pipeline for candidate in candidates],
        recognizer.backend,
        recognizer.accounting(parameters.pipeline, client),
        recognizer.settings.request_timeout_s,
    )
    chosen = candidates[best]
    return replace(parameters, pipeline=chosen.pipeline, options=chosen.options, warnings=chosen.warnings, others=())


async def _answer_several(
    request: Request, upload: Upload, recognizer: Recognizer, parameters: TranscriptionRequest
) -> Response:
    state = state_of(request)
    _check_several(parameters)
    every = run_together(_answer_of_one(request, recording, recognizer, parameters) for recording in upload.files)
    results = await unless_disconnected(request, every)
    state.facts["audio_s"] = round(sum(result.get("duration", 0) for result in results), 3)
    return JSONResponse({"results": results, "request_id": state.request_id})


def _check_several(parameters: TranscriptionRequest) -> None:
    if parameters.stream:
        raise InvalidRequest("stream=true takes one recording: send each in a separate request.")
    if parameters.response_format not in {"json", "verbose_json", "diarized_json"}:
        raise InvalidRequest(
            f"Several recordings need response_format=json, verbose_json or diarized_json, not "
            f"{parameters.response_format}: ask for one of these, or send each recording in a separate request."
        )


async def _answer_of_one(
    request: Request, recording: Recording, recognizer: Recognizer, parameters: TranscriptionRequest
) -> dict[str, Any]:
    """One of several: what it would be alone, with the file's name, or its error."""
    state = state_of(request)
    try:
        async with _counting_failures(recognizer):
            if parameters.others:
                parameters = await _select_model(recognizer, recording, parameters, state.client)
            state.facts["model"] = parameters.pipeline.tag
            result = await _transcribe(recognizer, recording, parameters, state.client)
    except HindiSTTError as error:
        return {"file": recording.name, **error_body(request, error)}
    warnings = [*result.transcript.warnings, *parameters.warnings]
    return {"file": recording.name, **_own_body(result, parameters), "warnings": warnings}


async def _transcribe(
    recognizer: Recognizer, recording: Recording, parameters: TranscriptionRequest, client: Client
) -> TranscriptionResult:
    """One recording, or its channels in turn, or the transcript that the cache has of it."""
    cache = recognizer.cache
    if cache is None:
        return await _transcribe_channels(recognizer, recording, parameters, client)
    raw = recording.raw and asdict(recording.raw)
    facts: dict[str, Any] = {"options": asdict(parameters.options), "split": parameters.split, "raw": raw}
    if recognizer.settings.cache_shared == "off":
        facts["owner"] = client.name
    if parameters.options.speakers.diarize:
        facts["speakers"] = parameters.pipeline.speakers.bundle().tag
    file = cast("BinaryIO", recording.source)
    key = await recognizer.in_thread(lambda: fingerprint(file, parameters.pipeline.label, recognizer.settings, facts))
    if (found := await cache.get(key)) is not None:
        await recognizer.limits.count_audio(client, found.duration_s)
        recognizer.metrics.requests.inc()
        n_channels = await _n_channels(recognizer, recording, parameters)
        return TranscriptionResult(found, dict.fromkeys(STAGES, 0.0), n_channels)
    result = await _transcribe_channels(recognizer, recording, parameters, client)
    await cache.put(key, result.transcript)
    return result


async def _transcribe_channels(
    recognizer: Recognizer, recording: Recording, parameters: TranscriptionRequest, client: Client
) -> TranscriptionResult:
    pipeline, options = parameters.pipeline, parameters.options
    if not parameters.split:
        transcription = recognizer.recognize(recording, pipeline, options, client)
        return TranscriptionResult(await transcription.transcript(), transcription.stages_s)
    n_channels = await _n_channels(recognizer, recording, parameters)
    transcripts = []
    stages_s: dict[str, float] = {}
    for channel in range(n_channels):
        transcription = recognizer.recognize(replace(recording, channel=channel), pipeline, options, client)
        transcripts.append(await transcription.transcript())
        stages_s = {stage: stages_s.get(stage, 0.0) + s for stage, s in transcription.stages_s.items()}
    return TranscriptionResult(channels.merge(transcripts), stages_s, n_channels)


async def _n_channels(recognizer: Recognizer, recording: Recording, parameters: TranscriptionRequest) -> int:
    """How many channels are transcribed by themselves."""
    if not parameters.split:
        return 1
    limits = parameters.pipeline.limits
    return await recognizer.in_thread(lambda: count_channels(recording.source, limits, raw=recording.raw))


async def _answer(
    recognizer: Recognizer,
    transcript: Transcript,
    parameters: TranscriptionRequest,
    body: dict[str, Any],
    *,
    plain_text: bool = False,
) -> Response:
    """Make the response in the requested format.

    Warnings are in its body or in the header X-Warnings, and X-Model is the model's label. A thread cuts subtitles,
    which takes tenths of a second for a long recording.

    Args:
        recognizer: Holds the threads.
        transcript: The transcript.
        parameters: The request.
        body: The JSON body without warnings.
        plain_text: Whether text formats are sent as text/plain.

    Returns:
        The response.
    """
    warnings = [*transcript.warnings, *parameters.warnings]
    headers = {"X-Model": parameters.pipeline.label}
    if warnings:
        headers[WARNINGS_HEADER] = warnings_header(warnings)
    if (form := TEXT_FORMATS.get(parameters.response_format)) is not None:
        media_type = _PLAIN_TEXT if plain_text else form.media_type
        text = await recognizer.in_thread(lambda: write_text(form, transcript, paragraphs=parameters.paragraphs))
        return Response(text, media_type=f"{media_type}; charset=utf-8", headers=headers)
    return JSONResponse(body | {"warnings": warnings}, headers=headers)


def _own_body(result: TranscriptionResult, parameters: TranscriptionRequest) -> dict[str, Any]:
    transcript = result.transcript
    body = render.to_json(transcript, parameters.pipeline.label)
    if parameters.response_format == "diarized_json":
        body |= render.to_diarized_json(transcript)
    if parameters.response_format == "verbose_json" and parameters.segments:
        body["segments"] = render.verbose_segments(transcript)
    if parameters.paragraphs:
        body["paragraphs"] = render.paragraphs_json(transcript)
    if parameters.logprobs:
        body["logprobs"] = render.word_log_probs(transcript.words)
    body["timings_ms"] = {stage: round(s * 1000, 3) for stage, s in result.stages_s.items()}
    return body


_OWN: Final = Dialect(
    lambda result, parameters, request_id: _own_body(result, parameters) | {"request_id": request_id},
    takes_several=True,
    negotiates=True,
)
