"""Every error that a user can meet.

    HindiSTTError
    ├── RequestError                     400  the request itself is malformed
    │   ├── InvalidRequest               400
    │   ├── MissingFile                  400
    │   ├── EmptyBody                    400
    │   ├── EmptyCommit                  400  a realtime connection's
    │   ├── TranslationNotOffered        400
    │   ├── InvalidHotwords              400
    │   ├── UnknownLanguage              400
    │   ├── UnknownLanguageModel         400
    │   └── UrlNotAccepted               400
    ├── Unauthenticated                  401  no API key, or none that is known here
    │   ├── MissingKey                   401
    │   └── InvalidKey                   401
    ├── KeyRevoked                       403
    ├── HostNotAllowed                   403  asked by a name that is none of the server's
    ├── OriginNotAllowed                 403  a page of another site asks
    ├── NotFound                         404
    ├── JobsOff                          404  the server takes no jobs
    ├── JobNotFound                      404
    ├── UploadNotFound                   404
    ├── UnknownModel                     404
    ├── MethodNotAllowed                 405
    ├── NotAcceptable                    406
    ├── UploadTimeout                    408
    ├── HeaderTimeout                    408
    ├── SessionIdle                      408  a realtime connection was closed by the server
    ├── SessionExpired                   408
    ├── SlowReader                       408
    ├── ResultNotReady                   409  a job's file has no transcript yet, or none at all
    ├── UploadConflict                   409  resumable uploads (tus)
    ├── UploadIncomplete                 409
    ├── UploadProtocol                   412
    ├── TooLarge                         413  a bound on size was passed
    │   ├── BodyTooLarge                 413
    │   ├── TooManyFiles                 413
    │   └── AudioTooLong                 413
    ├── UnsupportedAudio                 415  the bytes are not audio that can be read
    ├── UnsupportedEncoding              415  a compressed body
    ├── UploadType                       415
    ├── BadReference                     422  a recording that is named instead of sent cannot be had
    │   ├── ReferenceNotAllowed          422
    │   ├── PrivateAddress               422
    │   ├── ReferenceMissing             422
    │   ├── ReferenceUnreachable         422
    │   └── DuplicateReference           422
    ├── AudioError                       422  it is audio, but cannot be transcribed
    │   ├── CorruptAudio                 422
    │   ├── TruncatedAudio               422
    │   ├── InvalidSamples               422
    │   ├── AudioTooShort                422
    │   └── TooManyChannels              422
    ├── UpgradeRequired                  426  an ordinary request to the address of a WebSocket
    ├── HeadersTooLarge                  431
    ├── ClientClosedRequest              499  the client hung up; seen in logs and metrics only
    ├── Overloaded                       429  the queue is full, come back later
    ├── TooManyConnections               429
    ├── RateLimited                      429  this client's limit is reached
    ├── TooMuchStored                    429
    ├── TooManyUploads                   429
    ├── TooManyJobs                      429
    ├── InternalError                    500
    ├── InferenceFailed                  500
    ├── WorkerLost                       500  a recording that ended its workers, again and again
    ├── DecoderLost                      503  the process that decodes was killed or stopped
    ├── RunnerUnavailable                503
    ├── ModelUnavailable                 503  one of several models cannot be loaded
    ├── JobsUnavailable                  503
    ├── LimitsUnavailable                503
    ├── KeysUnavailable                  503
    ├── StorageFull                      503
    ├── ShuttingDown                     503
    ├── Timeout                          504
    ├── NoMicrophone                     500  on the command line
    ├── BulkNotInstalled                 500  on the command line
    ├── OutputUnusable                   500  on the command line
    ├── InvalidSetting                   500  at start-up or on the command line: an environment variable is wrong
    ├── KeyFileInvalid                   500  at start-up or on the command line
    ├── LedgerUnavailable                500  at start-up or on the command line
    └── ModelError                       500  at start-up or on the command line: the model cannot be used
        ├── ModelNotFound
        ├── BundleInvalid
        ├── LanguageModelInvalid
        ├── SourceUnavailable
        ├── ChecksumMismatch
        ├── UnsafeArchive
        ├── CorruptModel
        ├── UnsupportedModel
        └── VerificationFailed

`code` is stable: clients may branch on it. `help` says what to do next. docs/errors.md is generated from this file.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import ClassVar

__all__ = [
    "AudioError",
    "AudioTooLong",
    "AudioTooShort",
    "BadReference",
    "BodyTooLarge",
    "BulkNotInstalled",
    "BundleInvalid",
    "ChecksumMismatch",
    "ClientClosedRequest",
    "CorruptAudio",
    "CorruptModel",
    "DecoderLost",
    "DuplicateReference",
    "EmptyBody",
    "EmptyCommit",
    "HeaderTimeout",
    "HeadersTooLarge",
    "HindiSTTError",
    "HostNotAllowed",
    "InferenceFailed",
    "InternalError",
    "InvalidHotwords",
    "InvalidKey",
    "InvalidRequest",
    "InvalidSamples",
    "InvalidSetting",
    "JobNotFound",
    "JobsOff",
    "JobsUnavailable",
    "KeyFileInvalid",
    "KeyRevoked",
    "KeysUnavailable",
    "LanguageModelInvalid",
    "LedgerUnavailable",
    "LimitsUnavailable",
    "MethodNotAllowed",
    "MissingFile",
    "MissingKey",
    "ModelError",
    "ModelNotFound",
    "ModelUnavailable",
    "NoMicrophone",
    "NotAcceptable",
    "NotFound",
    "OriginNotAllowed",
    "OutputUnusable",
    "Overloaded",
    "PrivateAddress",
    "RateLimited",
    "ReferenceMissing",
    "ReferenceNotAllowed",
    "ReferenceUnreachable",
    "RequestError",
    "ResultNotReady",
    "RunnerUnavailable",
    "SessionExpired",
    "SessionIdle",
    "ShuttingDown",
    "SlowReader",
    "SourceUnavailable",
    "StorageFull",
    "Timeout",
    "TooLarge",
    "TooManyChannels",
    "TooManyConnections",
    "TooManyFiles",
    "TooManyJobs",
    "TooManyUploads",
    "TooMuchStored",
    "TranslationNotOffered",
    "TruncatedAudio",
    "Unauthenticated",
    "UnknownLanguage",
    "UnknownLanguageModel",
    "UnknownModel",
    "UnsafeArchive",
    "UnsupportedAudio",
    "UnsupportedEncoding",
    "UnsupportedModel",
    "UpgradeRequired",
    "UploadConflict",
    "UploadIncomplete",
    "UploadNotFound",
    "UploadProtocol",
    "UploadTimeout",
    "UploadType",
    "UrlNotAccepted",
    "VerificationFailed",
    "WorkerLost",
    "error_types",
    "from_code",
    "from_status",
    "needing_room",
    "within",
]


class HindiSTTError(Exception):
    """Base of the tree: `code`, `status` (HTTP) and `help` are fixed per class, `message` tells this one case.

    Args:
        message: What went wrong.
        retry_after_s: Seconds after which trying again makes sense, where that is known.
        param: The request's field at fault, where it is one field's, as OpenAI's errors name it: `response_format`, or
            `session.audio.input.format.rate` in an event. By default that of the class, `default_param`.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    help: ClassVar[str] = "See docs/errors.md."
    default_param: ClassVar[str | None] = None

    def __init__(self, message: str, *, retry_after_s: float | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.param = param if param is not None else self.default_param


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
    help = "Append audio before the commit; with turn detection the server has committed what was said by itself."


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
    """A hotword that cannot be used: empty, too long, of letters that the model cannot write, or one too many."""

    code = "invalid_hotwords"
    default_param = "hotwords"
    help = "Hotwords are words or short phrases as the model writes them, each with a weight above 0, at most 10."


class UnknownLanguage(RequestError):
    """A request names a language that no model here is for, or not the model that it names."""

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


class HostNotAllowed(HindiSTTError):
    """A server without API keys is asked by a name that HINDI_STT_ALLOWED_HOSTS does not list."""

    code, status = "host_not_allowed", 403
    help = "Ask by IP address or localhost, or list the name in HINDI_STT_ALLOWED_HOSTS (* for all)."


class OriginNotAllowed(HindiSTTError):
    """A page of another site opens a realtime connection or makes a job: HINDI_STT_CORS_ORIGINS does not list it."""

    code, status = "origin_not_allowed", 403
    help = "Open the page on this server, or list its origin in HINDI_STT_CORS_ORIGINS."


class Unauthenticated(HindiSTTError):
    """It is not known who asks."""

    code, status = "unauthenticated", 401
    help = "Send the header 'Authorization: Bearer KEY'; 'hindi-stt keys new NAME' makes a key."


class MissingKey(Unauthenticated):
    """The server has API keys, and the request names none."""

    code = "missing_api_key"


class InvalidKey(Unauthenticated):
    """The request's API key is none of this server's."""

    code = "invalid_api_key"
    help = "Compare the key with what 'hindi-stt keys new' printed; its operator can make another one."


class KeyRevoked(HindiSTTError):
    """The request's API key was valid once."""

    code, status = "api_key_revoked", 403
    help = "Ask the server's operator for another key: 'hindi-stt keys new NAME'."


class NotFound(HindiSTTError):
    """No such route."""

    code, status = "not_found", 404
    help = "GET / lists the routes."


class JobsOff(HindiSTTError):
    """This server takes no jobs."""

    code, status = "jobs_off", 404
    help = "Its operator turns them on by naming a folder: HINDI_STT_JOBS_DIR."


class JobNotFound(HindiSTTError):
    """There is no job with this id, or it belongs to another key; it may have been deleted when its time was over."""

    code, status = "job_not_found", 404
    help = "GET /v1/jobs lists the jobs of this key."


class UploadNotFound(HindiSTTError):
    """There is no resumable upload with this id: it belongs to another key, has become a job, or is too old."""

    code, status = "upload_not_found", 404
    help = "Begin again with POST /v1/uploads."


class ResultNotReady(HindiSTTError):
    """A file of a job has no transcript: it has not been heard yet, has failed, or was cancelled."""

    code, status = "result_not_ready", 409
    help = "GET /v1/jobs/{id} tells the state of each file, and why one has failed."


class UploadConflict(HindiSTTError):
    """A part of a resumable upload does not begin where the last one ended, or another request is sending it."""

    code, status = "upload_conflict", 409
    help = "Ask with HEAD for Upload-Offset, and go on from there."


class UploadIncomplete(HindiSTTError):
    """A job names a resumable upload that has not come to its end."""

    code, status = "upload_incomplete", 409
    help = "Send the rest first: HEAD tells the offset."


class UploadProtocol(HindiSTTError):
    """A request of the upload protocol without Tus-Resumable: 1.0.0."""

    code, status = "upload_protocol", 412
    help = "Resumable uploads speak tus 1.0.0: https://tus.io/protocols/resumable-upload"


class UploadType(HindiSTTError):
    """A part of a resumable upload with another content type than application/offset+octet-stream."""

    code, status = "upload_type", 415
    help = "Send PATCH with Content-Type: application/offset+octet-stream."


class MethodNotAllowed(HindiSTTError):
    """The route exists, but not for this HTTP method."""

    code, status = "method_not_allowed", 405
    help = "Use a method that the message names; GET / lists the routes."


class NotAcceptable(HindiSTTError):
    """The Accept header names no format that a transcript is offered in."""

    code, status = "not_acceptable", 406
    help = "Accept application/json, text/plain, text/vtt or application/x-subrip, or send the field response_format."


class UploadTimeout(HindiSTTError):
    """The request body arrives too slowly: HINDI_STT_UPLOAD_TIMEOUT_S, HINDI_STT_MIN_UPLOAD_RATE."""

    code, status = "upload_timeout", 408
    help = "Check the connection, send a compressed format, or raise HINDI_STT_UPLOAD_TIMEOUT_S."


class HeaderTimeout(HindiSTTError):
    """The request's headers took longer than HINDI_STT_HEADER_TIMEOUT_S to arrive."""

    code, status = "header_timeout", 408
    help = "Send the headers in one piece, as every HTTP client does."


class HeadersTooLarge(HindiSTTError):
    """The request line and headers have more bytes than HINDI_STT_MAX_HEADER_BYTES."""

    code, status = "headers_too_large", 431
    help = "Send fewer or shorter headers; cookies and traces of proxies may be the long ones."


class SessionIdle(HindiSTTError):
    """Nothing came over a realtime connection for HINDI_STT_REALTIME_IDLE_S."""

    code, status = "session_idle", 408
    help = "Connect again when there is something to say; silence that is sent keeps a connection open."


class SessionExpired(HindiSTTError):
    """A realtime connection has lasted HINDI_STT_REALTIME_MAX_S."""

    code, status = "session_expired", 408
    help = "Connect again and go on."


class SlowReader(HindiSTTError):
    """A realtime client did not read its events for HINDI_STT_REALTIME_WRITE_TIMEOUT_S."""

    code, status = "slow_reader", 408
    help = "Read events while sending audio."


class TooLarge(HindiSTTError):
    """A bound on size was passed."""

    code, status = "too_large", 413
    help = "Send less at once."


class BodyTooLarge(TooLarge):
    """The request body passes HINDI_STT_MAX_BODY_BYTES."""

    code = "body_too_large"
    help = "Send a compressed format (FLAC, OGG, MP3), split the recording, or raise HINDI_STT_MAX_BODY_BYTES."


class TooManyFiles(TooLarge):
    """More recordings in one request than HINDI_STT_MAX_FILES; below /v1, more than one."""

    code = "too_many_files"
    help = "Send the recordings in several requests."


class AudioTooLong(TooLarge):
    """The decoded audio passes HINDI_STT_MAX_AUDIO_S; decoding stopped at the bound."""

    code = "audio_too_long"
    default_param = "file"
    help = "Split the recording, or raise HINDI_STT_MAX_AUDIO_S."


class UnsupportedAudio(HindiSTTError):
    """The bytes are not an audio format that can be read here."""

    code, status = "unsupported_audio", 415
    default_param = "file"
    help = "Send WAV, FLAC, OGG, MP3, M4A, WebM, AMR or WMA; convert with: ffmpeg -i INPUT -ac 1 -ar 16000 OUTPUT.wav"


class UnsupportedEncoding(HindiSTTError):
    """The request's body is compressed by a Content-Encoding, such as gzip."""

    code, status = "unsupported_encoding", 415
    help = "Send the body as it is, without Content-Encoding: FLAC and Opus are compressed already."


class BadReference(HindiSTTError):
    """A recording that is named instead of sent, and cannot be had."""

    code, status = "bad_reference", 422
    help = "Upload the file instead."


class ReferenceNotAllowed(BadReference):
    """The reference leads to where none may lead; nothing was looked up or fetched."""

    code = "reference_not_allowed"
    help = (
        "Jobs may name what is below HINDI_STT_JOBS_REFERENCES: folders (file:///srv/calls) and hosts "
        "(https://media.example.com). In bulk, items lie below --root; else they are paths, or URLs of public hosts."
    )


class PrivateAddress(BadReference):
    """The name resolves to an address that is not public; nothing was fetched."""

    code = "private_address"
    help = (
        "Give a public address, or copy the recordings to where they can be read as files. The operator may open a "
        "private network to jobs and webhooks: HINDI_STT_JOBS_PRIVATE_NETWORKS."
    )


class ReferenceMissing(BadReference):
    """There is no such file, or it is none that can be read."""

    code = "reference_missing"
    help = "Check the path, and that the workers' user may read it on every machine that has workers."


class ReferenceUnreachable(BadReference):
    """The host does not answer, or answers with something else than the file."""

    code = "reference_unreachable"
    help = "Fetch the URL from the workers' network; redirects are not followed, so give the final address."


class DuplicateReference(BadReference):
    """The reference, or a recording with the same content, stands in the same list before."""

    code = "duplicate_reference"
    help = "Take the transcript of its first occurrence."


class AudioError(HindiSTTError):
    """It is audio, but cannot be transcribed."""

    code, status = "bad_audio", 422
    default_param = "file"
    help = "Play the file to see what is wrong with it."


class CorruptAudio(AudioError):
    """The container was recognised, but decoding failed on the way."""

    code = "corrupt_audio"
    help = "The file is damaged or cut off. Send it again, or rewrite what is there: ffmpeg -i INPUT OUTPUT.wav"


class TruncatedAudio(AudioError):
    """The file holds less audio than its header promises: an interrupted upload or a full disk."""

    code = "truncated_audio"
    help = "Send the file again. To transcribe what is there, rewrite it first: ffmpeg -i INPUT OUTPUT.wav"


class InvalidSamples(AudioError):
    """Floating-point samples that are NaN, infinite, or absurdly large."""

    code = "invalid_samples"
    help = "Export the audio again as 16-bit PCM."


class AudioTooShort(AudioError):
    """Less audio than one can transcribe (HINDI_STT_MIN_AUDIO_S)."""

    code = "audio_too_short"
    help = "Send at least a tenth of a second of audio."


class TooManyChannels(AudioError):
    """More channels than HINDI_STT_MAX_CHANNELS."""

    code = "too_many_channels"
    help = "Mix the recording down first: ffmpeg -i INPUT -ac 1 OUTPUT.wav"


class UpgradeRequired(HindiSTTError):
    """An ordinary request to an address that takes WebSocket connections only."""

    code, status = "upgrade_required", 426
    help = "Open a WebSocket at this address: docs/streaming.md."


class ClientClosedRequest(HindiSTTError):
    """The client hung up before its answer was ready. Seen in logs and metrics only."""

    code, status = "client_closed_request", 499
    help = "Nothing to do on the server; raise the client's time-out if it was too short."


class Overloaded(HindiSTTError):
    """More audio is waiting than HINDI_STT_MAX_QUEUE_S; refused at once rather than answered late."""

    code, status = "overloaded", 429
    help = "Try again after the seconds in the Retry-After header, or add a machine."


class TooManyConnections(HindiSTTError):
    """As many realtime connections are open as HINDI_STT_REALTIME_CONNECTIONS allows."""

    code, status = "too_many_connections", 429
    help = "Try again when another connection has closed, or add a machine."


class RateLimited(HindiSTTError):
    """This client's limit on requests a minute, or on seconds of audio an hour, is reached."""

    code, status = "rate_limited", 429
    help = "Try again after the seconds in the Retry-After header, or ask the server's operator for a higher limit."


class TooMuchStored(HindiSTTError):
    """More of this client's audio would be stored for jobs than HINDI_STT_JOBS_MAX_STORED_BYTES allows."""

    code, status = "too_much_stored", 429
    help = "Send more when jobs have ended, or delete uploads that are not needed."


class TooManyUploads(HindiSTTError):
    """This client sends more recordings at a time, or more bytes, than it may: HINDI_STT_MAX_UPLOADS_PER_CLIENT,
    HINDI_STT_UPLOAD_SPACE_MB, HINDI_STT_STREAMED_UPLOADS.
    """

    code, status = "too_many_uploads", 429
    help = "Send fewer recordings side by side."


class TooManyJobs(HindiSTTError):
    """As many files of this client are waiting as HINDI_STT_JOBS_MAX_WAITING allows."""

    code, status = "too_many_jobs", 429
    help = "Send the next job when others have been done."


class InternalError(HindiSTTError):
    """A mistake in the server. The log has the details under the request id."""

    code, status = "internal_error", 500
    help = "Report it with the request id and the server's log."


class InferenceFailed(HindiSTTError):
    """The model could not process this clip. Others are not affected."""

    code, status = "inference_failed", 500
    help = "Try the clip again; if it fails every time, report it with the request id."


class WorkerLost(HindiSTTError):
    """The workers that were at this recording ended, as often as it is tried; out of memory, perhaps."""

    code, status = "worker_lost", 500
    help = "Look at the worker's and the system's log. Try again if something else has ended the workers."


class DecoderLost(HindiSTTError):
    """The process that decodes the recording was killed, or stood still: nothing is known against the recording."""

    code, status = "decoder_lost", 503
    help = "Send the recording again; if that happens often, see whether the server's machine has memory to spare."


class RunnerUnavailable(HindiSTTError):
    """The model runner does not answer: starting, restarting, or dead."""

    code, status = "runner_unavailable", 503
    help = "Try again in a few seconds. GET /health tells when the runner is back."


class ModelUnavailable(HindiSTTError):
    """A model is offered and cannot be loaded."""

    code, status = "model_unavailable", 503
    help = "Use another model of GET /v1/models; the server's log says what is wrong with this one."


class JobsUnavailable(HindiSTTError):
    """The database or the store of audio that jobs need cannot be used."""

    code, status = "jobs_unavailable", 503
    help = "Try again in a few seconds; on the server, look at what the settings HINDI_STT_JOBS_… name."


class ShuttingDown(HindiSTTError):
    """The server is being stopped; a realtime connection gets its last transcripts before it is closed."""

    code, status = "shutting_down", 503
    help = "Connect again in a few seconds."


class StorageFull(HindiSTTError):
    """The server has no room for this upload, or for the model: a disk is full."""

    code, status = "storage_full", 503
    help = "Try a shorter recording, or later; on the server, make room where TMPDIR and BENTOML_HOME are."


class LimitsUnavailable(HindiSTTError):
    """The Redis of HINDI_STT_LIMITS_URL does not answer: without it nobody's limit is known."""

    code, status = "limits_unavailable", 503
    help = "Try again in a few seconds; on the server, look at the Redis that HINDI_STT_LIMITS_URL names."


class KeysUnavailable(HindiSTTError):
    """HINDI_STT_KEY_FILE has not been readable for longer than HINDI_STT_KEY_GRACE_S: no key can be checked."""

    code, status = "keys_unavailable", 503
    help = "Try again in a few seconds; on the server, look at the key file: its owner, mode and content."


class Timeout(HindiSTTError):
    """No transcript, or no further segment of one, within HINDI_STT_REQUEST_TIMEOUT_S."""

    code, status = "timeout", 504
    help = "Send shorter recordings or fewer at once, or raise HINDI_STT_REQUEST_TIMEOUT_S."


class NoMicrophone(HindiSTTError):
    """On the command line: `hindi-stt listen` finds no sounddevice package, or no microphone that it can open."""

    code, status = "no_microphone", 500
    help = "Plug one in; install what reads it: .venv/bin/pip install sounddevice, apt install libportaudio2."


class BulkNotInstalled(HindiSTTError):
    """On the command line: `hindi-stt bulk` misses Ray or what it works with."""

    code, status = "bulk_not_installed", 500
    help = "In a checkout run 'make bulk', then .venv-bulk/bin/hindi-stt bulk …."


class OutputUnusable(HindiSTTError):
    """On the command line: the place for transcripts cannot be written to, or another run is writing there."""

    code, status = "output_unusable", 500
    help = "Name a folder of your own, or a URL that fsspec has the driver for: s3://… needs pip install s3fs."


class InvalidSetting(HindiSTTError):
    """At start-up or on the command line: an environment variable has a value that cannot be used."""

    code, status = "invalid_setting", 500
    help = "docs/settings.md lists the variables and what they take."


class KeyFileInvalid(HindiSTTError):
    """At start-up or on the command line: HINDI_STT_KEY_FILE cannot be used."""

    code, status = "key_file_invalid", 500
    help = "Make the file with 'hindi-stt keys new NAME'; 'hindi-stt keys list' shows what it holds."


class LedgerUnavailable(HindiSTTError):
    """At start-up or on the command line: the database of HINDI_STT_USAGE_URL cannot be used."""

    code, status = "ledger_unavailable", 500
    help = "Compare the URL with SQLAlchemy's; PostgreSQL needs its driver: pip install psycopg[binary]"


class ModelError(HindiSTTError):
    """At start-up or on the command line: the model cannot be used."""

    code, status = "model_error", 500
    help = "Run: python export_model.py MODEL.nemo"


class ModelNotFound(ModelError):
    """HINDI_STT_MODEL names neither a bundle folder nor a model in the store."""

    code = "model_not_found"
    help = "List the store with 'bentoml models list'; add a model with 'python export_model.py MODEL.nemo'."


class BundleInvalid(ModelError):
    """A file of the bundle is missing, altered, or does not fit the manifest."""

    code = "bundle_invalid"
    help = "Export the model again: python export_model.py MODEL.nemo"


class LanguageModelInvalid(ModelError):
    """A language model that is damaged, or made for another alphabet than the acoustic model's."""

    code = "language_model_invalid"
    help = "Build it again from text: hindi-stt lm build CORPUS --output MODEL.npz"


class SourceUnavailable(ModelError):
    """The model to export is not there: no such file, no network, or the server refuses."""

    code = "model_source_unavailable"
    help = "Fetch the .nemo file on a machine with a network, copy it here, then: python export_model.py MODEL.nemo"


class ChecksumMismatch(ModelError):
    """The model file does not have the SHA-256 that was asked for."""

    code = "model_checksum_mismatch"
    help = "Download the file again; if it still differs, it is another file than the one that was pinned."


class UnsafeArchive(ModelError):
    """The model file tries what no model needs: paths outside, links, devices, code. Nothing of it was run."""

    code = "unsafe_archive"
    help = "Do not use this file. Get the model from its publisher."


class CorruptModel(ModelError):
    """The model file is cut short, or its parts do not fit each other."""

    code = "corrupt_model"
    help = "Download the file again, and compare its size and SHA-256 with the publisher's."


class UnsupportedModel(ModelError):
    """A NeMo model of a kind that cannot be exported here."""

    code = "unsupported_model"
    help = "docs/models.md lists the families that can be exported: Conformer and FastConformer with a CTC head."


class VerificationFailed(ModelError):
    """The exported model does not compute what its NeMo computes."""

    code = "verification_failed"
    help = "Do not serve this bundle; report it with verification.json from the bundle's folder."


def error_types(base: type[HindiSTTError] = HindiSTTError) -> Iterator[type[HindiSTTError]]:
    """Every class of the tree, parents before children."""
    for cls in base.__subclasses__():
        yield cls
        yield from error_types(cls)


def from_code(code: str, message: str, retry_after_s: float | None = None) -> HindiSTTError:
    """The error with this code, for errors that crossed a process boundary; an unknown code is an InternalError."""
    return next((cls for cls in error_types() if cls.code == code), InternalError)(message, retry_after_s=retry_after_s)


def from_status(status: int, message: str) -> HindiSTTError:
    """The error that stands for an HTTP status which some library below us chose."""
    return {
        404: NotFound,
        405: MethodNotAllowed,
        413: BodyTooLarge,
        415: UnsupportedAudio,
        429: Overloaded,
        503: RunnerUnavailable,
        504: Timeout,
    }.get(status, InvalidRequest if status < 500 else InternalError)(message)


@contextlib.contextmanager
def within(field: str) -> Iterator[None]:
    """Have the errors of a request that are raised meanwhile name the field at fault from outside of this one.

    Args:
        field: Name of an object in the request; an error about its `rate` then has the param `field.rate`, and one
            about the object itself the param `field`.
    """
    try:
        yield
    except HindiSTTError as error:
        if error.status < InternalError.status:
            error.param = field if error.param is None else f"{field}.{error.param}"
        raise


@contextlib.contextmanager
def needing_room(what: str) -> Iterator[None]:
    """Raises StorageFull where something is written meanwhile and does not fit; what: what it is for."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise StorageFull(f"There is no room for {what} on the server's disk.") from error
