"""What browsers of other origins may do."""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from hindi_stt.api.warnings_header import WARNINGS_HEADER

__all__ = ["BrowserMiddleware"]

_EXPOSED: Final = (
    "X-Request-ID",
    "X-Model",
    WARNINGS_HEADER,
    "Retry-After",
    "Location",
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Offset",
)


class BrowserMiddleware(CORSMiddleware):
    """Answers preflight requests, which never carry a key, and names the origins that may read answers and errors.

    Args:
        app: The application.
        origins: The allowed origins; * for all.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST", "HEAD", "PATCH", "DELETE"),
            allow_headers=("*",),
            expose_headers=_EXPOSED,
        )
