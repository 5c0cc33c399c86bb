"""Spans of one process, as they arrive at a collector; the provider is the process's own, so each runs by itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.collector import Collector, Span

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BEGIN = """
import sys, time
from hindi_stt.errors import EmptyBody, Overloaded
from hindi_stt.observability import tracing
from hindi_stt.observability.tracing import current_traceparent, past_stage, request_span, send_traces, stage
end = send_traces(sys.argv[1], float(sys.argv[2]), "a-service")
"""


def sent(code: str, share: float = 1.0) -> list[Span]:
    """The spans that a process sends which runs this code."""
    with Collector() as collector:
        command = [sys.executable, "-c", BEGIN + code + "\nend()\n", collector.url, str(share)]
        subprocess.run(command, check=True, timeout=60)
        return collector.spans


def test_stages_are_below_their_request() -> None:
    spans = {
        span.name: span
        for span in sent("""
with request_span("POST /x", {}, {"request_id": "one"}):
    with stage("outer", {"audio_s": 1.5}):
        with stage("inner"):
            pass
""")
    }
    assert set(spans) == {"POST /x", "outer", "inner"}
    assert spans["POST /x"].parent_id == ""
    assert spans["outer"].parent_id == spans["POST /x"].span_id
    assert spans["inner"].parent_id == spans["outer"].span_id
    assert len({span.trace_id for span in spans.values()}) == 1
    assert spans["POST /x"].attributes == {"request_id": "one"}
    assert spans["outer"].attributes == {"audio_s": 1.5}
    assert spans["outer"].resource["service.name"] == "a-service"


def test_a_request_is_below_its_caller() -> None:
    (span,) = sent(f"""
with request_span("POST /x", {{"traceparent": "00-{TRACE}-{CALLER}-01", "accept": "*/*"}}, {{}}):
    pass
""")
    assert (span.trace_id, span.parent_id) == (TRACE, CALLER)


@pytest.mark.parametrize(("flag", "share", "n"), [("00", 1.0, 0), ("01", 0.0, 2)])
def test_the_caller_decides_whether_its_trace_is_sent(flag: str, share: float, n: int) -> None:
    code = f"""
with request_span("POST /x", {{"traceparent": "00-{TRACE}-{CALLER}-{flag}"}}, {{}}):
    with stage("inner"):
        print(current_traceparent())
"""
    assert len(sent(code, share)) == n


def test_no_share_sends_nothing_and_names_no_trace() -> None:
    code = """
with request_span("POST /x", {}, {}), stage("inner"):
    assert current_traceparent() == ""
    past_stage("queue", current_traceparent(), 0.0, 1.0, {})
"""
    assert sent(code, 0.0) == []


def test_without_a_request_there_are_no_spans() -> None:
    assert sent("with stage('alone'):\n    assert current_traceparent() == ''\n") == []


def test_an_error_leaves_its_code_and_nothing_else() -> None:
    spans = sent("""
try:
    with request_span("POST /x", {}, {}), stage("decode"):
        raise EmptyBody("secret")
except EmptyBody:
    pass
try:
    with request_span("POST /y", {}, {}), stage("other"):
        raise ValueError("secret")
except ValueError:
    pass
""")
    by_name = {span.name: span.attributes for span in spans}
    assert by_name == {"decode": {"error.type": "empty_audio"}, "POST /x": {}, "other": {}, "POST /y": {}}


def test_a_stage_of_another_process() -> None:
    """Its times are those of the machine's monotonic clock, on the scale of the other spans."""
    spans = {
        span.name: span
        for span in sent("""
with request_span("POST /x", {}, {}):
    with stage("runner"):
        begun_s = time.monotonic()
        time.sleep(0.02)
        past_stage("queue", current_traceparent(), begun_s, time.monotonic(), {"clips": 3})
""")
    }
    queue, runner = spans["queue"], spans["runner"]
    assert (queue.trace_id, queue.parent_id) == (runner.trace_id, runner.span_id)
    assert queue.attributes == {"clips": 3}
    assert queue.end_ns - queue.start_ns >= 20_000_000
    assert runner.start_ns - 5_000_000 <= queue.start_ns <= queue.end_ns <= runner.end_ns + 5_000_000


def test_without_the_exporter_the_setting_is_refused() -> None:
    code = """
import sys
sys.modules["opentelemetry.exporter.otlp.proto.http.trace_exporter"] = None  # as where it is not installed
from hindi_stt.errors import InvalidSetting
from hindi_stt.observability.tracing import send_traces
try:
    send_traces("http://127.0.0.1:1/v1/traces", 1.0, "x")
except InvalidSetting as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "pip install opentelemetry-exporter-otlp-proto-http" in done.stdout
