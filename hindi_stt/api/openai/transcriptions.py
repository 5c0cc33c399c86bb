"""OpenAI's file API: what its clients send works here, and what cannot be honoured is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hindi_stt import render
from hindi_stt.api.error_responses import answering
from hindi_stt.api.events import usage
from hindi_stt.api.forms.transcription_request import TranscriptionRequest
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.transcribe import Dialect, TranscriptionResult, handle_transcription
from hindi_stt.api.uploads.receive import Upload
from hindi_stt.errors import InvalidRequest, TranslationNotOffered

__all__ = ["openai_routes"]


def openai_routes(recognizer: Callable[[], Recognizer]) -> list[Route]:
    """Make the routes of the OpenAI API below /v1.

    Args:
        recognizer: Returns the worker's recognizer; called for each request.

    Returns:
        The routes.
    """

    async def transcribe(request: Request) -> Response:
        return await handle_transcription(request, recognizer(), _OPENAI)

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": _models(recognizer())})

    async def model(request: Request) -> Response:
        name = request.path_params["model"]
        recognizer().registry.choose(name, ())
        return JSONResponse(next(entry for entry in _models(recognizer()) if entry["id"] == name))

    async def translate(_: Request) -> Response:
        raise TranslationNotOffered(
            "This server transcribes speech in the language that is spoken; it does not translate."
        )

    return [
        Route("/v1/audio/transcriptions", answering(transcribe), methods=["POST"]),
        Route("/v1/audio/translations", answering(translate), methods=["POST"]),
        Route("/v1/models", answering(models)),
        Route("/v1/models/{model:path}", answering(model)),
    ]


def _check(upload: Upload) -> None:
    if "model" not in upload.fields:
        raise InvalidRequest("The field 'model' is missing; GET /v1/models lists its values.", param="model")


def _body(result: TranscriptionResult, parameters: TranscriptionRequest, _: str) -> dict[str, Any]:
    transcript = result.transcript
    paragraphs = {"paragraphs": render.paragraphs_json(transcript)} if parameters.paragraphs else {}
    if parameters.response_format == "verbose_json":
        verbose = render.to_verbose_json(transcript, words=parameters.words, segments=parameters.segments)
        return verbose | paragraphs | {"model": parameters.pipeline.tag} | usage(transcript)
    if parameters.response_format == "diarized_json":
        return render.to_diarized_json(transcript) | {"model": parameters.pipeline.tag} | usage(transcript)
    body: dict[str, Any] = {"text": transcript.text, "model": parameters.pipeline.tag}
    if parameters.logprobs:
        body["logprobs"] = render.word_log_probs(transcript.words)
    return body | paragraphs | usage(transcript)


_OPENAI: Final = Dialect(_body, plain_text=True, check=_check)


def _models(recognizer: Recognizer) -> list[dict[str, Any]]:
    """List the models under each of their names; `created` is required by OpenAI's clients and always 0.

    Args:
        recognizer: The worker's recognizer.

    Returns:
        One object per name; `owned_by` has the plain names of the models behind it, which an alias does not show.
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
