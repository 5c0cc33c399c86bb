"""Every error that a user can meet.

    HindiSTTError
    ├── RequestError                     400  the request itself is malformed
    │   ├── InvalidRequest               400
    │   ├── MissingFile                  400
    │   ├── EmptyBody                    400
    │   ├── EmptyCommit                  400  a realtime connection's
    │   ├── TranslationNotOffered        400
    │   ├── InvalidHotwords              400
    │   ├── InvalidSpeakerReference      400
    │   ├── UnknownLanguage              400
    │   ├── UnknownLanguageModel         400
    │   └── UrlNotAccepted               400
    ├── Unauthenticated                  401  no API key, or none that is known here
    │   ├── MissingKey                   401
    │   └── InvalidKey                   401
    ├── KeyRevoked                       403
    ├── HostNotAllowed                   403  asked by a name that is none of the server's
    ├── OriginNotAllowed                 403  a page of another site asks
    ├── NetworkNotAllowed                403  a connection without a key, from a network that is not listed
    ├── SignatureInvalid                 403  a telephony platform's handshake is signed otherwise
    ├── NotFound                         404
    ├── JobsOff                          404  the server takes no jobs
    ├── JobNotFound                      404
    ├── CallNotFound                     404
    ├── UploadNotFound                   404
    ├── UnknownModel                     404
    ├── MethodNotAllowed                 405
    ├── NotAcceptable                    406
    ├── UploadTimeout                    408
    ├── HeaderTimeout                    408
    ├── SessionIdle                      408  a realtime connection was closed by the server
    ├── SessionExpired                   408
    ├── SlowReader                       408
    ├── StartTimeout                     408  a connection did not say what it is
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
    ├── CallsUnavailable                 503
    ├── LimitsUnavailable                503
    ├── KeysUnavailable                  503
    ├── StorageFull                      503
    ├── ShuttingDown                     503
    ├── Timeout                          504
    ├── NoMicrophone                     500  on the command line
    ├── BulkNotInstalled                 500  on the command line
    ├── OutputUnusable                   500  on the command line
    ├── InvalidSetting                   500  at start-up or on the command line: an environment variable is wrong
    ├── IncompatiblePackage              500  at start-up: an installed package is of a version that cannot be used
    ├── KeyFileInvalid                   500  at start-up or on the command line
    ├── LedgerUnavailable                500  at start-up or on the command line
    └── ModelError                       500  at start-up or on the command line: the model cannot be used
        ├── ModelNotFound
        ├── BundleInvalid
        ├── LanguageModelInvalid
        ├── LanguageNotInModel
        ├── SourceUnavailable
        ├── SpeakersNotInstalled         501
        ├── DownloadInterrupted
        ├── ModelGated
        ├── NotAModelFile
        ├── LicenceNotAccepted
        ├── FeaturesUnknown
        ├── ExportEnvironmentMissing
        ├── ChecksumMismatch
        ├── UnsafeArchive
        ├── CorruptModel
        ├── UnsupportedModel
        └── VerificationFailed

`code` is stable: clients may branch on it. `help` says what to do next. docs/errors.md is generated from these classes.

Longer than 300 lines: the tree and the list of all errors.
"""

