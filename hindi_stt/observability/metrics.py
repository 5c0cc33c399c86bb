"""Every metric: its name, unit and labels; and the sums over all worker processes that GET /stats shows.

prometheus_client chooses between one process and many when it is imported, by an environment variable that BentoML sets
in its workers: so it is imported when `Metrics` is made, not with this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import psutil

__all__ = ["STAGES", "Metrics"]

STAGES: Final = ("decode", "features", "queue_inference", "decoding")

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)
_STAGE_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)
_RTF: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_AUDIO_SECONDS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_SHARE: Final = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_BATCH: Final = (1, 2, 4, 8, 16, 32, 64)
_PERCENTILES: Final = (50, 95, 99)


class Metrics:
    """The process's metrics; one instance per process, made inside a worker."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        _forget_the_dead()
        self.requests = Counter("hindi_stt_requests", "Transcription requests answered, with or without success.")
        self.errors = Counter("hindi_stt_errors", "Error answers of every route.", ["code"])
        self.audio_seconds = Counter("hindi_stt_audio_seconds", "Audio transcribed, in seconds.")
        self.model_audio_seconds = Counter(
            "hindi_stt_model_audio_seconds", "Audio transcribed with each model, in seconds.", ["model"]
        )
        self.model_loaded = Gauge(
            "hindi_stt_model_loaded", "1 while the model is in memory.", ["model"], multiprocess_mode="livemax"
        )
        self.model_loads = Counter("hindi_stt_model_loads", "Times that a model was loaded.", ["model"])
        self.clip_seconds = Histogram(
            "hindi_stt_clip_seconds", "Length of transcribed recordings, in seconds.", buckets=_AUDIO_SECONDS
        )
        self.request_seconds = Histogram(
            "hindi_stt_request_seconds", "Time from the end of an upload to its transcript.", buckets=_SECONDS
        )
        self.stage_seconds = Histogram(
            "hindi_stt_stage_seconds", "Time in each stage of the line.", ["stage"], buckets=_STAGE_SECONDS
        )
        self.rtf = Histogram("hindi_stt_real_time_factor", "Request time per second of audio.", buckets=_RTF)
        self.in_progress = Gauge(
            "hindi_stt_audio_in_progress_seconds",
            "Audio decoded and not yet answered, in seconds.",
            multiprocess_mode="livesum",
        )
        self.batch_size = Histogram("hindi_stt_batch_size", "Clips in one batch at the runner.", buckets=_BATCH)
        self.run_size = Histogram("hindi_stt_run_size", "Clips in one run of the model.", buckets=_BATCH)
        self.padding = Histogram("hindi_stt_padding_share", "Share of padding in one run of the model.", buckets=_SHARE)
        self.queue_wait_seconds = Histogram(
            "hindi_stt_queue_wait_seconds",
            "Time from the API's call to the start of its batch.",
            buckets=_STAGE_SECONDS,
        )
        self.dropped = Counter("hindi_stt_dropped", "Clips dropped before they cost inference.", ["reason"])
        self.realtime_connections = Gauge(
            "hindi_stt_realtime_connections", "Realtime connections that are open.", multiprocess_mode="livesum"
        )
        self.realtime_final_seconds = Histogram(
            "hindi_stt_realtime_final_seconds",
            "Time from the packet that ends an utterance to its final text.",
            buckets=_STAGE_SECONDS,
        )
        self.cache = Counter("hindi_stt_cache", "Recordings looked up in the cache of results.", ["outcome"])
        self.job_files = Counter("hindi_stt_job_files", "Files of jobs that have ended at a worker.", ["outcome"])
        self.job_audio_seconds = Counter("hindi_stt_job_audio_seconds", "Audio transcribed for jobs, in seconds.")
        self.inference_seconds = Histogram(
            "hindi_stt_inference_seconds", "Time of one batch at the runner.", buckets=_STAGE_SECONDS
        )

    def count_request(self, model: str, duration_s: float, elapsed_s: float, stages_s: Mapping[str, float]) -> None:
        """Count a transcription that succeeded: its model, seconds of audio, of the request, and of each of STAGES."""
        self.requests.inc()
        self.model_audio_seconds.labels(model).inc(duration_s)
        self.audio_seconds.inc(duration_s)
        self.clip_seconds.observe(duration_s)
        self.request_seconds.observe(elapsed_s)
        self.rtf.observe(elapsed_s / duration_s)
        for stage, seconds in stages_s.items():
            self.stage_seconds.labels(stage).observe(seconds)

    def summary(self) -> dict[str, Any]:
        """What GET /stats shows, summed over all worker processes.

        Percentiles are read off the histogram's buckets, interpolated linearly, as Prometheus does.
        """
        samples = _collect()
        latency = _buckets(samples, "hindi_stt_request_seconds_bucket")
        rtf = _buckets(samples, "hindi_stt_real_time_factor_bucket")
        batch = _buckets(samples, "hindi_stt_batch_size_bucket")
        n_batches = _total(samples, "hindi_stt_batch_size_count")
        return {
            "requests": int(_total(samples, "hindi_stt_requests_total")),
            "succeeded": int(_total(samples, "hindi_stt_request_seconds_count")),
            "errors": {
                labels["code"]: int(value) for name, labels, value in samples if name == "hindi_stt_errors_total"
            },
            "audio_seconds": round(_total(samples, "hindi_stt_audio_seconds_total"), 3),
            "models": {
                labels["model"]: {
                    "loaded": bool(value),
                    "audio_seconds": round(_of_model(samples, labels["model"]), 3),
                }
                for name, labels, value in samples
                if name == "hindi_stt_model_loaded"
            },
            "audio_in_progress_seconds": round(_total(samples, "hindi_stt_audio_in_progress_seconds"), 3),
            "latency_ms": {f"p{p}": _rounded(_percentile(latency, p / 100), 1000) for p in _PERCENTILES},
            "real_time_factor": {f"p{p}": _rounded(_percentile(rtf, p / 100), 1) for p in _PERCENTILES},
            "cache": {
                labels["outcome"]: int(value) for name, labels, value in samples if name == "hindi_stt_cache_total"
            },
            "batches": {
                "count": int(n_batches),
                "mean_size": _rounded(
                    _total(samples, "hindi_stt_batch_size_sum") / n_batches if n_batches else None, 1
                ),
                "by_size": _counts(batch),
            },
        }


