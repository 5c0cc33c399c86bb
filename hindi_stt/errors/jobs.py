"""Jobs and the recordings that they name."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "BadReference",
    "DuplicateReference",
    "JobNotFound",
    "JobsOff",
    "JobsUnavailable",
    "PrivateAddress",
    "ReferenceMissing",
    "ReferenceNotAllowed",
    "ReferenceUnreachable",
    "ResultNotReady",
    "TooManyJobs",
    "TooMuchStored",
    "WorkerLost",
]


class JobsOff(HindiSTTError):
    """This server takes no jobs."""

    code, status = "jobs_off", 404
    help = "Its operator turns them on by naming a folder: HINDI_STT_JOBS_DIR."


class JobNotFound(HindiSTTError):
    """No job of this key has this id; it may have been deleted after HINDI_STT_JOBS_RETENTION_S."""

    code, status = "job_not_found", 404
    help = "GET /v1/jobs lists the jobs of this key."


class ResultNotReady(HindiSTTError):
    """A file of a job has no transcript: it is not transcribed yet, has failed, or was cancelled."""

    code, status = "result_not_ready", 409
    help = "GET /v1/jobs/{id} shows the state of each file, and why one has failed."


class BadReference(HindiSTTError):
    """A recording that is named instead of sent, and cannot be read."""

    code, status = "bad_reference", 422
    help = "Upload the file instead."


class ReferenceNotAllowed(BadReference):
    """The reference is outside the folders and hosts that jobs may name; nothing was looked up or fetched."""

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
    """There is no such file, or it cannot be read."""

    code = "reference_missing"
    help = "Check the path, and that the workers' user may read it on every machine that has workers."


class ReferenceUnreachable(BadReference):
    """The host does not answer, or does not return the file."""

    code = "reference_unreachable"
    help = "Fetch the URL from the workers' network; redirects are not followed, so give the final address."


class DuplicateReference(BadReference):
    """The same list has the reference, or a recording with the same content, at an earlier place."""

    code = "duplicate_reference"
    help = "Use the transcript of its first occurrence."


class TooMuchStored(HindiSTTError):
    """More of this client's audio would be stored for jobs than HINDI_STT_JOBS_MAX_STORED_BYTES allows."""

    code, status = "too_much_stored", 429
    help = "Send more when jobs have ended, or delete uploads that are not needed."


class TooManyJobs(HindiSTTError):
    """The number of this client's waiting files has reached HINDI_STT_JOBS_MAX_WAITING."""

    code, status = "too_many_jobs", 429
    help = "Send the next job when others have ended."


class WorkerLost(HindiSTTError):
    """HINDI_STT_JOBS_TRIES workers ended while they transcribed this recording, perhaps for lack of memory."""

    code, status = "worker_lost", 500
    help = "Look at the worker's and the system's log. Try again if the recording was not the cause."


class JobsUnavailable(HindiSTTError):
    """The database of jobs, or the folder or bucket of their audio, cannot be used."""

    code, status = "jobs_unavailable", 503
    help = "Try again in a few seconds; on the server, check what the settings HINDI_STT_JOBS_… refer to."
