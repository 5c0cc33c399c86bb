"""Files of a page by their address, which changes with any of them."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from hindi_stt.access.limits import Client
from hindi_stt.api.error_responses import RequestState
from hindi_stt.api.ui.assets import Assets

FILES = {"page.css": b"body {}", "page.js": b"import './other.js'", "other.js": b"export {}"}


def client(assets: Assets) -> TestClient:
    app = Starlette(routes=[assets.route])

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        """As the server's middleware does."""
        scope["hindi_stt"] = RequestState("0" * 32, Client("-"))
        await app(scope, receive, send)

    return TestClient(with_state)


@pytest.mark.parametrize(("name", "media"), [("page.css", "text/css"), ("other.js", "text/javascript")])
def test_a_file_may_be_cached_without_expiry(name: str, media: str) -> None:
    assets = Assets("assets", FILES)
    answer = client(assets).get(f"/{assets.folder}/{name}")
    assert (answer.status_code, answer.content) == (200, FILES[name])
    assert answer.headers["content-type"].partition(";")[0] == media
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_another_content_has_another_address() -> None:
    before, after = Assets("assets", FILES), Assets("assets", FILES | {"other.js": b"export {x}"})
    assert before.folder != after.folder
    assert before.folder == Assets("assets", dict(reversed(FILES.items()))).folder
    assert client(after).get(f"/{before.folder}/other.js").status_code == 404


@pytest.mark.parametrize("name", ["none.js", "page.html", "..%2Fpage.css", "page.css%00"])
def test_there_is_nothing_else(name: str) -> None:
    assets = Assets("assets", FILES)
    answer = client(assets).get(f"/{assets.folder}/{name}")
    assert answer.status_code == 404
