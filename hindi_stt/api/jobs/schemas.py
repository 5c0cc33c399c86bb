"""The bodies of answers about jobs, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

__all__ = ["Job", "JobCounts", "JobFile", "JobFileError", "JobList", "JobProgress", "JobSummary"]

State = Literal["queued", "running", "done", "failed", "cancelled"]


class JobCounts(BaseModel):
    """Numbers of files."""

    total: int
    done: int
    failed: int
    cancelled: int


class JobSummary(BaseModel):
    """A job as a list has it; created: Unix time in seconds."""

    id: str
    object: Literal["job"]
    state: State
    created: float
    created_at: str
    finished_at: str | None
    files: JobCounts


class JobFileError(BaseModel):
    """Why a file has no transcript."""

    code: str
    message: str
    help: str


class JobFile(BaseModel):
    """One file; heard_s: seconds of its audio transcribed so far; total_s: seconds in all, once known."""

    position: int
    state: State
    file: str
    heard_s: float
    total_s: float | None
    error: JobFileError | None = None


class JobProgress(BaseModel):
    """Seconds of audio that were transcribed, and that there are, once that is known."""

    heard: float
    total: float | None


class Job(JobSummary):
    """A job, its progress and a page of its files; next: what `after` has to be for the next page."""

    audio_s: JobProgress
    warnings: list[str]
    results: list[JobFile]
    next: int | None


class JobList(BaseModel):
    """Jobs, the newest first; more: whether there are older ones."""

    object: Literal["list"]
    data: list[JobSummary]
    more: bool
