"""Answers to requests for transcripts as server-sent events, as OpenAI's API has them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hindi_stt import render
from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import error_body, state_of
from hindi_stt.api.forms.transcription_request import TranscriptionRequest
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.server_sent_events import EventStream, event
from hindi_stt.api.uploads.receive import Upload
from hindi_stt.api.uploads.streaming_upload import Arriving
from hindi_stt.errors import HindiSTTError
from hindi_stt.transcription.recording import Transcription
from hindi_stt.types import Transcript

__all__ = ["answer_in_events", "usage"]


async def answer_in_events(
    request: Request,
    upload: Upload,
    recognizer: Recognizer,
    parameters: TranscriptionRequest,
    resources: contextlib.AsyncExitStack,
) -> Response:
    """Answer with the segments as soon as they are final, as OpenAI's events.

    Args:
        request: The one to watch for a client that goes.
        upload: With one recording.
        recognizer: The worker's recognizer.
        parameters: What is asked for, with one model.
        resources: What the answer needs until it has ended.

    Returns:
        The stream of events.

    Raises:
        HindiSTTError: Whatever goes wrong before the first words.
    """
    (recording,) = upload.files
    client = state_of(request).client
    transcription = recognizer.recognize(recording, parameters.pipeline, parameters.options, client)
    events = _events(request, transcription, parameters, upload.arriving)
    # Whatever goes wrong before the first words still has a status of its own.
    first = await unless_disconnected(request, anext(events))
    return EventStream(request, first, events, resources.pop_all(), recognizer.settings.request_timeout_s)


def usage(transcript: Transcript) -> dict[str, Any]:
    """The field `usage` of OpenAI's answers, which bills by seconds."""
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
    done: dict[str, Any] = {"type": "transcript.text.done", "text": transcript.text, "model": parameters.pipeline.tag}
    done |= usage(transcript)
    if parameters.logprobs:
        done["logprobs"] = render.word_log_probs(transcript.words)
    yield event(done | {"warnings": [*transcript.warnings, *parameters.warnings]})
