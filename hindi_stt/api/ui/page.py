"""GET /ui: a page to try everything. Its files never change under one address, and it loads nothing from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from hindi_stt import render
from hindi_stt.api.ui.assets import Assets
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.settings import Settings
from hindi_stt.speakers.options import FIELDS as SPEAKER_FIELDS
from hindi_stt.transcription.options import offered

__all__ = ["PAGE_HEADERS", "page_routes"]

_FOLDER: Final = Path(__file__).parent / "page_files"
_INDEX: Final = "index.html"
PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src blob:; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every page: it loads nothing from elsewhere, and no other page may frame it."""


def page_routes(bundle: Bundle, settings: Settings, *, speakers: bool = False) -> list[BaseRoute]:
    """Make the routes of the page and its files.

    Args:
        bundle: The default model.
        settings: The server's settings.
        speakers: Whether the page offers to tell speakers apart.

    Returns:
        The routes; none where the page is switched off.
    """
    if settings.page == "off":
        return []
    files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.name != _INDEX}
    assets = Assets("ui", files)
    text = (_FOLDER / _INDEX).read_text(encoding="utf-8")
    # No "</script>" can be written in JSON whose "<" are escaped.
    config = json.dumps(_config(bundle, settings, speakers=speakers), ensure_ascii=False).replace("<", "\\u003c")
    html = text.replace("{{assets}}", assets.folder).replace("{{config}}", config)

    async def page(_: Request) -> Response:
        return HTMLResponse(html, headers={**PAGE_HEADERS, "Cache-Control": "no-cache"})

    return [Route("/ui", page), assets.route]


def _config(bundle: Bundle, settings: Settings, *, speakers: bool) -> dict[str, Any]:
    """The configuration of the page."""
    models = [asset.name for asset in bundle.manifest.assets if asset.role == "lm"]
    options = {name: list(values) for name, values in offered([bundle]).items() if name != "language_model" or models}
    if models:
        options["language_model"] = [*models, "none"]
    if speakers:
        options["diarize"] = list(SPEAKER_FIELDS["diarize"])
    # The page is for reading: it asks for the marks of captions, unless its visitor chooses otherwise.
    chosen = settings.punctuation == "off" and settings.caption_punctuation in options["punctuation"]
    return {
        "model": bundle.tag,
        "chosen": {"punctuation": settings.caption_punctuation} if chosen else {},
        "keys": bool(settings.key_file),
        "language": bundle.manifest.language,
        "options": options,
        "cues": {
            "seconds": render.CUE_S,
            "pause": render.CUE_PAUSE_S,
            "line": render.LINE_CLUSTERS,
        },
    }
