"""The sums and percentiles of GET /stats, from samples as prometheus_client collects them."""

from __future__ import annotations

import pytest

from hindi_stt.observability.metrics_summary import Sample, summarize


def histogram(name: str, buckets: dict[str, float]) -> list[Sample]:
    return [(f"{name}_bucket", {"le": bound}, float(count)) for bound, count in buckets.items()]


def test_nothing_was_counted() -> None:
    stats = summarize([])
    assert stats["requests"] == 0
    assert stats["latency_ms"] == {"p50": None, "p95": None, "p99": None}
    assert stats["batches"] == {"count": 0, "mean_size": None, "by_size": {}}


def test_percentiles_are_interpolated_as_prometheus_does() -> None:
    # Of 100 observations 40 are at most 1 s, 90 at most 2 s, all at most 4 s. histogram_quantile(0.5) lies a fifth into
    # the bucket (1, 2], histogram_quantile(0.95) halfway into (2, 4].
    stats = summarize(histogram("hindi_stt_request_seconds", {"1.0": 40, "2.0": 90, "4.0": 100, "+Inf": 100}))
    assert stats["latency_ms"]["p50"] == pytest.approx(1200)
    assert stats["latency_ms"]["p95"] == pytest.approx(3000)


def test_past_the_last_bound_the_bound_is_shown() -> None:
    stats = summarize(histogram("hindi_stt_real_time_factor", {"1.0": 1, "+Inf": 10}))
    assert stats["real_time_factor"]["p99"] == 1.0


def test_sums() -> None:
    samples: list[Sample] = [
        ("hindi_stt_requests_total", {}, 3.0),
        ("hindi_stt_errors_total", {"code": "overloaded"}, 2.0),
        ("hindi_stt_cache_total", {"outcome": "hit"}, 4.0),
        ("hindi_stt_model_loaded", {"model": "m:1"}, 1.0),
        ("hindi_stt_model_audio_seconds_total", {"model": "m:1"}, 2.5),
        ("hindi_stt_model_audio_seconds_total", {"model": "m:2"}, 9.0),
        ("hindi_stt_batch_size_count", {}, 3.0),
        ("hindi_stt_batch_size_sum", {}, 6.0),
        *histogram("hindi_stt_batch_size", {"1.0": 2, "2.0": 2, "4.0": 3, "+Inf": 3}),
    ]
    stats = summarize(samples)
    assert stats["requests"] == 3
    assert stats["errors"] == {"overloaded": 2}
    assert stats["cache"] == {"hit": 4}
    assert stats["models"] == {"m:1": {"loaded": True, "audio_seconds": 2.5}}
    assert stats["batches"] == {"count": 3, "mean_size": 2.0, "by_size": {"1": 2, "4": 1}}
