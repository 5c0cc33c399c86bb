"""Realtime connections."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "CallNotFound",
    "CallsUnavailable",
    "NetworkNotAllowed",
    "SessionExpired",
    "SessionIdle",
    "SignatureInvalid",
    "SlowReader",
    "StartTimeout",
    "TooManyConnections",
]


class SessionIdle(HindiSTTError):
    """The client of a realtime connection sent nothing for HINDI_STT_REALTIME_IDLE_S."""

    code, status = "session_idle", 408
    help = "Connect again when there is audio to send; sending silence keeps a connection open."


class SessionExpired(HindiSTTError):
    """A realtime connection has lasted HINDI_STT_REALTIME_MAX_S."""

    code, status = "session_expired", 408
    help = "Connect again and continue."


class SlowReader(HindiSTTError):
    """A realtime client did not read its events for HINDI_STT_REALTIME_WRITE_TIMEOUT_S."""

    code, status = "slow_reader", 408
    help = "Read events while sending audio."


class TooManyConnections(HindiSTTError):
    """The number of open realtime connections has reached HINDI_STT_REALTIME_CONNECTIONS."""

    code, status = "too_many_connections", 429
    help = "Try again when another connection has closed, or add a machine."


class NetworkNotAllowed(HindiSTTError):
    """A connection without a key comes from a network that HINDI_STT_PROTOCOL_NETWORKS does not list."""

    code, status = "network_not_allowed", 403
    help = "Connect from one of these networks, or send a key where the protocol can carry one."


class StartTimeout(HindiSTTError):
    """A client of a protocol did not send its first message within ten seconds."""

    code, status = "start_timeout", 408
    help = "Send the protocol's first message as soon as the connection is open."


class SignatureInvalid(HindiSTTError):
    """The handshake of a telephony platform is not signed with the auth token of the settings."""

    code, status = "signature_invalid", 403
    help = "Compare the auth token, and set HINDI_STT_PUBLIC_URL to the address that the platform is given."


class CallNotFound(HindiSTTError):
    """This client has no call of this id that is in progress or ended a few minutes ago."""

    code, status = "call_not_found", 404
    help = "GET /v1/calls lists live calls; GET /v1/jobs has the transcripts of those that have ended."


class CallsUnavailable(HindiSTTError):
    """The Redis of HINDI_STT_CALLS_URL, which carries the events of calls, does not answer."""

    code, status = "calls_unavailable", 503
    help = "Try again in a few seconds; on the server, look at the Redis that HINDI_STT_CALLS_URL names."
