"""Every setting, in one class, read from the environment under one prefix: HINDI_STT_."""

from __future__ import annotations

import difflib
import functools
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hindi_stt.errors import InvalidSetting
from hindi_stt.types import Nasals, Nukta, Numerals, Punctuation, Script

__all__ = ["Settings", "available_cores", "get_settings", "shown", "unknown_variables", "variable"]

_PREFIX: Final = "HINDI_STT_"
# What clients for OpenAI ask for unless they are told otherwise.
_OPENAI_MODELS: Final = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-03-20",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
)
# Variables of the tests, and those that Kubernetes sets in every pod beside a Service named hindi-stt.
_OTHERS: Final = re.compile(r"HINDI_STT_(TEST_.*|FUZZ_.*|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?)")
# Past these bounds, timers and resource limits of the operating system overflow.
_MAX_NUMBER: Final = 2**50
_MAX_SECONDS: Final = 1e9
_PASSWORD: Final = re.compile(r"(?<=://)[^/@]*@")
_OF_ONE_LANGUAGE: Final = (
    "language_model",
    "hotwords_file",
    "numerals",
    "script",
    "punctuation",
    "mask",
    "nukta",
    "nasals",
)


def available_cores() -> int:
    """CPU cores this process may really use: its affinity mask, cut down to the cgroup's CPU quota (v2, then v1)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(cores, int(quota))) if quota else cores


def _cgroup_quota() -> float | None:
    """CPU quota in cores, or None where there is no limit."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        v1 = Path("/sys/fs/cgroup/cpu")
        v1_limit, v1_period = (int((v1 / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        return v1_limit / v1_period if v1_limit > 0 else None
    except (OSError, ValueError):
        return None


class Settings(BaseSettings):
    """One field per setting; the environment variable is the field's name in capitals after HINDI_STT_."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore", allow_inf_nan=False)

    model: str = Field("", description="Bundle folder, or tag in the BentoML model store. Empty: the embedded model.")
    models: str = Field(
        "", description="More models beside that one, with commas between: bundle folders, or tags in the store."
    )
    model_aliases: str = Field(
        ",".join(_OPENAI_MODELS),
        description="Further names, with commas between, that requests may use. They mean any model: the language "
        "decides, or else it is the first.",
    )
    other_languages: Literal["warn", "refuse"] = Field(
        "warn",
        description="A request for a language that the server has no model for, where it has models for one language "
        "only: that one is transcribed, with a warning, or the request is refused.",
    )
    model_loading: Literal["start", "use"] = Field(
        "start", description="When further models are loaded: with the server, or by the first request that needs them."
    )
    model_memory_mb: int = Field(
        0,
        ge=0,
        description="Bound on the ONNX files of the loaded models together, in MiB: past it, the one not used for "
        "longest is let go; the first stays. 0: no bound.",
    )

    max_body_bytes: int = Field(500 * 2**20, gt=0, description="Largest request body, in bytes.")
    upload_space_mb: int = Field(
        0,
        ge=0,
        description="Most bytes of request bodies that an API worker holds on the disk at a time, in MiB. 0: four "
        "fifths of the file system of TMPDIR, shared by the workers.",
    )
    max_files: int = Field(32, gt=0, description="Most recordings in one request to /transcribe.")
    max_audio_s: float = Field(14_400.0, gt=0, description="Longest recording, in seconds after decoding.")
    max_segment_s: float = Field(
        16.0, ge=4, description="Longer recordings are cut at pauses into segments up to this, in seconds."
    )
    segments_in_flight: int = Field(
        16, gt=0, description="Most segments of one recording that are at the runner, or wait for it, at a time."
    )
    min_audio_s: float = Field(0.1, ge=0, description="Shortest recording, in seconds.")
    max_channels: int = Field(8, gt=0, le=65_535, description="Most channels in a recording.")
    decoder_cpu_s: int = Field(
        300, gt=0, description="What libsndfile cannot read is decoded in a process: its CPU time, in seconds."
    )
    decoder_memory_mb: int = Field(1024, gt=0, description="The same process: its address space, in MiB.")
    decoder_wait_s: float = Field(30.0, gt=0, description="The same process: longest wait for its next block, in s.")
    max_queue_s: float = Field(3600.0, gt=0, description="Most audio in progress per API worker, in seconds.")
    client_share: float = Field(
        0.75,
        gt=0,
        le=1,
        description="The part of each bound of a worker (audio in progress, realtime connections, streamed uploads, "
        "bytes of uploads, calls to the runner) that one client may fill: a key's owner, or an address without keys.",
    )
    max_header_bytes: int = Field(
        65_536, ge=8_192, description="Most bytes of a request line with its headers; up to twice as many may pass."
    )
    header_timeout_s: float = Field(
        20.0, gt=0, description="Longest time for receiving a request's headers, from their first byte, in seconds."
    )
    max_idle_connections: int = Field(
        512,
        gt=0,
        description="Most connections of an API worker that have no request; past it, or past a quarter of the "
        "descriptors that the system allows, the oldest one of the address with the most is closed.",
    )
    upload_timeout_s: float = Field(60.0, gt=0, description="Longest time for receiving a request body, in seconds.")
    min_upload_rate: float = Field(
        131_072.0, gt=0, description="A long body gets more time: a second for each so many bytes that have arrived."
    )
    request_timeout_s: float = Field(
        120.0, gt=0, description="Longest wait for a transcript, and for each further segment of it, in seconds."
    )

    streamed_uploads: int = Field(
        64, gt=0, description="Most recordings that are transcribed while they arrive (stream=true), per API worker."
    )
    realtime_connections: int = Field(64, ge=0, description="Most realtime connections per API worker.")
    realtime_idle_s: float = Field(60.0, gt=0, description="A realtime connection is closed after this silence, in s.")
    realtime_max_s: float = Field(3600.0, gt=0, description="Longest realtime connection, in seconds.")
    realtime_buffer_s: float = Field(
        30.0, gt=0, description="Audio of a realtime connection that may wait to be heard; then reading stops, in s."
    )
    realtime_write_timeout_s: float = Field(
        10.0, gt=0, description="Longest wait for a realtime client to take an event, in seconds."
    )
    page: Literal["on", "off"] = Field("on", description="The page at /ui.")
    key_file: str = Field("", description="File of API keys, as 'hindi-stt keys' makes it. Empty: open to everybody.")
    key_grace_s: float = Field(
        60.0,
        ge=0,
        description="Where the key file cannot be read any more, its last keys are good for so long, in seconds; then "
        "requests are refused.",
    )
    token_secret: str = Field(
        "",
        description="Signs the short-lived tokens of realtime connections; replicas have to share it. Empty: one that "
        "this server makes for itself.",
    )
    requests_per_minute: int = Field(
        0, ge=0, description="POST requests a minute for each key, or each address without keys. 0: no limit."
    )
    audio_s_per_hour: float = Field(0.0, ge=0, description="Seconds of audio an hour for each of them. 0: no limit.")
    limits_url: str = Field(
        "",
        pattern=r"^(rediss?://.+)?$",
        description="Redis that counts for all replicas: redis://HOST:PORT. Empty: each API worker counts by itself.",
    )
    limits_without_redis: Literal["refuse", "count"] = Field(
        "refuse",
        description="While that Redis does not answer: refuse clients that have limits (503), or count for each API "
        "worker alone.",
    )
    max_uploads_per_client: int = Field(
        256, gt=0, description="Most recordings that a client may be sending to an API worker at a time."
    )
    allowed_hosts: str = Field(
        "",
        description="Names, with commas between, by which clients may ask a server without API keys, beside localhost "
        "and IP addresses; * for all. With keys, empty means all.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses and networks, with commas between, whose X-Forwarded-For tells a client's address; * "
        "for all. Empty: those of FORWARDED_ALLOW_IPS, or none.",
    )
    cors_origins: str = Field(
        "", description="Origins, with commas between, whose pages may use this server; * for all. Empty: none."
    )

    cache_url: str = Field(
        "",
        pattern=r"^(memory|rediss?://.+)?$",
        description="Where transcripts are kept for recordings that come again: memory, or redis://HOST:PORT. "
        "Empty: nowhere.",
    )
    cache_ttl_s: float = Field(86_400.0, gt=0, description="How long they are kept, in seconds.")
    cache_mb: int = Field(64, gt=0, description="How much of them each API worker keeps in memory, in MiB.")
    cache_shared: Literal["off", "on"] = Field(
        "off",
        description="on: a client gets what another client's recording was transcribed to, so that answer times tell "
        "whether somebody has sent the same one.",
    )
    usage_url: str = Field(
        "",
        description="Database for a row on each request (time, key, seconds, status; never text), as SQLAlchemy names "
        "it: sqlite:///usage.db, postgresql+psycopg://… Empty: none.",
    )

    runtime_dir: str = Field(
        "",
        description="Existing folder in which each server makes one of its own for locks and metrics, about 1 MB a "
        "process; best not on the disk that uploads can fill. Empty: /dev/shm, or else the folder for temporary files.",
    )
    log_format: Literal["text", "json"] = Field("text", description="Form of the log: lines to read, or JSON.")
    traces_url: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="Where a collector takes OpenTelemetry traces, OTLP over HTTP: http://HOST:4318/v1/traces. "
        "Empty: nowhere.",
    )
    traces_share: float = Field(
        1.0, ge=0, le=1, description="Share of the requests that are traced, where the caller has not decided it."
    )
    jobs_dir: str = Field(
        "",
        description="Folder for jobs: database, queue and audio, unless the next three say otherwise. Empty: no jobs.",
    )
    jobs_url: str = Field(
        "", description="Database of jobs and transcripts, as SQLAlchemy names it. Empty: SQLite in HINDI_STT_JOBS_DIR."
    )
    jobs_queue_url: str = Field(
        "",
        pattern=r"^(rediss?://.+)?$",
        description="Redis that wakes the workers of several machines: redis://HOST:PORT. Empty: SQLite in "
        "HINDI_STT_JOBS_DIR.",
    )
    jobs_audio_url: str = Field(
        "",
        description="Where the audio of jobs lies until they end: a folder, or s3://BUCKET/FOLDER (extra s3). Empty: "
        "in HINDI_STT_JOBS_DIR.",
    )
    jobs_workers: int = Field(
        1, ge=0, le=256, description="Job workers beside this server. 0: only those started elsewhere."
    )
    jobs_references: str = Field(
        "",
        description="What jobs may name instead of uploading it, with commas between: folders, file:///srv/calls, and "
        "hosts, https://media.example.com. Empty: nothing.",
    )
    jobs_private_networks: str = Field(
        "", description="Networks that are not public, and that references and webhooks may reach: 10.1.0.0/16,…"
    )
    jobs_max_files: int = Field(10_000, gt=0, description="Most files in one job.")
    jobs_max_waiting: int = Field(100_000, gt=0, description="Most files of one client that wait or are heard.")
    jobs_max_upload_bytes: int = Field(4 * 2**30, gt=0, description="Largest resumable upload, in bytes.")
    jobs_max_stored_bytes: int = Field(
        64 * 2**30,
        gt=0,
        description="Most bytes of one client that are stored for jobs: resumable uploads, by the length that they are "
        "going to have, and audio of jobs that have not ended.",
    )
    jobs_retention_s: float = Field(
        604_800.0, gt=0, description="Jobs and transcripts are deleted so long after their end, in seconds."
    )
    jobs_lease_s: float = Field(
        60.0, ge=1, description="A file of a worker that is not heard of for so long goes to another, in seconds."
    )
    jobs_tries: int = Field(5, gt=0, description="How many workers may end over one file before it has failed.")

    language_model: str = Field(
        "",
        description="Name of the bundle's language model that is used unasked, none for none. Empty: the one that the "
        "bundle names, if any.",
    )
    hotwords_file: str = Field("", description="File of hotwords for every request, one WORD[:WEIGHT] a line.")
    max_hotwords: int = Field(1000, ge=0, description="Most hotwords, those of the request and the server's together.")
    beam_width: int = Field(16, gt=0, le=256, description="Hypotheses that the beam search keeps.")
    numerals: Numerals = Field("off", description="Spoken numbers as digits, where a request does not say.")
    script: Script = Field("devanagari", description="Letters of the text, where a request does not say.")
    punctuation: Punctuation = Field("off", description="Marks between words, where a request does not say.")
    mask: str = Field(
        "off",
        pattern=r"^(off|all|(phone|aadhaar|card)(,(phone|aadhaar|card))*)$",
        description="Numbers to hide, where a request does not say: off, all, or phone, aadhaar, card with commas.",
    )
    nukta: Nukta = Field("keep", description="Nukta signs, where a request does not say.")
    nasals: Nasals = Field("keep", description="Chandrabindu signs, where a request does not say.")

    precision: Literal["", "fp32", "int8"] = Field(
        "", description="Which of a model's precisions runs. Empty: the one that the model's export found best."
    )
    provider: Literal["cpu", "openvino", "cuda"] = Field(
        "cpu", description="What runs the model. All but cpu need another build of ONNX Runtime: docs/deployment.md."
    )
    threads: int = Field(
        0, ge=0, le=1024, description="ONNX Runtime threads per run. 0: the cores that the cgroup allows."
    )
    max_batch_size: int = Field(16, gt=1, le=4096, description="Most clips that the dispatcher puts into one batch.")
    max_batch_latency_ms: int = Field(
        120_000, gt=0, description="The dispatcher sheds requests that it predicts to take longer, in milliseconds."
    )
    max_padding: float = Field(
        0.15, ge=0, lt=1, description="Most padding in one model run, as a share of its frames; more splits the batch."
    )
    scheduler: Literal["cost", "bentoml"] = Field(
        "cost", description="Who orders the runner's work: ours (a core a clip), or BentoML's dispatcher (batches)."
    )
    max_wait_s: float = Field(
        30.0, gt=0, description="Longest predicted wait of what the cost scheduler admits, in seconds."
    )
    api_workers: int = Field(1, gt=0, le=256, description="API worker processes.")

    @field_validator("*")
    @classmethod
    def _bounded(cls, value: Any, info: ValidationInfo) -> Any:
        bound = _MAX_SECONDS if str(info.field_name).endswith("_s") else _MAX_NUMBER
        if isinstance(value, int | float) and value > bound:
            raise ValueError(f"should be at most {bound:.0f}")
        return value

    def client_bound(self, bound: int) -> int:
        """How much of a worker's bound one client may fill: its share, rounded up."""
        return math.ceil(self.client_share * bound)

    @property
    def effective_threads(self) -> int:
        """ONNX Runtime threads per run, with 0 resolved."""
        return self.threads or available_cores()

    @property
    def more_models(self) -> tuple[str, ...]:
        """Folders or tags of the models beside the first."""
        return tuple(name.strip() for name in self.models.split(",") if name.strip())

    @property
    def for_more_models(self) -> Settings:
        """These settings as they hold for the models beside the first: without what is meant for its language."""
        return self.model_copy(update={name: type(self).model_fields[name].default for name in _OF_ONE_LANGUAGE})

    @property
    def aliases(self) -> tuple[str, ...]:
        """Further names of the models."""
        return tuple(name.strip() for name in self.model_aliases.split(",") if name.strip())

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins that may use this server from a browser."""
        return tuple(origin.strip() for origin in self.cors_origins.split(",") if origin.strip())

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names by which clients may ask, in lower case."""
        return tuple(name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip())

    @property
    def longest_upload_s(self) -> float:
        """The most time that a body can take which keeps to all bounds."""
        return self.upload_timeout_s + self.max_body_bytes / self.min_upload_rate

    @property
    def longest_transcription_s(self) -> float:
        """The most time that a recording can take whose segments keep to their bound; the shortest take 3/8."""
        return self.request_timeout_s * (1 + self.max_audio_s / (self.max_segment_s * 3 / 8))


@functools.cache
def get_settings() -> Settings:
    """The process's settings, read once. Raises InvalidSetting."""
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidSetting(" ".join(_complaint(dict(wrong)) for wrong in error.errors())) from error


def _complaint(wrong: dict[str, Any]) -> str:
    """One of pydantic's errors as a sentence; instead of a regular expression it tells what the setting takes."""
    name = str(wrong["loc"][0])
    field = Settings.model_fields.get(name)
    by_pattern = wrong["type"] == "string_pattern_mismatch" and field is not None
    reason = f"cannot be used. {field.description}" if by_pattern and field else f"{wrong['msg']}."
    return f"{variable(name)}={shown(wrong['input'])}: {reason}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return _PREFIX + name.upper()


def shown(value: object) -> str:
    """A setting's value for a message: what stands before the @ of a URL may be a password, and is left out."""
    return repr(_PASSWORD.sub("…@", value) if isinstance(value, str) else value)


def unknown_variables(names: Iterable[str]) -> dict[str, str]:
    """Find environment variables that look like settings and are none.

    Args:
        names: Names of environment variables.

    Returns:
        Each of them that has the prefix of settings → the setting's variable with the nearest name, or "".
    """
    known = {variable(name) for name in Settings.model_fields}
    strangers = [
        name
        for name in sorted(names)
        if name.upper().startswith(_PREFIX) and name.upper() not in known and not _OTHERS.fullmatch(name.upper())
    ]
    return {name: _nearest(name.upper().removeprefix(_PREFIX)) for name in strangers}


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
    return variable(near[0]) if near else ""
