"""POST /transcribe: one recording, or several → transcripts."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hindi_stt import render
from hindi_stt.api.answers import TranscriptionResult, answer, answer_in_events, transcribe_file
from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import error_body, state_of
from hindi_stt.api.forms.transcription_request import (
    FIELDS,
    LISTS,
    TranscriptionRequest,
    negotiate,
    parse_transcription_request,
)
from hindi_stt.api.forms.values import wants_stream
from hindi_stt.api.language_choice import select_model
from hindi_stt.api.recognition import Recognizer
from hindi_stt.api.uploads.receive import UploadedFile, receive_upload
from hindi_stt.concurrency.together import run_together
from hindi_stt.errors import HindiSTTError, InvalidRequest, NotAcceptable

__all__ = ["counting_failures", "note_model", "transcribe"]

_BY_MEDIA_TYPE: Final = {
    "application/json": "json",
    "text/plain": "text",
    "application/x-subrip": "srt",
    "text/vtt": "vtt",
}


@contextlib.asynccontextmanager
async def counting_failures(recognizer: Recognizer) -> AsyncGenerator[None]:
    """Counts the request if it fails; one that succeeds is counted when it has been heard."""
    try:
        yield
    except HindiSTTError:
        recognizer.metrics.requests.inc()
        raise


def note_model(request: Request, parameters: TranscriptionRequest) -> None:
    """For the log and the ledger."""
    state_of(request).facts["model"] = parameters.model_request.pipeline.bundle.tag


async def transcribe(request: Request, recognizer: Recognizer) -> Response:
    """Raises whatever of `hindi_stt.errors` applies; an error of one of several recordings stands in its place."""
    settings, state = recognizer.settings, state_of(request)
    async with contextlib.AsyncExitStack() as stack, counting_failures(recognizer):
        recognizer.load.refuse_if_full(state.client.name)
        upload = await stack.enter_async_context(
            receive_upload(request, FIELDS, settings, lists=LISTS, max_files=settings.max_files)
        )
        stack.enter_context(recognizer.arriving(upload.files[0].arriving, state.client))
        request = upload.request
        accept = request.headers.get("accept", "")
        liked = "json" if wants_stream(upload.fields) else _liked_format(accept, len(upload.files))
        parameters = parse_transcription_request(upload, recognizer, default_format=liked)
        if len(upload.files) > 1:
            _check_several(parameters)
            every = run_together(_result(request, file, recognizer, parameters) for file in upload.files)
            results = await unless_disconnected(request, every)
            state.facts["audio_s"] = round(sum(result.get("duration", 0) for result in results), 3)
            return JSONResponse({"results": results, "request_id": state.request_id})
        (file,) = upload.files
        parameters = await unless_disconnected(request, select_model(recognizer, file, parameters))
        note_model(request, parameters)
        if parameters.stream:
            return await answer_in_events(request, file, recognizer, parameters, stack)
        if file.arriving is not None:  # it was to be streamed, and is not: read the rest first
            await unless_disconnected(request, file.arriving.ended())
        heard = await unless_disconnected(request, transcribe_file(recognizer, file, parameters, state.client))
    state.facts["audio_s"] = round(heard.transcript.duration_s, 3)
    body = _body(heard, parameters) | {"request_id": state.request_id}
    return await answer(recognizer, heard.transcript, parameters, body)


def _liked_format(accept: str, n_files: int) -> str:
    """The format that an Accept header likes best; JSON for several recordings, if it likes that at all.

    Raises:
        NotAcceptable: It names no format that is offered.
    """
    if n_files > 1:
        with contextlib.suppress(NotAcceptable):
            return negotiate(accept, {"application/json": "json"})
    return negotiate(accept, _BY_MEDIA_TYPE)


def _check_several(parameters: TranscriptionRequest) -> None:
    if parameters.stream:
        raise InvalidRequest("stream=true goes with one recording: send each in a request of its own.")
    if parameters.response_format not in {"json", "verbose_json"}:
        raise InvalidRequest(
            f"Several recordings go with response_format=json or verbose_json, not {parameters.response_format}: ask "
            "for one of these, or send each recording in a request of its own."
        )


async def _result(
    request: Request, file: UploadedFile, recognizer: Recognizer, parameters: TranscriptionRequest
) -> dict[str, Any]:
    """One of several: what it would be alone, with the file's name, or its error."""
    try:
        async with counting_failures(recognizer):
            parameters = await select_model(recognizer, file, parameters)
            note_model(request, parameters)
            heard = await transcribe_file(recognizer, file, parameters, state_of(request).client)
    except HindiSTTError as error:
        return {"file": file.name, **error_body(request, error)}
    warnings = [*heard.transcript.warnings, *parameters.model_request.warnings]
    return {"file": file.name, **_body(heard, parameters), "warnings": warnings}


def _body(heard: TranscriptionResult, parameters: TranscriptionRequest) -> dict[str, Any]:
    transcript = heard.transcript
    body = render.to_json(transcript, parameters.model_request.pipeline.bundle.tag)
    if parameters.response_format == "verbose_json" and parameters.segments:
        body["segments"] = render.verbose_segments(transcript)
    if parameters.logprobs:
        body["logprobs"] = render.word_log_probs(transcript.words)
    body["timings_ms"] = {stage: round(s * 1000, 3) for stage, s in heard.stages_s.items()}
    return body
