"""Files that pages load: under an address that holds a hash of their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hindi_stt.api.error_responses import error_response
from hindi_stt.errors import NotFound

__all__ = ["Assets"]

_MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class Assets:
    """The style sheets and scripts of one page.

    Args:
        prefix: First part of their address, without slashes.
        files: Name → content. Names end in .css or .js.
    """

    def __init__(self, prefix: str, files: Mapping[str, bytes]) -> None:
        self._files = files
        # One hash for all of them: modules import each other by their plain names.
        self._version = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:16]
        self.folder = f"{prefix}/{self._version}"
        self.route = Route(f"/{prefix}/{{version}}/{{name}}", self._file)

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if request.path_params["version"] != self._version or name not in self._files:
            return error_response(request, NotFound("The page has no such file."))
        headers = {"Cache-Control": _FOR_EVER, "X-Content-Type-Options": "nosniff"}
        return Response(self._files[name], media_type=_MEDIA_TYPES[Path(name).suffix], headers=headers)