from hindi_stt.errors.access import (
    HostNotAllowed,
    InvalidKey,
    KeyRevoked,
    KeysUnavailable,
    LimitsUnavailable,
    MissingKey,
    OriginNotAllowed,
    RateLimited,
    Unauthenticated,
)
from hindi_stt.errors.audio import (
    AudioError,
    AudioTooLong,
    AudioTooShort,
    CorruptAudio,
    DecoderLost,
    InvalidSamples,
    TooManyChannels,
    TruncatedAudio,
    UnsupportedAudio,
)
from hindi_stt.errors.base import HindiSTTError
from hindi_stt.errors.command_line import (
    BulkNotInstalled,
    IncompatiblePackage,
    InvalidSetting,
    KeyFileInvalid,
    LedgerUnavailable,
    NoMicrophone,
    OutputUnusable,
)
from hindi_stt.errors.jobs import (
    BadReference,
    DuplicateReference,
    JobNotFound,
    JobsOff,
    JobsUnavailable,
    PrivateAddress,
    ReferenceMissing,
    ReferenceNotAllowed,
    ReferenceUnreachable,
    ResultNotReady,
    TooManyJobs,
    TooMuchStored,
    WorkerLost,
)
from hindi_stt.errors.lookup import error_types, from_code, from_status, within
from hindi_stt.errors.models import (
    BundleInvalid,
    ChecksumMismatch,
    CorruptModel,
    DownloadInterrupted,
    ExportEnvironmentMissing,
    FeaturesUnknown,
    LanguageModelInvalid,
    LanguageNotInModel,
    LicenceNotAccepted,
    ModelError,
    ModelGated,
    ModelNotFound,
    NotAModelFile,
    SourceUnavailable,
    SpeakersNotInstalled,
    UnsafeArchive,
    UnsupportedModel,
    VerificationFailed,
)
from hindi_stt.errors.realtime import (
    CallNotFound,
    CallsUnavailable,
    NetworkNotAllowed,
    SessionExpired,
    SessionIdle,
    SignatureInvalid,
    SlowReader,
    StartTimeout,
    TooManyConnections,
)
from hindi_stt.errors.request import (
    ClientClosedRequest,
    EmptyBody,
    EmptyCommit,
    HeadersTooLarge,
    HeaderTimeout,
    InvalidHotwords,
    InvalidRequest,
    InvalidSpeakerReference,
    MethodNotAllowed,
    MissingFile,
    NotAcceptable,
    NotFound,
    RequestError,
    TranslationNotOffered,
    UnknownLanguage,
    UnknownLanguageModel,
    UnknownModel,
    UpgradeRequired,
    UrlNotAccepted,
)
from hindi_stt.errors.server import (
    InferenceFailed,
    InternalError,
    ModelUnavailable,
    Overloaded,
    RunnerUnavailable,
    ShuttingDown,
    Timeout,
)
from hindi_stt.errors.uploads import (
    BodyTooLarge,
    StorageFull,
    TooLarge,
    TooManyFiles,
    TooManyUploads,
    UnsupportedEncoding,
    UploadConflict,
    UploadIncomplete,
    UploadNotFound,
    UploadProtocol,
    UploadTimeout,
    UploadType,
    needing_room,
)

__all__ = [
    "AudioError",
    "AudioTooLong",
    "AudioTooShort",
    "BadReference",
    "BodyTooLarge",
    "BulkNotInstalled",
    "BundleInvalid",
    "CallNotFound",
    "CallsUnavailable",
    "ChecksumMismatch",
    "ClientClosedRequest",
    "CorruptAudio",
    "CorruptModel",
    "DecoderLost",
    "DownloadInterrupted",
    "DuplicateReference",
    "EmptyBody",
    "EmptyCommit",
    "ExportEnvironmentMissing",
    "FeaturesUnknown",
    "HeaderTimeout",
    "HeadersTooLarge",
    "HindiSTTError",
    "HostNotAllowed",
    "IncompatiblePackage",
    "InferenceFailed",
    "InternalError",
    "InvalidHotwords",
    "InvalidKey",
    "InvalidRequest",
    "InvalidSamples",
    "InvalidSetting",
    "InvalidSpeakerReference",
    "JobNotFound",
    "JobsOff",
    "JobsUnavailable",
    "KeyFileInvalid",
    "KeyRevoked",
    "KeysUnavailable",
    "LanguageModelInvalid",
    "LanguageNotInModel",
    "LedgerUnavailable",
    "LicenceNotAccepted",
    "LimitsUnavailable",
    "MethodNotAllowed",
    "MissingFile",
    "MissingKey",
    "ModelError",
    "ModelGated",
    "ModelNotFound",
    "ModelUnavailable",
    "NetworkNotAllowed",
    "NoMicrophone",
    "NotAModelFile",
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
    "SignatureInvalid",
    "SlowReader",
    "SourceUnavailable",
    "SpeakersNotInstalled",
    "StartTimeout",
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
