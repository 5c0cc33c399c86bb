"""Chromium, and pages of a real server in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.server import ROOT, Server
from tests.support.streams import speech
from tests.support.wav import wav

SPOKEN = speech(0.5, "family.flac", 1.6, "rain.flac", 1.6)
AXE = "axe-core@4.10.3"
expect.set_options(timeout=30_000)  # ms; five seconds are too short for a machine with other work

Picture = Callable[[Page, str], None]
FindProblems = Callable[[Page], list[Any]]


class Visit(Protocol):
    """Opens the page of a server, in English unless told otherwise."""

    def __call__(self, server: Server, context: BrowserContext | None = None, **options: Any) -> Page: ...


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, whose microphone hears two sentences."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    microphone = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    microphone.write_bytes(wav(SPOKEN))
    arguments = [
        "--no-sandbox",  # as root, in a container
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
    ]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=arguments)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Whatever a page logs as an error, and whatever it asks of another address, fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(server: Server, context: BrowserContext | None = None, **options: Any) -> Page:
        if context is None:
            given = {"viewport": {"width": 900, "height": 820}, "locale": "en-US", "device_scale_factor": 1, **options}
            given["permissions"] = ["microphone", *options.get("permissions", ())]
            context = browser.new_context(**given)
            contexts.append(context)
        own = (server.url, server.url.replace("http", "ws"), "blob:", "data:")
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
        page.on("request", lambda asked: None if asked.url.startswith(own) else problems.append(asked.url))
        page.on("websocket", lambda socket: None if socket.url.startswith(own) else problems.append(socket.url))
        page.goto(f"{server.url}/ui")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(visit: Visit, server: Server) -> Page:
    return visit(server)


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The accessibility checker's source: MPL-2.0 and half a megabyte, so it is fetched and not kept."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {AXE}")
    shutil.unpack_archive(folder / done.stdout.split()[-1], folder)
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def accessibility_problems(axe: str) -> FindProblems:
    """What axe finds wrong with a page as it is."""

    def find(page: Page) -> list[Any]:
        page.evaluate(axe)
        found = page.evaluate("axe.run()")
        assert len(found["passes"]) > 20
        return [(v["id"], v["impact"], v["nodes"][0]["html"]) for v in found["violations"]]

    return find


@pytest.fixture(scope="module")
def picture() -> Picture:
    """Takes the pictures of the documentation, for a look at them and a copy to docs/images."""
    folder = ROOT / "build" / "pictures"

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True, animations="disabled")

    return take
