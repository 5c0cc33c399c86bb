"""Faults and overload of the server itself."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "InferenceFailed",
    "InternalError",
    "ModelUnavailable",
    "Overloaded",
    "RunnerUnavailable",
    "ShuttingDown",
    "Timeout",
]


class Overloaded(HindiSTTError):
    """More audio is waiting than HINDI_STT_MAX_QUEUE_S; refused at once rather than answered late."""

    code, status = "overloaded", 429
    help = "Try again after the seconds in the Retry-After header, or add a machine."


class InternalError(HindiSTTError):
    """An unexpected error in the server. The log has the details under the request id."""

    code, status = "internal_error", 500
    help = "Report it with the request id and the server's log."


class InferenceFailed(HindiSTTError):
    """The model could not process this clip. Others are not affected."""

    code, status = "inference_failed", 500
    help = "Try the clip again; if it fails every time, report it with the request id."


class RunnerUnavailable(HindiSTTError):
    """The model runner does not answer: it is starting, restarting, or has ended."""

    code, status = "runner_unavailable", 503
    help = "Try again in a few seconds. GET /health shows when the runner is back."


class ModelUnavailable(HindiSTTError):
    """A served model cannot be loaded."""

    code, status = "model_unavailable", 503
    help = "Use another model of GET /v1/models; the server's log has the reason."


class ShuttingDown(HindiSTTError):
    """The server is being stopped; a realtime connection gets its last transcripts before it is closed."""

    code, status = "shutting_down", 503
    help = "Connect again in a few seconds."


class Timeout(HindiSTTError):
    """No transcript, or no further segment of one, within HINDI_STT_REQUEST_TIMEOUT_S."""

    code, status = "timeout", 504
    help = "Send shorter recordings or fewer at once, or raise HINDI_STT_REQUEST_TIMEOUT_S."
