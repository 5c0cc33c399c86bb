"""GET /ui/calls: live calls, each as a conversation. Like the page at /ui it loads nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from hindi_stt.api.ui.assets import Assets
from hindi_stt.api.ui.page import PAGE_HEADERS
from hindi_stt.settings import Settings

__all__ = ["call_page_routes"]

_FOLDER: Final = Path(__file__).parent / "page_files"
_INDEX: Final = "calls.html"


def call_page_routes(settings: Settings) -> list[BaseRoute]:
    """Make the routes of the page and its files.

    Args:
        settings: The server's.

    Returns:
        The routes; none where pages are switched off.
    """
    if settings.page == "off":
        return []
    files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.name != _INDEX}
    assets = Assets("ui/calls", files)
    text = (_FOLDER / _INDEX).read_text(encoding="utf-8")
    # Relative to /ui/calls, which may lie below another path behind a proxy.
    html = text.replace("{{assets}}", assets.folder.removeprefix("ui/")).replace(
        "{{keys}}", "yes" if settings.key_file else ""
    )

    async def page(_: Request) -> Response:
        return HTMLResponse(html, headers={**PAGE_HEADERS, "Cache-Control": "no-cache"})

    return [Route("/ui/calls", page), assets.route]
