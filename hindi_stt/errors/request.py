"""Requests that are malformed, or name something that does not exist."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "ClientClosedRequest",
    "EmptyBody",
    "EmptyCommit",
    "HeaderTimeout",
    "HeadersTooLarge",
    "InvalidHotwords",
    "InvalidRequest",
    "InvalidSpeakerReference",
    "MethodNotAllowed",
    "MissingFile",
    "NotAcceptable",
    "NotFound",
    "RequestError",
    "TranslationNotOffered",
    "UnknownLanguage",
    "UnknownLanguageModel",
    "UnknownModel",
    "UpgradeRequired",
    "UrlNotAccepted",
]


class RequestError(HindiSTTError):
    """The request itself is malformed."""

    code, status = "bad_request", 400
    help = "Compare the request with the examples on the OpenAPI page."


class InvalidRequest(RequestError):
    """A field is missing, unknown, or has a value that cannot be used."""

    code = "invalid_request"


class EmptyCommit(RequestError):
    """A commit of a realtime buffer in which there is nothing to transcribe; the code is OpenAI's."""

    code = "input_audio_buffer_commit_empty"
    help = "Append audio before the commit; with turn detection the server commits audio by itself."


class MissingFile(RequestError):
    """A multipart request without a `file` part, or with an empty one."""

    code = "missing_file"
    default_param = "file"
    help = "Send the audio as a multipart file part named 'file': curl -F file=@clip.wav …"


class EmptyBody(RequestError):
    """Zero bytes where audio was expected."""

    code = "empty_audio"
    default_param = "file"
    help = "The file has no bytes. Check that the recording was written and closed before it was sent."


class UrlNotAccepted(RequestError):
    """The `file` part is text (a URL, for instance) instead of an uploaded file; it is never fetched."""

    code = "url_not_accepted"
    default_param = "file"
    help = "Download the recording yourself and upload its bytes: this server fetches nothing."


class TranslationNotOffered(RequestError):
    """Translation was asked for."""

    code = "translation_not_offered"
    help = "POST to /v1/audio/transcriptions, and translate the text."


class InvalidHotwords(RequestError):
    """A hotword is empty or too long, has letters that the model cannot write, or there are too many."""

    code = "invalid_hotwords"
    default_param = "hotwords"
    help = "Hotwords are words or short phrases as the model writes them, each with a weight above 0, at most 10."


class InvalidSpeakerReference(RequestError):
    """A known speaker's recording is not a data URL, is not audio, is too short or too long, or has no speech."""

    code = "invalid_speaker_reference"
    default_param = "known_speaker_references"
    help = "known_speaker_references[] are data URLs in base64 with 2 to 10 seconds of one voice, one for each name."


class UnknownLanguage(RequestError):
    """A request names a language that no model of this server is for, or that the named model is not for."""

    code = "unknown_language"
    default_param = "language"
    help = "GET /v1/models lists the models with their languages."


class UnknownLanguageModel(RequestError):
    """The model bundle has no language model of this name."""

    code = "unknown_language_model"
    default_param = "language_model"
    help = "Leave the language model out, or name one that the bundle has; 'hindi-stt lm add' adds one."


class UnknownModel(HindiSTTError):
    """A request names a model that is not served here."""

    code, status = "unknown_model", 404
    default_param = "model"
    help = "GET /v1/models lists the names; HINDI_STT_MODEL_ALIASES adds others."


class NotFound(HindiSTTError):
    """No such route."""

    code, status = "not_found", 404
    help = "GET / lists the routes."


class MethodNotAllowed(HindiSTTError):
    """The route exists, but not for this HTTP method."""

    code, status = "method_not_allowed", 405
    help = "Use a method that the message names; GET / lists the routes."


class NotAcceptable(HindiSTTError):
    """The Accept header names no format of a transcript."""

    code, status = "not_acceptable", 406
    help = "Accept one of the types that the message names, or send the field response_format."


class UpgradeRequired(HindiSTTError):
    """An ordinary request to an address that takes WebSocket connections only."""

    code, status = "upgrade_required", 426
    help = "Open a WebSocket at this address, ws:// or wss://: docs/streaming.md, docs/telephony.md."


class ClientClosedRequest(HindiSTTError):
    """The client disconnected before its answer was ready. Seen in logs and metrics only."""

    code, status = "client_closed_request", 499
    help = "Nothing to do on the server; raise the client's time-out if it was too short."


class HeaderTimeout(HindiSTTError):
    """The request's headers took longer than HINDI_STT_HEADER_TIMEOUT_S to arrive."""

    code, status = "header_timeout", 408
    help = "Send the headers in one piece, as every HTTP client does."


class HeadersTooLarge(HindiSTTError):
    """The request line and headers have more bytes than HINDI_STT_MAX_HEADER_BYTES."""

    code, status = "headers_too_large", 431
    help = "Send fewer or shorter headers; cookies and traces of proxies may be the long ones."
