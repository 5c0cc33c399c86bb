"""Deepgram's pre-recorded audio: POST /v1/listen, as a request of the file API whose answer has Deepgram's form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message

from hindi_stt.access.limits import Client
from hindi_stt.api.error_responses import error_body, error_headers, state_of
from hindi_stt.api.forms.transcription_request import TranscriptionRequest
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.transcribe import Dialect, TranscriptionResult, handle_transcription
from hindi_stt.errors import HindiSTTError, UrlNotAccepted
from hindi_stt.protocols.deepgram.bodies import alternative, created_now, model_info, words_json
from hindi_stt.protocols.deepgram.query import ListenQuery, parse_query
from hindi_stt.protocols.defaults import defaults_for, parse_defaults
from hindi_stt.protocols.options import usable_phrases
from hindi_stt.types import Segment, Transcript, Word

__all__ = ["listen"]

# Content types by which the file API knows samples without a container.
_MEDIA_TYPES: Final[Mapping[str, str]] = {"linear16": "audio/pcm", "mulaw": "audio/PCMU", "alaw": "audio/PCMA"}


async def listen(request: Request, recognizer: Recognizer) -> Response:
    """Transcribe a recording.

    Args:
        request: Deepgram's request, whose body has not been read.
        recognizer: The worker's.

    Returns:
        Deepgram's answer; an error has `err_code` and `err_msg`, too.
    """
    try:
        return await _listen(request, recognizer)
    except HindiSTTError as error:
        state = state_of(request)
        state.error = error
        theirs = {"err_code": error.code, "err_msg": error.message, "request_id": state.request_id}
        return JSONResponse(error_body(request, error) | theirs, error.status, error_headers(error))


async def _listen(request: Request, recognizer: Recognizer) -> Response:
    query = parse_query(request.query_params.multi_items(), recognizer.registry, live=False)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        raise UrlNotAccepted("The body is JSON, which names the address of a recording.", param="url")
    fields, warnings = _fields(query, recognizer, state_of(request).client)
    digest = hashlib.sha256()

    async def receive() -> Message:
        message = await request.receive()
        digest.update(message.get("body", b""))
        return message

    scope = {**request.scope, "query_string": urlencode(fields).encode(), "headers": _headers(request, query)}

    def body(result: TranscriptionResult, parameters: TranscriptionRequest, request_id: str) -> dict[str, Any]:
        return _body(result, parameters, request_id, query, digest.hexdigest())

    return await handle_transcription(Request(scope, receive), recognizer, Dialect(body, warnings=tuple(warnings)))


def _fields(query: ListenQuery, recognizer: Recognizer, client: Client) -> tuple[dict[str, str], list[str]]:
    """The fields of the file API, with the defaults of the client's connections, and warnings."""
    defaults = defaults_for(client.name, parse_defaults(recognizer.settings.protocol_options))
    fields, warnings = {**defaults, **query.parameters}, list(query.warnings)
    if "silence_ms" in query.parameters:
        warnings.append("silence_ms: has no effect on recordings")
    fields.pop("silence_ms", "")
    if query.multichannel:
        fields["channels"] = "split"
    if query.detect_language:
        fields["language"] = "auto"
    if query.phrases:
        choice = recognizer.registry.choose(fields.get("model"), [fields["language"]] if "language" in fields else [])
        usable, left_out = usable_phrases(query.phrases, recognizer.pipelines[choice.bundles[0].tag])
        warnings += left_out
        if hotwords := ",".join(filter(None, [*usable, fields.get("hotwords", "")])):
            fields["hotwords"] = hotwords
    return fields, warnings


def _headers(request: Request, query: ListenQuery) -> list[tuple[bytes, bytes]]:
    """The request's headers, with the type of samples without a container."""
    headers: list[tuple[bytes, bytes]] = list(request.scope["headers"])
    if query.encoding:
        media_type = f"{_MEDIA_TYPES[query.encoding]};rate={query.sample_rate};channels={query.channels}"
        others = [(name, value) for name, value in headers if name.lower() != b"content-type"]
        return [*others, (b"content-type", media_type.encode())]
    return headers


def _body(
    result: TranscriptionResult, parameters: TranscriptionRequest, request_id: str, query: ListenQuery, sha256: str
) -> dict[str, Any]:
    transcript, tag = result.transcript, parameters.pipeline.tag
    channels = [
        [segment for segment in transcript.segments if (segment.channel or 0) == channel]
        for channel in range(result.n_channels)
    ]
    utterances = [*_utterances(channels, query)] if query.utterances else []
    return {
        "metadata": {
            "transaction_key": "deprecated",
            "request_id": request_id,
            "sha256": sha256,
            "created": created_now(),
            "duration": round(transcript.duration_s, 3),
            "channels": result.n_channels,
            "models": [tag],
            "model_info": {tag: model_info(tag)},
            **({"tags": list(query.tags)} if query.tags else {}),
            **({"extra": dict(query.extra)} if query.extra else {}),
        },
        "results": {
            "channels": [_channel(segments, transcript, query) for segments in channels],
            **({"utterances": sorted(utterances, key=lambda one: one["start"])} if query.utterances else {}),
        },
    }


def _channel(segments: Sequence[Segment], transcript: Transcript, query: ListenQuery) -> dict[str, Any]:
    words = [word for segment in segments for word in segment.words]
    found = alternative(words, punctuated=query.punctuated)
    if query.paragraphs:
        found["paragraphs"] = _paragraphs(segments)
    return {
        "alternatives": [found],
        **({"detected_language": transcript.language} if query.detect_language else {}),
    }


def _paragraphs(segments: Sequence[Segment]) -> dict[str, Any]:
    """Each segment as a paragraph of one sentence."""
    spoken = [segment for segment in segments if segment.words]
    return {
        "transcript": "\n\n".join(segment.text for segment in spoken),
        "paragraphs": [
            {
                "sentences": [{"text": segment.text, **_times(segment.words)}],
                "num_words": len(segment.words),
                **_times(segment.words),
            }
            for segment in spoken
        ],
    }


def _utterances(channels: Sequence[Sequence[Segment]], query: ListenQuery) -> Iterator[dict[str, Any]]:
    """The words of each channel, cut where nobody speaks for so long."""
    for channel, segments in enumerate(channels):
        words = [word for segment in segments for word in segment.words]
        for number, part in enumerate(_split(words, query.utt_split_s)):
            found = alternative(part, punctuated=query.punctuated)
            yield {
                **_times(part),
                "confidence": found["confidence"],
                "channel": channel,
                "transcript": found["transcript"],
                "words": words_json(part, punctuated=query.punctuated),
                "id": f"{channel}-{number}",
            }


def _split(words: Sequence[Word], pause_s: float) -> Iterator[list[Word]]:
    part: list[Word] = []
    for word in words:
        if part and word.start_s - part[-1].end_s >= pause_s:
            yield part
            part = []
        part.append(word)
    if part:
        yield part


def _times(words: Sequence[Word]) -> dict[str, float]:
    return {"start": round(words[0].start_s, 3), "end": round(words[-1].end_s, 3)}
