"""The log: a line for each request, with its id, and what BentoML has to say; as text, or as JSON for programs."""

from __future__ import annotations

import logging
from typing import Final, Literal

from opentelemetry import trace
from pythonjsonlogger.json import JsonFormatter

from hindi_stt.observability.log_format import EscapeControls, LineFormatter
from hindi_stt.observability.request_context import current_request_id, log

__all__ = ["configure_log"]

_TEXT: Final = "%(asctime)s %(levelname)s [%(request_id)s] %(message)s"
# Loggers that BentoML gives handlers in each process of a server; the last is the root.
_BENTOML: Final = ("bentoml", "uvicorn.error", "circus", "")


class _IdFilter(logging.Filter):
    """Gives each record the ids of the request and of the trace that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes; keep every record."""
        record.request_id = current_request_id()
        context = trace.get_current_span().get_span_context()
        if context.trace_flags.sampled:
            record.trace_id = trace.format_trace_id(context.trace_id)
            record.span_id = trace.format_span_id(context.span_id)
        return True


def configure_log(form: Literal["text", "json"]) -> None:
    """Set up this process's log; in a server's process, after BentoML has set up its own."""
    handler = logging.StreamHandler()
    handler.addFilter(_IdFilter())
    handler.setFormatter(_json() if form == "json" else LineFormatter(_TEXT))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    for name in _BENTOML[:-1]:
        logger = logging.getLogger(name)
        if not any(isinstance(there, EscapeControls) for there in logger.filters):
            logger.addFilter(EscapeControls())
    if form == "json":
        for name in _BENTOML:
            for theirs in logging.getLogger(name).handlers:
                theirs.filters = [_IdFilter()]
                theirs.setFormatter(_json())


def _json() -> logging.Formatter:
    """time, level, logger, message, request_id; extra fields of the record, and exceptions with their stack."""
    return JsonFormatter(
        ["asctime", "levelname", "name", "message", "request_id"],
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        datefmt="%Y-%m-%dT%H:%M:%S%z",
        json_ensure_ascii=False,
    )
