"""Errors of keys, origins and rate limits."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "HostNotAllowed",
    "InvalidKey",
    "KeyRevoked",
    "KeysUnavailable",
    "LimitsUnavailable",
    "MissingKey",
    "OriginNotAllowed",
    "RateLimited",
    "Unauthenticated",
]


class HostNotAllowed(HindiSTTError):
    """A request to a server without API keys uses a host name that HINDI_STT_ALLOWED_HOSTS does not list."""

    code, status = "host_not_allowed", 403
    help = "Use an IP address or localhost, or list the name in HINDI_STT_ALLOWED_HOSTS (* for all)."


class OriginNotAllowed(HindiSTTError):
    """A page of another site opens a realtime connection or makes a job: HINDI_STT_CORS_ORIGINS does not list it."""

    code, status = "origin_not_allowed", 403
    help = "Open the page on this server, or list its origin in HINDI_STT_CORS_ORIGINS."


class Unauthenticated(HindiSTTError):
    """The request has no valid API key."""

    code, status = "unauthenticated", 401
    help = "Send the header 'Authorization: Bearer KEY'; 'hindi-stt keys new NAME' makes a key."


class MissingKey(Unauthenticated):
    """The server has API keys, and the request has none."""

    code = "missing_api_key"


class InvalidKey(Unauthenticated):
    """The server does not know the request's API key."""

    code = "invalid_api_key"
    help = "Compare the key with what 'hindi-stt keys new' printed; the server's operator can make another one."


class KeyRevoked(HindiSTTError):
    """The request's API key has been revoked."""

    code, status = "api_key_revoked", 403
    help = "Ask the server's operator for another key: 'hindi-stt keys new NAME'."


class RateLimited(HindiSTTError):
    """This client's limit on requests a minute, or on seconds of audio an hour, is reached."""

    code, status = "rate_limited", 429
    help = "Try again after the seconds in the Retry-After header, or ask the server's operator for a higher limit."


class LimitsUnavailable(HindiSTTError):
    """The Redis of HINDI_STT_LIMITS_URL, which counts the clients' usage, does not answer."""

    code, status = "limits_unavailable", 503
    help = "Try again in a few seconds; on the server, look at the Redis that HINDI_STT_LIMITS_URL names."


class KeysUnavailable(HindiSTTError):
    """HINDI_STT_KEY_FILE has not been readable for longer than HINDI_STT_KEY_GRACE_S: no key can be checked."""

    code, status = "keys_unavailable", 503
    help = "Try again in a few seconds; on the server, look at the key file: its owner, mode and content."
