"""The log of a process, as it comes out at standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from typing import Any

MODULES_UNDER_TEST = ("hindi_stt/observability/log_format.py",)

BEGIN = """
import logging, sys
# As BentoML sets them up in each process of a server.
for name in ("bentoml", "uvicorn.error", "circus", ""):
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("theirs: %(message)s"))
    logging.getLogger(name).handlers = [handler]
    logging.getLogger(name).propagate = False
from hindi_stt.observability.log_config import configure_log
from hindi_stt.observability.request_context import for_request, log, set_current_request_id
"""


def lines(form: str, code: str) -> list[str]:
    script = f"{BEGIN}\nconfigure_log({form!r})\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return done.stderr.splitlines()


def entries(code: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines("json", code)]


def test_a_line_has_the_id_of_its_request() -> None:
    outside, inside = lines("text", 'log.info("a")\nwith for_request("req-1"):\n    log.warning("b %s", 2)')
    assert outside.endswith(" INFO [-] a")
    assert inside.endswith(" WARNING [req-1] b 2")


def test_debug_is_left_out_and_nothing_comes_twice() -> None:
    assert len(lines("text", 'configure_log("text")\nlog.debug("a")\nlog.info("b")')) == 1


def test_what_a_client_sends_begins_no_line() -> None:
    hostile = r"x\n2026-01-01 INFO [-] forged\x1b[2J\u2028y"
    (line,) = lines("text", f'log.info("%s", "{hostile}")')
    assert r"x\x0a2026" in line
    assert "\x1b" not in line
    (line,) = lines("text", f'logging.getLogger("uvicorn.error").warning("%s", "{hostile}")')
    assert line.startswith(r"theirs: x\x0a2026")


def test_json_has_the_fields_of_every_entry() -> None:
    code = """
with for_request("req-1"):
    log.info("नमस्ते", extra={"status": 200, "path": "/x"})
logging.getLogger("bentoml").warning("theirs")
logging.getLogger("other").warning("anybody's")
"""
    ours, theirs, others = entries(code)
    assert ours == ours | {"level": "INFO", "logger": "hindi_stt", "message": "नमस्ते", "request_id": "req-1"}
    assert (ours["status"], ours["path"]) == (200, "/x")
    assert datetime.fromisoformat(ours["time"]).tzinfo is not None
    assert theirs["message"] == "theirs"
    assert (theirs["logger"], theirs["request_id"]) == ("bentoml", "-")
    assert others["message"] == "anybody's"


def test_json_has_the_stack_of_an_exception_in_one_line() -> None:
    code = """
try:
    raise ValueError("broken")
except ValueError:
    log.exception("failed")
"""
    (entry,) = entries(code)
    assert entry["message"] == "failed"
    assert entry["exc_info"].startswith("Traceback")
    assert entry["exc_info"].endswith("ValueError: broken")


def test_json_is_joined_to_the_trace() -> None:
    code = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
with TracerProvider(shutdown_on_exit=False).get_tracer("x").start_as_current_span("y") as span:
    log.info("inside")
    context = span.get_span_context()
log.info(trace.format_trace_id(context.trace_id) + " " + trace.format_span_id(context.span_id))
"""
    inside, outside = entries(code)
    assert f"{inside['trace_id']} {inside['span_id']}" == outside["message"]
    assert "trace_id" not in outside
