"""Settings of stored data, log and traces."""

from __future__ import annotations

from typing import ClassVar, Literal

from hindi_stt.settings.fields import SettingsGroup, setting

__all__ = ["OperationSettings", "StorageSettings"]


class StorageSettings(SettingsGroup):
    """The cache of transcripts, and the ledger of usage."""

    title: ClassVar[str] = "Cache and usage"

    cache_url: str = setting(
        "",
        "Where transcripts are kept for recordings that come again: memory, or redis://HOST:PORT. Empty: nowhere.",
        example="memory",
        pattern=r"^(memory|rediss?://.+)?$",
    )
    cache_ttl_s: float = setting(
        86_400.0, "Time for which transcripts are kept in the cache.", example="3600", unit="seconds", gt=0
    )
    cache_mb: int = setting(
        64, "Size of the cache of transcripts in the memory of each API worker.", example="256", unit="MiB", gt=0
    )
    cache_shared: Literal["off", "on"] = setting(
        "off",
        "on: a client gets the transcript of another client's recording where it sends the same one, so that response "
        "times reveal whether another client has sent it before.",
        example="on",
    )
    usage_url: str = setting(
        "",
        "Database for a row on each request (time, key, seconds, status; never text), as SQLAlchemy names it: "
        "sqlite:///usage.db, postgresql+psycopg://… Empty: none.",
        example="sqlite:////var/lib/hindi-stt/usage.db",
    )


class OperationSettings(SettingsGroup):
    """Runtime files, the log and traces."""

    title: ClassVar[str] = "Operation"

    runtime_dir: str = setting(
        "",
        "Existing folder in which each server makes one of its own for locks and metrics, about 1 MB a process; best "
        "not on the disk that uploads can fill. Empty: /dev/shm, or else the folder for temporary files.",
        example="/run/hindi-stt",
    )
    worker_start: Literal["fork", "spawn"] = setting(
        "fork",
        "How the supervisor starts API workers and the runner. fork (on Linux): as copies of itself, which have "
        "imported, read and checked what they need, and share memory with it. spawn: as new interpreters, for tools "
        "that cannot follow a fork; `bentoml serve --reload` always does.",
        example="spawn",
    )
    log_format: Literal["text", "json"] = setting("text", "Form of the log: plain lines, or JSON.", example="json")
    traces_url: str = setting(
        "",
        "Where a collector takes OpenTelemetry traces, OTLP over HTTP: http://HOST:4318/v1/traces. Empty: nowhere.",
        example="http://collector.example.com:4318/v1/traces",
        pattern=r"^(https?://.+)?$",
    )
    traces_share: float = setting(
        1.0,
        "Share of the requests that are traced, where the caller has not decided it.",
        example="0.1",
        unit="share",
        ge=0,
        le=1,
    )
