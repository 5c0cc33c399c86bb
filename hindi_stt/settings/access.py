"""Settings of API keys, limits and origins."""

from __future__ import annotations

from typing import ClassVar, Literal

from hindi_stt.settings.fields import SettingsGroup, setting, split_list

__all__ = ["AccessSettings", "LimitSettings"]


class AccessSettings(SettingsGroup):
    """Settings of access to the server."""

    title: ClassVar[str] = "API keys and origins"

    key_file: str = setting(
        "",
        "File of API keys, as 'hindi-stt keys' makes it. Empty: anybody may use the server.",
        example="/etc/hindi-stt/keys.json",
    )
    key_grace_s: float = setting(
        60.0,
        "Where the key file cannot be read any more, the keys last read stay valid for this long; then requests are "
        "refused.",
        example="600",
        unit="seconds",
        ge=0,
    )
    token_secret: str = setting(
        "",
        "Signs the short-lived tokens of realtime connections; replicas have to share it. Empty: the server makes one "
        "for itself.",
        example="$(openssl rand -base64 32)",
    )
    allowed_hosts: str = setting(
        "",
        "Host names, separated by commas, to which a server without API keys answers in addition to localhost and IP "
        "addresses; * for all. With keys, empty means all.",
        example="stt.example.com,hindi-stt",
    )
    trusted_proxies: str = setting(
        "",
        "Addresses and networks, with commas between, whose X-Forwarded-For is taken as the client's address; * for "
        "all. Empty: those of FORWARDED_ALLOW_IPS, or none.",
        example="10.0.0.5,10.1.0.0/16",
    )
    cors_origins: str = setting(
        "",
        "Origins, with commas between, whose pages may use this server; * for all. Empty: none.",
        example="https://app.example.com",
    )

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins that may use this server from a browser."""
        return split_list(self.cors_origins)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names that the server answers to, in lower case."""
        return split_list(self.allowed_hosts.lower())


class LimitSettings(SettingsGroup):
    """Limits of each key, or of each address where the server has no keys."""

    title: ClassVar[str] = "Limits for each client"

    requests_per_minute: int = setting(
        0,
        "POST requests of each key, or of each address without keys. 0: no limit.",
        example="60",
        unit="requests per minute",
        ge=0,
    )
    audio_s_per_hour: float = setting(
        0.0,
        "Audio that each key, or each address without keys, may send. 0: no limit.",
        example="36000",
        unit="seconds of audio per hour",
        ge=0,
    )
    max_uploads_per_client: int = setting(
        256,
        "Most recordings that a client may be sending to an API worker at a time.",
        example="32",
        unit="recordings",
        gt=0,
    )
    limits_url: str = setting(
        "",
        "Redis that counts for all replicas: redis://HOST:PORT. Empty: each API worker counts by itself.",
        example="redis://redis.example.com:6379",
        pattern=r"^(rediss?://.+)?$",
    )
    limits_without_redis: Literal["refuse", "count"] = setting(
        "refuse",
        "While that Redis does not answer: refuse clients that have limits (503), or count for each API worker alone.",
        example="count",
    )
