"""A real Asterisk against a real server: its application and its channel of AudioSocket."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.support.asterisk import ROOT, Asterisk, asterisk
from tests.support.file_texts import file_text
from tests.support.guarded import Guarded
from tests.support.ports import free_ports
from tests.support.streams import RATE, speech
from tests.support.telephony import at_rate

pytestmark = pytest.mark.skipif(not ROOT, reason="HINDI_STT_TEST_ASTERISK names no root of an Asterisk")
MODULES_UNDER_TEST = ("hindi_stt/protocols/telephony/audiosocket.py",)
CALL = speech("rain.flac", 1.5, "family.flac", 1.5)
MAX_S = 30


@pytest.fixture(scope="module")
def port() -> int:
    (found,) = free_ports(1)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Guarded]:
    running = Guarded(
        tmp_path_factory.mktemp("asterisk"),
        HINDI_STT_PROTOCOLS="audiosocket",
        HINDI_STT_AUDIOSOCKET_PORT=str(port),
        HINDI_STT_PROTOCOL_NETWORKS="127.0.0.0/8=operator",
        HINDI_STT_CALL_MAX_S=str(MAX_S),
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture
def pbx() -> Iterator[Asterisk]:
    with asterisk() as found:
        yield found


def events_of(server: Guarded, call_id: str) -> list[dict[str, Any]]:
    """Every event of a call, from its start to its end."""
    headers = {"Authorization": f"Bearer {server.key}"}
    deadline = time.monotonic() + 60
    while (answer := httpx.get(f"{server.url}/v1/calls/{call_id}/events", headers=headers, timeout=120)).is_error:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def final_text(events: list[dict[str, Any]]) -> str:
    return " ".join(event["text"] for event in events if event["type"] == "final")


def test_the_application_hears_what_a_file_says(server: Guarded, port: int, pbx: Asterisk) -> None:
    samples, call_id = at_rate(CALL, 8_000), str(uuid.uuid4())
    pbx.configure(samples, 8_000, call_id, port)
    with pbx.running():
        pbx.tell("channel originate Local/listen@calls/n extension talk@calls")
        events = events_of(server, call_id)
        pbx.wait_until_idle()
    assert events[0]["protocol"] == "audiosocket"
    assert final_text(events) == file_text(server, samples, 8_000)
    assert not [event for event in events if event["type"] in {"error", "warning"}]


@pytest.mark.parametrize(("codec", "rate"), [("slin", 8_000), ("slin16", 16_000), ("slin48", 48_000)])
def test_a_channel_with_a_codec(server: Guarded, port: int, pbx: Asterisk, codec: str, rate: int) -> None:
    """The kinds of newer releases have their own rates."""
    samples, call_id = at_rate(CALL, rate), str(uuid.uuid4())
    pbx.configure(samples, rate, call_id, port)
    with pbx.running():
        pbx.tell(f"channel originate AudioSocket/127.0.0.1:{port}/{call_id}/c({codec}) extension talk@calls")
        events = events_of(server, call_id)
        pbx.wait_until_idle()
    assert final_text(events) == file_text(server, samples, rate)
    assert [event["value"] for event in events if event["type"] == "dtmf"] == ["5", "7"]
    assert not [event for event in events if event["type"] in {"error", "warning"}]


def test_a_codec_that_asterisk_misnames_is_a_warning(server: Guarded, port: int, pbx: Asterisk) -> None:
    """It sends mu-law by the kind of 16-bit samples."""
    call_id = str(uuid.uuid4())
    pbx.configure(at_rate(np.tile(CALL, 3), 8_000), 8_000, call_id, port)
    with pbx.running():
        pbx.tell(f"channel originate AudioSocket/127.0.0.1:{port}/{call_id}/c(ulaw) extension talk@calls")
        events = events_of(server, call_id)
        pbx.wait_until_idle()
    warnings = [text for event in events if event["type"] == "warning" for text in event["warnings"]]
    assert any("looks like G.711 mu-law" in text for text in warnings), warnings


def test_a_call_that_the_server_ends(server: Guarded, port: int, pbx: Asterisk) -> None:
    """Past HINDI_STT_CALL_MAX_S Asterisk gets the hang-up message, and the dial plan goes on."""
    call_id = str(uuid.uuid4())
    pbx.configure(at_rate(np.tile(CALL, 1 + MAX_S * RATE // len(CALL) * 2), 8_000), 8_000, call_id, port)
    with pbx.running():
        pbx.tell("channel originate Local/listen@calls/n extension talk@calls")
        events = events_of(server, call_id)
        pbx.wait_until_idle(20)
    assert "session_expired" in json.dumps(events)
    assert final_text(events)
