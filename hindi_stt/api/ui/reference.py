"""GET / in a browser: the API reference by Swagger UI, served without requests to other hosts."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from hindi_stt.api.error_responses import error_response
from hindi_stt.api.ui.assets import Assets
from hindi_stt.errors import NotFound

__all__ = ["Reference", "accepts_html"]

_FOLDER: Final = Path(__file__).parent / "reference_files"
_INDEX: Final = "index.html"
_SWAGGER_UI: Final = ("swagger-ui-bundle.js", "swagger-ui.css")
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}


class Reference:
    """The page and the routes of its files.

    Args:
        has_page: Whether the server has the page at /ui, which this one then links to.
    """

    def __init__(self, *, has_page: bool) -> None:
        files = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.name != _INDEX}
        # Located without importing the package, which would import FastAPI.
        package = distribution("fastapi-offline")
        for name in _SWAGGER_UI:
            files[name] = Path(str(package.locate_file(f"fastapi_offline/static/{name}"))).read_bytes()
        assets = Assets("reference", files)
        text = (_FOLDER / _INDEX).read_text(encoding="utf-8")
        link = '<a href="ui">Try it with your own recording.</a>' if has_page else ""
        self._html = text.replace("{{assets}}", assets.folder).replace("{{page}}", link)
        self.routes = [assets.route, Route("/static_content/{below:path}", _not_found)]

    def response(self) -> Response:
        """The page."""
        return HTMLResponse(self._html, headers=_HEADERS)


async def _not_found(request: Request) -> Response:
    return error_response(request, NotFound("There is no such route."))


def accepts_html(request: Request) -> bool:
    """Whether a browser asks for something to show, and not a program."""
    return "text/html" in request.headers.get("accept", "")
