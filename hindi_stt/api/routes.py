"""The routes outside the BentoML API methods: index, health, statistics, OpenAPI document, everything below /v1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hindi_stt import __version__
from hindi_stt.api.error_responses import answering, state_of
from hindi_stt.api.openai.transcriptions import openai_routes
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.ui.reference import Reference, accepts_html
from hindi_stt.errors import JobsOff

__all__ = ["make_app", "no_job_routes"]

_LINKS: Final = {
    "transcribe": "POST /transcribe",
    "openai": "POST /v1/audio/transcriptions, GET /v1/models",
    "realtime": "WS /v1/realtime",
    "jobs": "POST /v1/jobs",
    "health": "GET /health",
    "stats": "GET /stats",
    "metrics": "GET /metrics",
    "openapi": "GET /docs.json",
    "page": "GET /ui",
    "reference": "GET / in a browser",
}

Report = Callable[[], Awaitable[dict[str, Any]]]


def make_app(
    about: Callable[[], dict[str, Any]],
    health: Report,
    stats: Report,
    openapi: Callable[[], dict[str, Any]],
    recognizer: Callable[[], Recognizer],
    more: Sequence[BaseRoute],
    *,
    is_known: Callable[[Request], bool],
) -> Starlette:
    """Make the application of the routes outside the BentoML API methods.

    Args:
        about: Returns the body of the index.
        health: Returns the report of GET /health.
        stats: Returns the report of GET /stats.
        openapi: Returns the OpenAPI document.
        recognizer: Returns the worker's recognizer, for the routes of the OpenAI API.
        more: Further routes.
        is_known: Whether a request comes from a client that may use the server; versions are hidden from others.

    Returns:
        The application.
    """
    has_page = any(isinstance(route, Route) and route.path == "/ui" for route in more)
    links = {name: link for name, link in _LINKS.items() if name != "page" or has_page}

    reference = Reference(has_page=has_page)

    async def index(request: Request) -> Response:
        if accepts_html(request):
            return reference.response()
        version = {"version": __version__} if is_known(request) else {}
        body = {"name": "hindi_stt", **version, **about(), "links": links}
        return JSONResponse(body, headers={"Vary": "Accept"})

    async def show_health(request: Request) -> Response:
        state_of(request).keep_body = True
        report = await health()
        if not is_known(request):
            del report["versions"]
            report.get("jobs", {}).pop("error", None)  # it may name a database's address
        return JSONResponse(report, 503 if report["status"] == "unhealthy" else 200)

    async def show_stats(_: Request) -> Response:
        return JSONResponse(await stats())

    async def show_openapi(_: Request) -> Response:
        return JSONResponse(openapi())

    return Starlette(
        routes=[
            Route("/", index),
            *reference.routes,
            Route("/health", show_health),
            Route("/stats", show_stats),
            Route("/docs.json", show_openapi),
            *openai_routes(recognizer),
            *more,
        ]
    )


def no_job_routes() -> list[Route]:
    """Make the routes of jobs and resumable uploads for a server that has none; they answer with JobsOff."""

    async def refuse(_: Request) -> Response:
        raise JobsOff("This server takes no jobs.")

    methods = ["GET", "POST", "PATCH", "DELETE", "OPTIONS"]
    paths = [f"/v1/{what}{below}" for what in ("jobs", "uploads") for below in ("", "/{below:path}")]
    return [Route(path, answering(refuse), methods=methods) for path in paths]
