"""The API reference at /, and every page in a browser: none of them asks another address (make prove-ui)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.server import Server

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def pages(server: Server) -> list[str]:
    """Every address that answers a browser with HTML: the routes that are described, and those beside them."""
    described = httpx.get(f"{server.url}/docs.json").json()["paths"]
    beside = ["/docs", "/index.html", "/static_content/", "/static_content/index.html", "/ui/", "/reference", "/redoc"]
    paths = [*(path for path, operations in described.items() if "get" in operations), *beside]
    answers = {path: httpx.get(server.url + path, headers=HTML, follow_redirects=True) for path in paths}
    return [path for path, got in answers.items() if got.headers.get("content-type", "").startswith("text/html")]


def test_programs_get_json_and_browsers_the_reference(server: Server) -> None:
    for accept in ("*/*", "application/json", ""):
        answer = httpx.get(server.url, headers={"accept": accept})
        assert answer.json()["name"] == "hindi_stt"
        assert "Accept" in answer.headers["vary"]
    page = httpx.get(server.url, headers=HTML)
    assert "Hindi speech to text" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Accept" in page.headers["vary"]
    assert "bentoml" not in page.text.lower()
    assert "{{" not in page.text
    own = re.findall(r'(?:href|src)="(reference/[^"]+)"', page.text)
    assert len(own) == 4
    for path in own:
        file = httpx.get(f"{server.url}/{path}")
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
def test_bentomls_own_page_is_not_served(server: Server, method: str) -> None:
    for path in ("/", "//", "/?", "/static_content/swagger-initializer.js", "/static_content/index.css", "/index.html"):
        text = httpx.request(method, server.url + path, headers=HTML).text.lower()
        assert "googletagmanager" not in text, path
        assert "bentoml" not in text, path
    assert httpx.get(f"{server.url}/static_content/swagger-ui.css").status_code == 404


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def watched(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser's page; whatever leaves the server, or tries to, fails the test."""
    context = browser.new_context(locale="en-US")
    problems: list[str] = []
    allowed = (server.url, server.url.replace("http", "ws"), "blob:", "data:")
    context.on("request", lambda request: None if request.url.startswith(allowed) else problems.append(request.url))
    page = context.new_page()
    page.on("websocket", lambda socket: None if socket.url.startswith(allowed) else problems.append(socket.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    # What the policy blocks is no request, but somebody has tried.
    page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
    yield page
    context.close()
    assert problems == []


@pytest.mark.ui
def test_no_page_requests_another_origin(watched: Page, server: Server) -> None:
    found = pages(server)
    assert {"/", "/ui"} <= set(found)
    for path in found:
        watched.goto(server.url + path)
        watched.wait_for_load_state("networkidle")
        for element in watched.query_selector_all("summary, [aria-expanded=false]"):
            element.evaluate("element => element.click()")  # whatever covers it
        watched.wait_for_load_state("networkidle")


@pytest.mark.ui
def test_the_reference_sends_requests(watched: Page, server: Server) -> None:
    watched.goto(server.url)
    expect(watched.locator("header h1")).to_contain_text("Hindi speech to text")
    operation = watched.locator("#operations-Service_status-getHealth")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status:not(.col_header)")).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text('"healthy"')
