"""Traces and JSON logs of a real server: spans at a collector, nested across its processes, and joined by ids."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import soundfile

from tests.conftest import DATA
from tests.support.collector import Collector, Span
from tests.support.server import Server
from tests.support.wav import wav

pytestmark = pytest.mark.slow

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LONG_TRACE = "0af7651916cd43dd8448eb211c80319d"
UNSAMPLED = "0af7651916cd43dd8448eb211c80319e"


def _from_caller(trace: str, *, sampled: bool = True) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{CALLER}-{sampled:02d}"}


@pytest.fixture(scope="module", params=["bentoml", "cost"])
def traced(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Collector]]:
    """A server that has been used and ended, with each scheduler, and what it sent."""
    with Collector() as collector:
        server = Server(
            tmp_path_factory.mktemp(request.param),
            HINDI_STT_SCHEDULER=request.param,
            HINDI_STT_TRACES_URL=collector.url,
            HINDI_STT_LOG_FORMAT="json",
        )
        try:
            server.wait_until_ready()
            clip = (DATA / "rain_16k.wav").read_bytes()
            samples, rate = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
            assert server.transcribe(clip, headers=_from_caller(TRACE)).status_code == 200
            long = wav(np.tile(samples, 12), rate)
            assert server.transcribe(long, headers=_from_caller(LONG_TRACE)).status_code == 200
            assert server.transcribe(clip, headers=_from_caller(UNSAMPLED, sampled=False)).status_code == 200
            assert server.transcribe(b"no audio", headers={"X-Request-ID": "bad-one"}).status_code == 415
            httpx.get(f"{server.url}/health", timeout=10)
        finally:
            assert server.stop() == 0
        yield server, collector


def _inside(span: Span, parent: Span) -> bool:
    return span.parent_id == parent.span_id and span.trace_id == parent.trace_id


def _covers(outer: Span, inner: Span) -> bool:
    """With a millisecond for what two processes read off the clock at different moments."""
    return outer.start_ns - 1_000_000 <= inner.start_ns <= inner.end_ns <= outer.end_ns + 1_000_000


def _tree(spans: list[Span], trace: str) -> tuple[Span, list[Span]]:
    (request,) = [span for span in spans if span.trace_id == trace and span.name.startswith("POST")]
    return request, [span for span in spans if span.trace_id == trace and span is not request]


def test_the_spans_of_a_request_are_nested_across_processes(traced: tuple[Server, Collector]) -> None:
    request, below = _tree(traced[1].spans, TRACE)
    assert request.name == "POST /transcribe"
    assert request.parent_id == CALLER
    assert request.attributes["http.response.status_code"] == 200
    by_name = {span.name: span for span in below if span.name != "decode"}
    assert set(by_name) == {"runner", "queue", "inference", "decoding"}
    assert {span.name for span in below} == {*by_name, "decode"}
    for span in below:
        parent = by_name["runner"] if span.name in {"queue", "inference"} else request
        assert _inside(span, parent)
        assert _covers(parent, span)
    assert abs(by_name["queue"].end_ns - by_name["inference"].start_ns) < 1_000_000
    processes = {name: span.resource for name, span in by_name.items()}
    assert processes["inference"]["service.name"] == "hindi-stt-runner"
    assert processes["decoding"] == request.resource
    assert request.resource["service.name"] == "hindi-stt"
    assert request.resource["process.pid"] != processes["queue"]["process.pid"]


def test_each_segment_of_a_long_recording_has_its_own(traced: tuple[Server, Collector]) -> None:
    _, below = _tree(traced[1].spans, LONG_TRACE)
    runners = [span for span in below if span.name == "runner"]
    assert len(runners) > 1
    assert len({span.attributes["offset_s"] for span in runners}) == len(runners)
    for name in ("queue", "inference"):
        parents = [span.parent_id for span in below if span.name == name]
        assert sorted(parents) == sorted(span.span_id for span in runners)


def test_only_requests_have_traces(traced: tuple[Server, Collector]) -> None:
    """No health check, no probe, and nothing where the caller has said no."""
    spans = traced[1].spans
    by_id = {span.span_id for span in spans}
    roots = [span for span in spans if span.parent_id not in by_id]
    assert sorted(span.attributes["request_id"] for span in roots if not span.parent_id) == ["bad-one"]
    assert {span.trace_id for span in roots if span.parent_id} == {TRACE, LONG_TRACE}


def test_an_error_is_in_its_span(traced: tuple[Server, Collector]) -> None:
    (failed,) = [span for span in traced[1].spans if span.attributes.get("request_id") == "bad-one"]
    assert failed.attributes["http.response.status_code"] == 415
    assert failed.attributes["code"] == "unsupported_audio"
    (decode,) = [span for span in traced[1].spans if _inside(span, failed)]
    assert decode.attributes["error.type"] == "unsupported_audio"


def test_nothing_that_was_said_is_in_a_span(traced: tuple[Server, Collector]) -> None:
    """No word of the transcripts, no sample, no file's name."""
    sent = b"".join(traced[1].raw)
    for word in "आज सुबह से बारिश हो रही है".split():
        assert word.encode() not in sent
    assert b"clip.wav" not in sent
    assert b"RIFF" not in sent
    allowed = {
        *("http.request.method", "url.path", "request_id", "http.response.status_code"),
        *("audio_s", "offset_s", "clips", "code", "error.type"),
    }
    assert {name for span in traced[1].spans for name in span.attributes} <= allowed


def test_every_line_of_the_log_is_json_and_joined_to_the_trace(traced: tuple[Server, Collector]) -> None:
    server, collector = traced
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert all({"time", "level", "logger", "message", "request_id"} <= set(line) for line in lines)
    requests = [line for line in lines if line.get("path") == "/transcribe"]
    assert [line["status"] for line in requests] == [200, 200, 200, 415]
    assert requests[3]["request_id"] == "bad-one"
    assert requests[3]["code"] == "unsupported_audio"
    assert requests[0]["audio_s"] > 0
    for line in requests[:2]:
        (span,) = [span for span in collector.spans if span.attributes.get("request_id") == line["request_id"]]
        assert (line["trace_id"], line["span_id"]) == (span.trace_id, span.span_id)
    assert "trace_id" not in requests[2]


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_a_collector_that_does_not_answer_changes_nothing(tmp_path_factory: pytest.TempPathFactory, how: str) -> None:
    """Gone, or taking what it gets without a word: requests are answered, and the server ends as it should."""
    with socket.create_server(("127.0.0.1", 0)) as collector:
        url = f"http://127.0.0.1:{collector.getsockname()[1]}/v1/traces"
        if how == "gone":
            collector.close()
        server = Server(tmp_path_factory.mktemp("silent"), HINDI_STT_TRACES_URL=url)
        try:
            server.wait_until_ready()
            assert server.transcribe((DATA / "rain_16k.wav").read_bytes()).status_code == 200
        finally:
            assert server.stop() == 0