def _forget_the_dead() -> None:
    """Take back what processes that were killed had in progress; another one starts in the place of each."""
    from prometheus_client.multiprocess import mark_process_dead

    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    pids = {int(path.stem.rpartition("_")[2]) for path in Path(folder).glob("gauge_live*.db")} if folder else set()
    for pid in pids:
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]  # no annotations in prometheus_client


_Sample = tuple[str, Mapping[str, str], float]


def _collect() -> list[_Sample]:
    from prometheus_client import REGISTRY, CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # no annotations in prometheus_client
    return [
        (sample.name, sample.labels, sample.value)
        for family in registry.collect()
        if family.name.startswith("hindi_stt_")
        for sample in family.samples
    ]


def _total(samples: Iterable[_Sample], name: str) -> float:
    return sum(value for sample, _, value in samples if sample == name)


def _of_model(samples: Iterable[_Sample], model: str) -> float:
    return sum(
        value
        for name, labels, value in samples
        if name == "hindi_stt_model_audio_seconds_total" and labels["model"] == model
    )


def _buckets(samples: Iterable[_Sample], name: str) -> list[tuple[float, float]]:
    """Cumulative histogram: (upper bound, observations up to it), ascending."""
    return sorted((float(labels["le"]), value) for sample, labels, value in samples if sample == name)


def _counts(buckets: list[tuple[float, float]]) -> dict[str, int]:
    """Observations per bucket, by its upper bound, empty ones left out."""
    below = [0.0, *(count for _, count in buckets)]
    return {
        f"{bound:g}": int(count - less) for (bound, count), less in zip(buckets, below, strict=False) if count > less
    }


def _percentile(buckets: list[tuple[float, float]], share: float) -> float | None:
    """The value under which this share of observations lies; None without observations."""
    if not buckets or not buckets[-1][1]:
        return None
    rank = share * buckets[-1][1]
    lower, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (rank - below) / (count - below)
        lower, below = bound, count
    return lower


def _rounded(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 4)
