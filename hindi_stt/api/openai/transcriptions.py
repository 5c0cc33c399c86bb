"""OpenAI's file API: what its clients send works here, and what cannot be honoured is refused by name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hindi_stt import render
from hindi_stt.api.answers import answer, answer_in_events, model_of, transcribe_file, usage
from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import answering, state_of
from hindi_stt.api.forms.transcription_request import FIELDS, LISTS, TranscriptionRequest, parse_transcription_request
from hindi_stt.api.language_choice import select_model
from hindi_stt.api.recognition import Recognizer
from hindi_stt.api.transcribe import counting_failures, note_model
from hindi_stt.api.uploads.receive import receive_upload
from hindi_stt.errors import InvalidRequest, TranslationNotOffered
from hindi_stt.types import Transcript

__all__ = ["openai_routes"]


def openai_routes(recognizer: Callable[[], Recognizer]) -> list[Route]:
    """The routes below /v1; recognizer: the worker's, asked for at each request."""

    async def transcribe(request: Request) -> Response:
        return await _transcribe(request, recognizer())

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": _models(recognizer())})

    async def model(request: Request) -> Response:
        name = request.path_params["model"]
        recognizer().registry.choose(name, ())
        return JSONResponse(next(entry for entry in _models(recognizer()) if entry["id"] == name))

    async def translate(_: Request) -> Response:
        raise TranslationNotOffered("This server writes down what is said, in the language in which it is said.")

    return [
        Route("/v1/audio/transcriptions", answering(transcribe), methods=["POST"]),
        Route("/v1/audio/translations", answering(translate), methods=["POST"]),
        Route("/v1/models", answering(models)),
        Route("/v1/models/{model:path}", answering(model)),
    ]


async def _transcribe(request: Request, recognizer: Recognizer) -> Response:
    state = state_of(request)
    async with contextlib.AsyncExitStack() as stack, counting_failures(recognizer):
        recognizer.load.refuse_if_full(state.client.name)
        upload = await stack.enter_async_context(receive_upload(request, FIELDS, recognizer.settings, lists=LISTS))
        if "model" not in upload.fields:
            raise InvalidRequest("The field 'model' is missing; GET /v1/models lists what it may be.", param="model")
        stack.enter_context(recognizer.arriving(upload.files[0].arriving, state.client))
        request = upload.request
        parameters = parse_transcription_request(upload, recognizer)
        (file,) = upload.files
        parameters = await unless_disconnected(request, select_model(recognizer, file, parameters))
        note_model(request, parameters)
        if parameters.stream:
            return await answer_in_events(request, file, recognizer, parameters, stack)
        if file.arriving is not None:  # it was to be streamed, and is not: read the rest first
            await unless_disconnected(request, file.arriving.ended())
        heard = await unless_disconnected(request, transcribe_file(recognizer, file, parameters, state.client))
    state.facts["audio_s"] = round(heard.transcript.duration_s, 3)
    return await answer(recognizer, heard.transcript, parameters, _body(heard.transcript, parameters), openai=True)


def _body(transcript: Transcript, parameters: TranscriptionRequest) -> dict[str, Any]:
    if parameters.response_format == "verbose_json":
        verbose = render.to_verbose_json(transcript, words=parameters.words, segments=parameters.segments)
        return verbose | {"model": model_of(parameters)} | usage(transcript)
    body: dict[str, Any] = {"text": transcript.text, "model": model_of(parameters)}
    if parameters.logprobs:
        body["logprobs"] = render.word_log_probs(transcript.words)
    return body | usage(transcript)


def _models(recognizer: Recognizer) -> list[dict[str, Any]]:
    """The models under each of their names. created is OpenAI's field; a bundle does not say.

    owned_by: the plain names of the models that answer under this name, which an alias does not tell.
    """
    return [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": ", ".join(dict.fromkeys(bundle.manifest.name for bundle in bundles)),
            "licence": ", ".join(dict.fromkeys(bundle.manifest.licence for bundle in bundles)),
            "languages": list(dict.fromkeys(bundle.manifest.language for bundle in bundles)),
        }
        for name, bundles in recognizer.registry.names.items()
    ]
