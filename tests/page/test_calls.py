"""The page of live calls in Chromium: both sides as a conversation, with a key."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.page.conftest import FindProblems, Picture
from tests.support.guarded import Guarded
from tests.support.redis_server import RedisServer
from tests.support.server import Server
from tests.support.streams import speech
from tests.support.telephony import at_rate, mu_law, twilio_call

pytestmark = pytest.mark.ui

CALL = "CA77777777777777777777777777777777"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    running = Guarded(tmp_path_factory.mktemp("centre"), HINDI_STT_PROTOCOLS="twilio")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def test_a_page_follows_its_call_again_when_the_redis_of_calls_is_back(tmp_path: Path, browser: Browser) -> None:
    redis = RedisServer(tmp_path, durable=True)
    server = Server(tmp_path, HINDI_STT_PROTOCOLS="twilio", HINDI_STT_CALLS_URL=redis.url)
    try:
        server.wait_until_ready()
        silence = {"inbound": bytes([0xFF]) * 8_000}
        messages = list(twilio_call(silence, call_id=CALL))
        page = browser.new_context(locale="en-US").new_page()
        page.goto(f"{server.url}/ui/calls")
        with connect(f"ws://127.0.0.1:{server.port}/v1/telephony/twilio") as ws:
            for message in messages[:-2]:
                ws.send(message)
            page.get_by_role("button", name=CALL).click()
            pressed = page.locator("#conversation li")
            expect(pressed).to_have_text(["dtmf 5"])
            redis.kill()
            expect(page.get_by_text("The connection to the server is lost.")).to_be_visible()
            redis.start()
            for message in messages[-2:]:
                ws.send(message)
            expect(page.get_by_text("The call has ended.")).to_be_visible()
            expect(pressed).to_have_text(["dtmf 5", "mark greeting"])
    finally:
        server.stop()
        redis.stop()


def test_a_call_as_a_conversation(
    centre: Guarded, browser: Browser, picture: Picture, accessibility_problems: FindProblems
) -> None:
    caller, agent = speech("rain.flac", 4.0), speech(3.0, "family.flac", 1.5)
    tracks = {"inbound": mu_law(at_rate(caller, 8_000)), "outbound": mu_law(at_rate(agent, 8_000))}
    messages = list(twilio_call(tracks, {"key": centre.key}, CALL))
    page = browser.new_context(viewport={"width": 900, "height": 700}, locale="en-US").new_page()
    foreign: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith((centre.url, "data:")) else foreign.append(asked.url))
    page.on("pageerror", lambda error: foreign.append(str(error)))
    page.goto(f"{centre.url}/ui/calls")
    page.get_by_label("API key").fill(centre.key)
    page.get_by_role("button", name="Show calls").click()
    expect(page.get_by_text("No call is live.")).to_be_visible()
    with connect(f"ws://127.0.0.1:{centre.port}/v1/telephony/twilio") as ws:
        for message in messages[:2]:
            ws.send(message)
        page.get_by_role("button", name=CALL).click(timeout=20_000)

        def talk() -> None:
            for message in messages[2:]:
                ws.send(message)
            with contextlib.suppress(ConnectionClosed):
                ws.recv(timeout=60)

        speaking = threading.Thread(target=talk)
        speaking.start()
        expect(page.get_by_text("The call has ended.")).to_be_visible(timeout=60_000)
        speaking.join(60)
    said = page.locator("#conversation li")
    expect(said.filter(has_text="Caller")).to_have_count(1)
    expect(said.filter(has_text="Other side")).to_have_count(1)
    assert accessibility_problems(page) == []
    picture(page, "calls")
    page.get_by_role("button", name="हिन्दी").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("चालू कॉल")
    assert foreign == []
