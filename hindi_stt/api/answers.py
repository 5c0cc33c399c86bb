"""Answers to requests for transcripts: in one piece, or as server-sent events."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hindi_stt import render
from hindi_stt.access.limits import Client
from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import error_body, state_of
from hindi_stt.api.forms.transcription_request import TranscriptionRequest
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.server_sent_events import EventStream, event
from hindi_stt.api.uploads.receive import UploadedFile
from hindi_stt.api.uploads.streaming_upload import Arriving
from hindi_stt.errors import HindiSTTError
from hindi_stt.observability.metrics import STAGES
from hindi_stt.render.formats import TEXT_FORMATS
from hindi_stt.transcription import channels
from hindi_stt.transcription.recording import Recording, Transcription
from hindi_stt.transcription.result_cache import fingerprint
from hindi_stt.types import Transcript

__all__ = ["TranscriptionResult", "answer", "answer_in_events", "model_of", "transcribe_file", "usage"]

_PLAIN_TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class TranscriptionResult:
    """A transcript, and the seconds that each stage took for it."""

    transcript: Transcript
    stages_s: Mapping[str, float]


async def transcribe_file(
    recognizer: Recognizer, uploaded: UploadedFile, parameters: TranscriptionRequest, client: Client
) -> TranscriptionResult:
    """Transcribe one recording, or its channels in turn, or find the transcript that the cache has of it.

    Args:
        recognizer: The worker's.
        uploaded: The recording, whole.
        parameters: What is asked for, with one model.
        client: Whose it is.

    Raises:
        HindiSTTError: What `Transcription.transcript` raises.
    """
    cache = recognizer.cache
    if cache is None:
        return await _transcribe_channels(recognizer, uploaded.recording, parameters, client)
    raw = uploaded.recording.raw
    facts = {"options": asdict(parameters.options), "split": parameters.split, "raw": raw and asdict(raw)}
    if recognizer.settings.cache_shared == "off":
        facts["owner"] = client.name
    model = model_of(parameters)
    key = await recognizer.in_thread(lambda: fingerprint(uploaded.file, model, recognizer.settings, facts))
    if (found := await cache.get(key)) is not None:
        await recognizer.limits.count_audio(client, found.duration_s)
        recognizer.metrics.requests.inc()
        return TranscriptionResult(found, dict.fromkeys(STAGES, 0.0))
    result = await _transcribe_channels(recognizer, uploaded.recording, parameters, client)
    await cache.put(key, result.transcript)
    return result


async def _transcribe_channels(
    recognizer: Recognizer, recording: Recording, parameters: TranscriptionRequest, client: Client
) -> TranscriptionResult:
    pipeline, options = parameters.pipeline, parameters.options
    if not parameters.split:
        transcription = recognizer.recognize(recording, pipeline, options, client)
        return TranscriptionResult(await transcription.transcript(), transcription.stages_s)
    n_channels = await recognizer.in_thread(lambda: pipeline.count_channels(recording.source, raw=recording.raw))
    transcripts = []
    stages_s: dict[str, float] = {}
    for channel in range(n_channels):
        transcription = recognizer.recognize(replace(recording, channel=channel), pipeline, options, client)
        transcripts.append(await transcription.transcript())
        stages_s = {stage: stages_s.get(stage, 0.0) + s for stage, s in transcription.stages_s.items()}
    return TranscriptionResult(channels.merge(transcripts), stages_s)


async def answer(
    recognizer: Recognizer,
    transcript: Transcript,
    parameters: TranscriptionRequest,
    body: dict[str, Any],
    *,
    plain_text: bool = False,
) -> Response:
    """Build the response in the format that was asked for.

    Args:
        recognizer: The worker's. Its threads cut subtitles, which takes tenths of a second for a long recording.
        transcript: What was said.
        parameters: The request, with its response format.
        body: The answer in JSON.
        plain_text: Whether every text is declared as text/plain, as OpenAI's API does.

    Returns:
        The response; warnings are in its body or in the header X-Warnings, and X-Model is the tag of the model.
    """
    warnings = [*transcript.warnings, *parameters.warnings]
    headers = {"X-Model": model_of(parameters)}
    if warnings:
        headers["X-Warnings"] = ", ".join(quote(text, safe=" =:,;'()") for text in warnings)
    if (form := TEXT_FORMATS.get(parameters.response_format)) is not None:
        media_type = _PLAIN_TEXT if plain_text else form.media_type
        text = await recognizer.in_thread(lambda: form.write(transcript))
        return Response(text, media_type=f"{media_type}; charset=utf-8", headers=headers)
    return JSONResponse(body | {"warnings": warnings}, headers=headers)


async def answer_in_events(
    request: Request,
    uploaded: UploadedFile,
    recognizer: Recognizer,
    parameters: TranscriptionRequest,
    resources: contextlib.AsyncExitStack,
) -> Response:
    """The segments as soon as they are final, as OpenAI's events.

    resources: what the answer needs until it has ended.
    """
    arriving = uploaded.arriving
    client = state_of(request).client
    transcription = recognizer.recognize(uploaded.recording, parameters.pipeline, parameters.options, client)
    events = _events(request, transcription, parameters, arriving)
    # Whatever goes wrong before the first words still has a status of its own.
    first = await unless_disconnected(request, anext(events))
    return EventStream(request, first, events, resources.pop_all(), recognizer.settings.request_timeout_s)


def model_of(parameters: TranscriptionRequest) -> str:
    """Tag of the model of a request, whatever alias named it."""
    return parameters.pipeline.bundle.tag


def usage(transcript: Transcript) -> dict[str, Any]:
    """What OpenAI bills by: seconds."""
    return {"usage": {"type": "duration", "seconds": round(transcript.duration_s, 3)}}


async def _events(
    request: Request, transcription: Transcription, parameters: TranscriptionRequest, arriving: Arriving | None
) -> AsyncGenerator[bytes]:
    """transcript.text.delta for each segment; then transcript.text.done, or the error that ended it."""
    begun = False
    try:
        async with contextlib.aclosing(transcription.segments()) as segments:
            async for segment in segments:
                delta: dict[str, Any] = {"type": "transcript.text.delta", "delta": " " * begun + segment.text}
                if parameters.logprobs:
                    delta["logprobs"] = render.word_log_probs(segment.words)
                yield event(delta)
                begun = True
        if arriving is not None:
            await arriving.ended()
    except HindiSTTError as found:
        # What is wrong with the upload looks from here as if the recording was cut off.
        error = (arriving.error if arriving is not None else None) or found
        if not begun:
            raise error from found
        state_of(request).error = error
        yield event(error_body(request, error))
        return
    transcript = transcription.result
    state_of(request).facts["audio_s"] = round(transcript.duration_s, 3)
    done: dict[str, Any] = {"type": "transcript.text.done", "text": transcript.text, "model": model_of(parameters)}
    done |= usage(transcript)
    if parameters.logprobs:
        done["logprobs"] = render.word_log_probs(transcript.words)
    yield event(done | {"warnings": [*transcript.warnings, *parameters.warnings]})
