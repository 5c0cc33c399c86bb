"""Settings of jobs."""

from __future__ import annotations

from typing import ClassVar

from hindi_stt.settings.fields import SettingsGroup, setting

__all__ = ["JobSettings"]


class JobSettings(SettingsGroup):
    """Jobs (docs/jobs.md): where they are stored, who works on them, and their bounds."""

    title: ClassVar[str] = "Jobs"

    jobs_dir: str = setting(
        "",
        "Folder for jobs: database, audio and partial uploads, unless the next ones say otherwise. Empty: no jobs.",
        example="/var/lib/hindi-stt/jobs",
    )
    jobs_url: str = setting(
        "",
        "Database of jobs and transcripts, as SQLAlchemy names it. Empty: SQLite in HINDI_STT_JOBS_DIR.",
        example="postgresql+psycopg://USER:PASSWORD@db.example.com/jobs",
    )
    jobs_queue_url: str = setting(
        "",
        "Redis that wakes the workers of several machines as soon as a job arrives: redis://HOST:PORT. Empty: workers "
        "look every half second.",
        example="redis://redis.example.com:6379",
        pattern=r"^(rediss?://.+)?$",
    )
    jobs_audio_url: str = setting(
        "",
        "Where the audio of jobs is stored until they end: a folder, or s3://BUCKET/FOLDER (extra s3). Empty: in "
        "HINDI_STT_JOBS_DIR.",
        example="/mnt/jobs-audio",
    )
    jobs_workers: int = setting(
        1,
        "Job workers that this server starts. 0: only those started elsewhere.",
        example="2",
        unit="processes",
        ge=0,
        le=256,
    )
    jobs_references: str = setting(
        "",
        "Recordings that jobs may name instead of uploading them, with commas between: folders, file:///srv/calls, and"
        " hosts, "
        "https://media.example.com. Empty: nothing.",
        example="file:///srv/calls,https://media.example.com",
    )
    jobs_private_networks: str = setting(
        "",
        "Networks that are not public, with commas between, and that references and webhooks may reach.",
        example="10.1.0.0/16,fd00::/8",
    )
    jobs_max_files: int = setting(10_000, "Most files in one job.", example="1000", unit="files", gt=0)
    jobs_max_waiting: int = setting(
        100_000,
        "Most files of one client that wait or are being transcribed.",
        example="20000",
        unit="files",
        gt=0,
    )
    jobs_max_upload_bytes: int = setting(
        4 * 2**30, "Largest resumable upload.", example="1073741824", unit="bytes", gt=0
    )
    jobs_max_stored_bytes: int = setting(
        64 * 2**30,
        "Most bytes of one client that are stored for jobs: resumable uploads, by the length that they are going to "
        "have, and audio of jobs that have not ended.",
        example="17179869184",
        unit="bytes",
        gt=0,
    )
    jobs_retention_s: float = setting(
        604_800.0,
        "How long jobs and transcripts are kept after their end.",
        example="86400",
        unit="seconds",
        gt=0,
    )
    jobs_lease_s: float = setting(
        60.0,
        "A file goes to another worker where its own has not reported for this long.",
        example="30",
        unit="seconds",
        ge=1,
    )
    jobs_tries: int = setting(
        5,
        "How many workers may end unexpectedly while they transcribe one file; then the file has failed.",
        example="3",
        unit="tries",
        gt=0,
    )
