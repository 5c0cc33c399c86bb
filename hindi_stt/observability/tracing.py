"""OpenTelemetry traces: a request's span, and below it those of its stages, in the API worker and in the runner.

The spans are our own, not those of BentoML's middleware: that one makes a span of each part of a body too, and of each
health check, and puts whole URLs into them. Nothing that was said is in a span: only times, lengths and ids.

Outside of a request that is traced, no span is made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from hindi_stt import __version__
from hindi_stt.errors import HindiSTTError, InvalidSetting

__all__ = ["Attributes", "current_traceparent", "past_stage", "request_span", "send_traces", "stage"]

Attributes = Mapping[str, str | int | float]

_SCOPE: Final = "hindi_stt"
_TRACEPARENT: Final = TraceContextTextMapPropagator()
# A collector that hangs delays the end of a process by no more than a few of these.
_EXPORT_TIMEOUT_S: Final = 3.0


def send_traces(url: str, share: float, service: str) -> Callable[[], None]:
    """Send this process's spans to a collector from now on. Call it once per process.

    Args:
        url: The collector's URL; it must accept OTLP over HTTP.
        share: Share of the requests that are traced, in [0, 1]; a caller's traceparent overrides it.
        service: Name of the service in the spans.

    Returns:
        A function that sends waiting spans. Call it before the process ends: uvicorn ends it by a signal, so that
        atexit is not reached.

    Raises:
        InvalidSetting: The exporter is not installed.
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise InvalidSetting(
            "HINDI_STT_TRACES_URL needs a package: .venv/bin/pip install opentelemetry-exporter-otlp-proto-http."
        ) from error
    facts: dict[str, str | int] = {"service.name": service, "service.version": __version__, "process.pid": os.getpid()}
    provider = TracerProvider(ParentBased(TraceIdRatioBased(share)), Resource.create(facts), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url, timeout=_EXPORT_TIMEOUT_S)))
    trace.set_tracer_provider(provider)
    return provider.shutdown


@contextmanager
def request_span(name: str, headers: Mapping[str, str], attributes: Attributes) -> Iterator[trace.Span]:
    """Open the span of a request, a child of its caller's span if the headers have a traceparent.

    Args:
        name: Name of the span.
        headers: Of the request, names in lower case.
        attributes: Of the span.

    Yields:
        The span.
    """
    # Not below the current span, which is BentoML's and is never sent.
    caller = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    above = _TRACEPARENT.extract(caller, Context())
    span = _tracer().start_span(name, above, trace.SpanKind.SERVER, dict(attributes))
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        yield span


@contextmanager
def stage(name: str, attributes: Attributes | None = None) -> Iterator[trace.Span]:
    """Open a child of the current span if that is sent; an error that passes through is recorded by its code.

    Args:
        name: Name of the span.
        attributes: Of the span.

    Yields:
        The span, or an invalid one where nothing is sent.

    Raises:
        HindiSTTError: The error that was raised inside the block.
    """
    if not _is_sent():
        yield trace.INVALID_SPAN
        return
    with _tracer().start_as_current_span(
        name, attributes=dict(attributes or {}), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except HindiSTTError as error:
            span.set_attribute("error.type", error.code)
            raise


def past_stage(name: str, traceparent: str, start_s: float, end_s: float, attributes: Attributes) -> None:
    """Record a span that has ended, as a child of another process's span.

    Args:
        name: Name of the span.
        traceparent: As `current_traceparent` returns it; without it there is no span.
        start_s: Reading of time.monotonic().
        end_s: Reading of time.monotonic().
        attributes: Of the span.
    """
    if not traceparent:
        return
    zero_ns = time.time_ns() - time.monotonic_ns()
    above = _TRACEPARENT.extract({"traceparent": traceparent}, Context())
    span = _tracer().start_span(name, above, attributes=dict(attributes), start_time=zero_ns + int(start_s * 1e9))
    span.end(zero_ns + int(end_s * 1e9))


def current_traceparent() -> str:
    """The current span, for `past_stage` in another process; empty where it is not sent."""
    carrier: dict[str, str] = {}
    if _is_sent():
        _TRACEPARENT.inject(carrier)
    return carrier.get("traceparent", "")


def _tracer() -> trace.Tracer:
    return trace.get_tracer(_SCOPE, __version__)


def _is_sent() -> bool:
    return trace.get_current_span().get_span_context().trace_flags.sampled
