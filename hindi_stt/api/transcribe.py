"""Requests with recordings: POST /transcribe, and the handler that OpenAI's route shares with it.

What differs between the two is a `Dialect`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hindi_stt import render
from hindi_stt.access.limits import Client
from hindi_stt.api.answers import TranscriptionResult, answer, answer_in_events, transcribe_file
from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import RequestState, error_body, state_of
from hindi_stt.api.forms.transcription_request import FIELDS, LISTS, TranscriptionRequest, parse_transcription_request
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.uploads.receive import Upload, UploadedFile, receive_upload
from hindi_stt.concurrency.together import run_together
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.transcription.language_choice import identify_model

__all__ = ["Dialect", "handle_transcription", "transcribe"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a route for recordings has of its own.

    Attributes:
        body: The answer in JSON, of a result, its request and the id of the HTTP request.
        takes_several: Whether a form may have several recordings.
        negotiates: Whether the Accept header chooses the format that the fields leave open.
        plain_text: Whether every text is declared as text/plain.
        check: Refuses what the route cannot honour, before the fields are read.
    """

    body: Callable[[TranscriptionResult, TranscriptionRequest, str], dict[str, Any]]
    takes_several: bool = False
    negotiates: bool = False
    plain_text: bool = False
    check: Callable[[Upload], None] = lambda _: None


async def transcribe(request: Request, recognizer: Recognizer) -> Response:
    """Answer POST /transcribe. Raises what `handle_transcription` raises."""
    return await handle_transcription(request, recognizer, _OWN)


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
        stack.enter_context(recognizer.arriving(upload.files[0].arriving, state.client))
        request = upload.request
        accept = request.headers.get("accept", "") if dialect.negotiates else None
        parameters = parse_transcription_request(upload, recognizer, accept=accept)
        if len(upload.files) > 1:
            return await _answer_several(request, upload, recognizer, parameters)
        (file,) = upload.files
        parameters = await unless_disconnected(request, _select_model(recognizer, file, parameters, state.client))
        _note_model(state, parameters)
        if parameters.stream:
            return await answer_in_events(request, file, recognizer, parameters, stack)
        if file.arriving is not None:  # it was to be streamed, and is not: read the rest first
            await unless_disconnected(request, file.arriving.ended())
        result = await unless_disconnected(request, transcribe_file(recognizer, file, parameters, state.client))
    state.facts["audio_s"] = round(result.transcript.duration_s, 3)
    body = dialect.body(result, parameters, state.request_id)
    return await answer(recognizer, result.transcript, parameters, body, plain_text=dialect.plain_text)


@contextlib.asynccontextmanager
async def _counting_failures(recognizer: Recognizer) -> AsyncGenerator[None]:
    """Count the request if it fails; one that succeeds is counted when it has been transcribed."""
    try:
        yield
    except HindiSTTError:
        recognizer.metrics.requests.inc()
        raise


def _note_model(state: RequestState, parameters: TranscriptionRequest) -> None:
    """For the log and the ledger."""
    state.facts["model"] = parameters.pipeline.bundle.tag


async def _select_model(
    recognizer: Recognizer, file: UploadedFile, parameters: TranscriptionRequest, client: Client
) -> TranscriptionRequest:
    """The parameters with one model: of several, the one that knows the recording's language."""
    if not parameters.others:
        return parameters
    candidates = (parameters, *parameters.others)
    best = await identify_model(
        file.recording,
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
    every = run_together(_answer_of_one(request, file, recognizer, parameters) for file in upload.files)
    results = await unless_disconnected(request, every)
    state.facts["audio_s"] = round(sum(result.get("duration", 0) for result in results), 3)
    return JSONResponse({"results": results, "request_id": state.request_id})


def _check_several(parameters: TranscriptionRequest) -> None:
    if parameters.stream:
        raise InvalidRequest("stream=true goes with one recording: send each in a request of its own.")
    if parameters.response_format not in {"json", "verbose_json"}:
        raise InvalidRequest(
            f"Several recordings go with response_format=json or verbose_json, not {parameters.response_format}: ask "
            "for one of these, or send each recording in a request of its own."
        )


async def _answer_of_one(
    request: Request, file: UploadedFile, recognizer: Recognizer, parameters: TranscriptionRequest
) -> dict[str, Any]:
    """One of several: what it would be alone, with the file's name, or its error."""
    state = state_of(request)
    try:
        async with _counting_failures(recognizer):
            parameters = await _select_model(recognizer, file, parameters, state.client)
            _note_model(state, parameters)
            result = await transcribe_file(recognizer, file, parameters, state.client)
    except HindiSTTError as error:
        return {"file": file.name, **error_body(request, error)}
    warnings = [*result.transcript.warnings, *parameters.warnings]
    return {"file": file.name, **_own_body(result, parameters), "warnings": warnings}


def _own_body(result: TranscriptionResult, parameters: TranscriptionRequest) -> dict[str, Any]:
    transcript = result.transcript
    body = render.to_json(transcript, parameters.pipeline.bundle.tag)
    if parameters.response_format == "verbose_json" and parameters.segments:
        body["segments"] = render.verbose_segments(transcript)
    if parameters.logprobs:
        body["logprobs"] = render.word_log_probs(transcript.words)
    body["timings_ms"] = {stage: round(s * 1000, 3) for stage, s in result.stages_s.items()}
    return body


_OWN: Final = Dialect(
    lambda result, parameters, request_id: _own_body(result, parameters) | {"request_id": request_id},
    takes_several=True,
    negotiates=True,
)
