"""The OpenAPI document's part on the service itself: health, probes, metrics, and the page."""

from __future__ import annotations

from functools import partial
from typing import Final

from hindi_stt import __version__
from hindi_stt.api.openapi.operations import Content, Operation, json_content, text_content
from hindi_stt.api.openapi.served_models import EXAMPLE_MODEL

__all__ = ["PAGE_OPERATIONS", "STATUS", "STATUS_OPERATIONS", "VERSION"]

VERSION: Final = "3.1.0"
"""Version of OpenAPI."""
STATUS: Final = "Service status"
_HEALTH: Final[Content] = json_content(
    {
        "status": "healthy",
        "model": EXAMPLE_MODEL,
        "runner": {"answer_age_s": 0.2},
        "versions": {"hindi_stt": __version__},
    }
)
_INDEX: Final = {"name": "hindi_stt", "version": __version__, "links": {"health": "GET /health"}}
_HEALTH_SUMMARY: Final = "Tell whether the runner answers, and the versions of what runs"
_STATS_SUMMARY: Final = "Count requests; latency, real-time factor and batch sizes"
_BENTO_SCHEMA: Final = json_content({"name": "hindi_stt"})
_PROBE: Final = text_content("text/plain")
_METRICS: Final = text_content("text/plain", "hindi_stt_requests_total 12.0")
_NOT_HEALTHY: Final = {"503": {"description": "It does not", "content": _HEALTH}}

_get = partial(Operation, "get", tag=STATUS)
_open = partial(_get, needs_key=False)

STATUS_OPERATIONS: Final = (
    _open("/", "describeService", "Tell version, models and links", content=json_content(_INDEX)),
    _open("/docs.json", "getOpenApiDocument", "Get this document", content=json_content({"openapi": VERSION})),
    _open("/schema.json", "getBentoSchema", "Get what BentoML's client reads", content=_BENTO_SCHEMA),
    _open("/health", "getHealth", _HEALTH_SUMMARY, content=_HEALTH, responses=_NOT_HEALTHY),
    _open("/livez", "getLiveness", "Tell whether the process lives", content=_PROBE),
    _open("/healthz", "getHealthz", "Do as /livez", content=_PROBE),
    _open("/readyz", "getReadiness", "Tell whether it can transcribe", content=_PROBE),
    _get("/stats", "getStats", _STATS_SUMMARY, content=json_content({"requests": 12})),
    _get("/metrics", "getMetrics", "Get the metrics that Prometheus reads", content=_METRICS),
)
PAGE_OPERATIONS: Final = (
    _open("/ui", "getPage", "Get a page to try everything, in a browser", content=text_content("text/html")),
)
