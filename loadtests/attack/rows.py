"""The rows of the table: attacks of one client, and faults of parts."""

from __future__ import annotations

import signal

from loadtests.attack import connections, faults, recordings, storage
from loadtests.attack.attack import Row

__all__ = ["ROWS"]

_MANY_UPLOADS = {"HINDI_STT_MAX_UPLOADS_PER_CLIENT": "256"}

ROWS = [
    Row("20 files of 4 h of silence", recordings.silent_files, _MANY_UPLOADS),
    Row("a form of 32 files of 8 channels", recordings.many_channels),
    Row("8 × 1 h of Opus", recordings.long_recordings(8), _MANY_UPLOADS),
    Row("20 × 1 h of Opus", recordings.long_recordings(20), _MANY_UPLOADS),
    Row("64 realtime connections of one key", connections.realtime_connections),
    Row("80 slow uploads with stream=true", connections.slow_uploads, _MANY_UPLOADS),
    Row("decoders that stand still", connections.hung_decoders, _MANY_UPLOADS, needs=("ffmpeg",)),
    Row("headers without an end", connections.endless_headers),
    Row("half-sent heads until descriptors run out", connections.half_sent_heads, recovers=True),
    Row("4 × 90 MB on a /tmp of 200 MB", storage.large_bodies, _MANY_UPLOADS, prepare=storage.small_tmp),
    Row("40 resumable uploads of 4 GiB", storage.unfinished_uploads),
    Row(
        "refused jobs",
        storage.refused_jobs,
        _MANY_UPLOADS | {"HINDI_STT_JOBS_MAX_WAITING": "2", "HINDI_STT_JOBS_WORKERS": "0"},
    ),
    Row("a full /tmp", faults.full_tmp, prepare=storage.small_tmp_with_home, recovers=True),
    Row("a second server with the same home", faults.second_server),
    Row(
        "a Redis of the cache that stands still", faults.hung_redis, prepare=faults.redis_cache, needs=("redis-server",)
    ),
    Row("SIGKILL of the runner", faults.signalled(faults.runners, signal.SIGKILL), recovers=True),
    Row("SIGSTOP of the runner", faults.signalled(faults.runners, signal.SIGSTOP), recovers=True),
    Row(
        "SIGKILL of one of two API workers",
        faults.signalled(faults.api_workers, signal.SIGKILL),
        {"HINDI_STT_API_WORKERS": "2"},
        recovers=True,
    ),
    Row(
        "SIGSTOP of one of two API workers",
        faults.signalled(faults.api_workers, signal.SIGSTOP),
        {"HINDI_STT_API_WORKERS": "2"},
        recovers=True,
    ),
    Row("SIGSTOP of the job worker", faults.signalled(faults.job_workers, signal.SIGSTOP)),
]
