"""Deepgram's pre-recorded audio: POST /v1/listen, as a request of the file API whose answer has Deepgram's form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
from hindi_stt.protocols.deepgram.bodies import alternative, created_now, model_info
from hindi_stt.protocols.deepgram.query import MAX_CHANNELS, ListenQuery, parse_query
from hindi_stt.protocols.defaults import defaults_for, parse_defaults
from hindi_stt.protocols.options import best_punctuation, usable_phrases, why_no_speakers
from hindi_stt.render import paragraphs
from hindi_stt.render.speaker_labels import speaker_number
from hindi_stt.types import Transcript, Word

__all__ = ["listen"]

# Content types by which the file API knows samples without a container.
_MEDIA_TYPES: Final[Mapping[str, str]] = {"linear16": "audio/pcm", "mulaw": "audio/PCMU", "alaw": "audio/PCMA"}
_SENTENCE_ENDS: Final = tuple("।.?!॥")

_Spoken = tuple[Word, int | None]
"""A word, and the number of its speaker from 0; None where speakers are not told apart."""


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
    choice = recognizer.registry.choose(fields.get("model"), [fields["language"]] if "language" in fields else [])
    pipelines = [recognizer.pipelines[bundle.tag] for bundle in choice.bundles]
    if query.punctuated and "punctuation" not in query.parameters and fields.get("punctuation", "off") == "off":
        fields["punctuation"] = best_punctuation(pipelines)
    if query.speakers:
        no_speakers = why_no_speakers(pipelines[0], n_tracks=MAX_CHANNELS if query.multichannel else 1)
        if no_speakers:
            warnings.append(f"diarize: has no effect: {no_speakers}")
        else:
            fields |= query.speakers
    if query.phrases:
        usable, left_out = usable_phrases(query.phrases, pipelines[0])
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
        replace(transcript, segments=tuple(one for one in transcript.segments if (one.channel or 0) == channel))
        for channel in range(result.n_channels)
    ]
    utterances = [*_utterances(channels, query)] if query.utterances else []
    told_apart = parameters.options.speakers.diarize
    diarizer = {"model_uuid": parameters.pipeline.speakers.bundle().tag, "arch": "clustering"} if told_apart else {}
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
            **({"diarize_info": diarizer} if diarizer else {}),
            **({"tags": list(query.tags)} if query.tags else {}),
            **({"extra": dict(query.extra)} if query.extra else {}),
        },
        "results": {
            "channels": [_channel(channel, query) for channel in channels],
            **({"utterances": sorted(utterances, key=lambda one: one["start"])} if query.utterances else {}),
        },
    }


def _channel(transcript: Transcript, query: ListenQuery) -> dict[str, Any]:
    speakers = [speaker for _, speaker in _spoken(transcript)]
    found = alternative(transcript.words, punctuated=query.punctuated, speakers=speakers)
    if query.paragraphs:
        found["paragraphs"] = _paragraphs(transcript)
    return {
        "alternatives": [found],
        **({"detected_language": transcript.language} if query.detect_language else {}),
    }


def _paragraphs(transcript: Transcript) -> dict[str, Any]:
    """The paragraphs of the file API, each divided where a mark ends a sentence."""
    found = paragraphs(transcript)
    numbers = [speaker_number(one.speaker) for one in found]
    return {
        "transcript": "\n\n".join(
            one.text if number is None else f"Speaker {number}: {one.text}"
            for one, number in zip(found, numbers, strict=True)
        ),
        "paragraphs": [
            {
                "sentences": [
                    {"text": " ".join(word.text for word in words), **_times(words)} for words in _sentences(one.words)
                ],
                **_speaker(number),
                "num_words": len(one.words),
                **_times(one.words),
            }
            for one, number in zip(found, numbers, strict=True)
        ],
    }


def _sentences(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    start = 0
    for end, word in enumerate(words, 1):
        if end == len(words) or word.text.endswith(_SENTENCE_ENDS):
            yield words[start:end]
            start = end


def _utterances(channels: Sequence[Transcript], query: ListenQuery) -> Iterator[dict[str, Any]]:
    """The words of each channel, cut where the speaker changes and where nobody speaks for so long."""
    for channel, transcript in enumerate(channels):
        for position, part in enumerate(_split([*_spoken(transcript)], query.utt_split_s)):
            words, speakers = [word for word, _ in part], [speaker for _, speaker in part]
            found = alternative(words, punctuated=query.punctuated, speakers=speakers)
            yield {
                **_times(words),
                "confidence": found["confidence"],
                "channel": channel,
                "transcript": found["transcript"],
                "words": found["words"],
                **_speaker(speakers[0]),
                "id": f"{channel}-{position}",
            }


def _spoken(transcript: Transcript) -> Iterator[_Spoken]:
    """The words with the numbers of their speakers."""
    for segment in transcript.segments:
        for word in segment.words:
            yield word, speaker_number(segment.speaker)


def _split(words: Sequence[_Spoken], pause_s: float) -> Iterator[list[_Spoken]]:
    part: list[_Spoken] = []
    for word, speaker in words:
        if part and (word.start_s - part[-1][0].end_s >= pause_s or speaker != part[-1][1]):
            yield part
            part = []
        part.append((word, speaker))
    if part:
        yield part


def _speaker(number: int | None) -> dict[str, int]:
    return {} if number is None else {"speaker": number}


def _times(words: Sequence[Word]) -> dict[str, float]:
    return {"start": round(words[0].start_s, 3), "end": round(words[-1].end_s, 3)}
