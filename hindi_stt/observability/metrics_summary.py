"""The body of GET /stats: sums and percentiles of a server's metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

__all__ = ["Sample", "summarize"]

Sample = tuple[str, Mapping[str, str], float]
"""Name of a metric, its labels and its value."""

_PERCENTILES: Final = (50, 95, 99)


def summarize(samples: Sequence[Sample]) -> dict[str, Any]:
    """Summarize the samples of a server's metrics.

    Percentiles are read off the histogram's buckets, interpolated linearly, as Prometheus' histogram_quantile does.

    Args:
        samples: Name, labels and value of each, summed over all processes.

    Returns:
        The body of GET /stats.
    """
    latency = _buckets(samples, "hindi_stt_request_seconds_bucket")
    rtf = _buckets(samples, "hindi_stt_real_time_factor_bucket")
    batch = _buckets(samples, "hindi_stt_batch_size_bucket")
    n_batches = _total(samples, "hindi_stt_batch_size_count")
    return {
        "requests": int(_total(samples, "hindi_stt_requests_total")),
        "succeeded": int(_total(samples, "hindi_stt_request_seconds_count")),
        "errors": {labels["code"]: int(value) for name, labels, value in samples if name == "hindi_stt_errors_total"},
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
        "cache": {labels["outcome"]: int(value) for name, labels, value in samples if name == "hindi_stt_cache_total"},
        "batches": {
            "count": int(n_batches),
            "mean_size": _rounded(_total(samples, "hindi_stt_batch_size_sum") / n_batches if n_batches else None, 1),
            "by_size": _counts(batch),
        },
    }


def _total(samples: Iterable[Sample], name: str) -> float:
    return sum(value for sample, _, value in samples if sample == name)


def _of_model(samples: Iterable[Sample], model: str) -> float:
    return sum(
        value
        for name, labels, value in samples
        if name == "hindi_stt_model_audio_seconds_total" and labels["model"] == model
    )


def _buckets(samples: Iterable[Sample], name: str) -> list[tuple[float, float]]:
    """Cumulative histogram: (upper bound, observations up to it), ascending."""
    return sorted((float(labels["le"]), value) for sample, labels, value in samples if sample == name)


def _counts(buckets: list[tuple[float, float]]) -> dict[str, int]:
    """Observations per bucket, by its upper bound, empty ones left out."""
    below = [0.0, *(count for _, count in buckets)]
    return {
        f"{bound:g}": int(count - less) for (bound, count), less in zip(buckets, below, strict=False) if count > less
    }


def _percentile(buckets: list[tuple[float, float]], share: float) -> float | None:
    """The value below which this share of the observations lies; None without observations."""
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
