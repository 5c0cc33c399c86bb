"""Calls from the platform's first message to the webhook, by a real server with keys and signatures.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import queue
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import numpy as np
import pytest
from standardwebhooks import Webhook
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from hindi_stt.cli.main import main
from tests.support.guarded import Guarded
from tests.support.responses import eventually
from tests.support.streams import RATE, speech
from tests.support.telephony import at_rate, exotel_call, mu_law, mu_law_file, plivo_call, telnyx_call, twilio_call
from tests.support.wav import wav

MODULES_UNDER_TEST = (
    "hindi_stt/api/openapi/calls.py",
    "hindi_stt/cli/calls.py",
    "hindi_stt/jobs/call_webhooks.py",
    "hindi_stt/protocols/calls/archive.py",
    "hindi_stt/protocols/calls/feed.py",
    "hindi_stt/protocols/calls/page.py",
    "hindi_stt/protocols/calls/recorder.py",
    "hindi_stt/protocols/calls/routes.py",
    "hindi_stt/protocols/calls/service.py",
    "hindi_stt/protocols/clients.py",
    "hindi_stt/protocols/routes.py",
    "hindi_stt/protocols/endpoints.py",
)

TWILIO_TOKEN = "0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CALLER = speech("rain.flac", 2.0, "family.flac", 1.5)
AGENT = speech(2.0, "family.flac", 1.5)
Event = dict[str, Any]


class Receiver(ThreadingHTTPServer):
    """Takes webhooks."""

    def __init__(self) -> None:
        self.received: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.put((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Guarded]:
    running = Guarded(
        tmp_path_factory.mktemp("calls"),
        HINDI_STT_PROTOCOLS="twilio,exotel,plivo,freeswitch",
        HINDI_STT_TWILIO_AUTH_TOKEN=TWILIO_TOKEN,
        HINDI_STT_TELEPHONY_KEY_NAME="operator",
        HINDI_STT_PROTOCOL_NETWORKS="10.1.0.0/16",
        HINDI_STT_CALLS_WEBHOOK_URL=f"http://127.0.0.1:{receiver.server_port}/calls",
        HINDI_STT_CALLS_WEBHOOK_SECRET=SECRET,
        HINDI_STT_JOBS_PRIVATE_NETWORKS="127.0.0.0/8",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def url(server: Guarded, path: str) -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


def twilio_headers(server: Guarded) -> dict[str, str]:
    signed = f"wss://127.0.0.1:{server.port}/v1/telephony/twilio"
    digest = hmac.new(TWILIO_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": base64.b64encode(digest).decode()}


def authorized(server: Guarded) -> dict[str, str]:
    return {"authorization": f"Bearer {server.key}"}


def get(server: Guarded, path: str) -> Any:
    return httpx.get(f"{server.url}{path}", headers=authorized(server), timeout=30).raise_for_status().json()


def send_call(server: Guarded, path: str, messages: Any, **headers: str) -> tuple[int | None, str | None]:
    """Send a whole call, and return how the server closed it."""
    with connect(url(server, path), additional_headers=headers) as ws:
        # A server that refuses closes while the rest is being sent; iteration raises for all codes but 1000 and 1001.
        with contextlib.suppress(ConnectionClosed):
            for message in messages:
                ws.send(message)
            list(ws)
        return ws.close_code, ws.close_reason


def followed(server: Guarded, call_id: str) -> list[Event]:
    """The events of a call until its end, as server-sent events."""
    path = f"{server.url}/v1/calls/{call_id}/events"
    with httpx.stream("GET", path, headers=authorized(server), timeout=60) as answer:
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]


def finals(events: list[Event], track: str) -> str:
    return " ".join(event["text"] for event in events if event["type"] == "final" and event["track"] == track)


def file_text(server: Guarded, samples: np.ndarray) -> str:
    text: str = server.post(server.key, wav(samples)).json()["text"]
    return text


def test_a_twilio_call_of_two_sides(server: Guarded, receiver: Receiver) -> None:
    tracks = {"inbound": mu_law(at_rate(CALLER, 8_000)), "outbound": mu_law(at_rate(AGENT, 8_000))}
    call_id = "CA11111111111111111111111111111111"
    events: list[Event] = []
    with connect(url(server, "/v1/telephony/twilio"), additional_headers=twilio_headers(server)) as ws:
        messages = list(twilio_call(tracks, {"language": "hi", "customer": "17"}, call_id))
        for message in messages[:2]:
            ws.send(message)
        assert eventually(lambda: get(server, "/v1/calls")["data"])
        (live,) = get(server, "/v1/calls")["data"]
        assert (live["call"], live["protocol"], live["tracks"]) == (call_id, "twilio", ["inbound", "outbound"])
        assert live["facts"]["customer"] == "17"
        listener = threading.Thread(target=lambda: events.extend(followed(server, call_id)))
        listener.start()
        for message in messages[2:]:
            ws.send(message)
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=60)
        assert ws.close_code == 1000
    listener.join(60)

    texts = {}
    for label, samples in (("inbound", CALLER), ("outbound", AGENT)):
        texts[label] = server.post(server.key, mu_law_file(samples)).json()["text"]
        assert finals(events, label) == texts[label]
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds[-1]) == ("call.started", "call.ended")
    assert {"type": "dtmf", "call": call_id, "value": "5"} in events
    assert eventually(lambda: get(server, "/v1/calls")["data"] == [])
    assert followed(server, call_id)[-1] == events[-1]  # one who comes late

    ended = events[-1]
    stored = get(server, f"{ended['transcript']}?response_format=verbose_json")
    for channel, label in enumerate(("inbound", "outbound")):
        said = " ".join(one["text"] for one in stored["segments"] if one["channel"] == channel)
        assert said == texts[label]
    assert get(server, f"/v1/jobs/{ended['job']}")["state"] == "done"

    headers, body = receiver.received.get(timeout=60)
    told = Webhook(SECRET).verify(body.decode(), {name.lower(): value for name, value in headers.items()})
    assert (told["type"], told["data"]["id"], told["data"]["job"]) == ("call.ended", call_id, ended["job"])
    for label, text in texts.items():
        assert " ".join(one["text"] for one in told["data"]["segments"] if one["speaker"] == label) == text
    starts = [one["start"] for one in told["data"]["segments"]]
    assert starts == sorted(starts)
    assert abs(told["data"]["duration"] - len(CALLER) / RATE) < 0.1


def test_a_call_whose_connection_breaks_keeps_its_last_words(server: Guarded) -> None:
    rain = speech("rain.flac")
    with connect(url(server, "/v1/telephony/exotel"), additional_headers=authorized(server)) as ws:
        for message in list(exotel_call(rain, RATE, call_id="broken"))[:-1]:
            ws.send(message)
    events = followed(server, "broken")
    assert finals(events, "inbound") == file_text(server, rain)
    assert events[-1]["transcript"]


def test_the_other_platforms(server: Guarded) -> None:
    """Keys come in a parameter, in basic authentication, or in a header."""
    rain = speech("rain.flac")
    messages = exotel_call(rain, RATE, {"key": server.key}, call_id="exotel")
    assert send_call(server, "/v1/telephony/exotel", messages) == (1000, "")
    basic = base64.b64encode(f"hindi:{server.key}".encode()).decode()
    data = rain.astype("<i2").tobytes()
    with connect(url(server, "/v1/telephony/plivo"), additional_headers={"Authorization": f"Basic {basic}"}) as ws:
        for message in plivo_call(data, "audio/x-l16", RATE, call_id="plivo"):
            ws.send(message)
    with connect(url(server, f"/v1/telephony/freeswitch?rate={RATE}"), additional_headers=authorized(server)) as ws:
        ws.send(json.dumps({"uuid": "freeswitch"}))
        for start in range(0, len(data), 640):
            ws.send(data[start : start + 640])
        ws.send(np.zeros(2 * RATE, "<i2").tobytes())
        answer = json.loads(ws.recv(timeout=30))
    expected = file_text(server, rain)
    assert (answer["type"], answer["data"]["text"]) == ("transcription", expected)
    for call_id in ("exotel", "plivo", "freeswitch"):
        events = followed(server, call_id)
        assert finals(events, "inbound") == expected
        assert server.key not in json.dumps(events)


def test_telnyx(server: Guarded) -> None:
    data = mu_law(at_rate(speech("rain.flac"), 8_000))
    assert (
        send_call(server, "/v1/telephony/twilio", telnyx_call(data, "v3:telnyx"), **twilio_headers(server))[0] == 1000
    )
    assert finals(followed(server, "v3:telnyx"), "inbound")


def test_who_may_not_connect(server: Guarded) -> None:
    """A wrong signature is refused in the handshake; who has no key is told when the stream starts."""
    for headers in ({}, {"X-Twilio-Signature": "AAAA"}):
        with (
            pytest.raises(InvalidStatus) as caught,
            connect(url(server, "/v1/telephony/twilio"), additional_headers=headers),
        ):
            pass
        assert caught.value.response.status_code == 403
    rain = speech("rain.flac")
    messages = list(exotel_call(rain, RATE))[:3]
    assert send_call(server, "/v1/telephony/exotel", messages) == (1008, "network_not_allowed")
    wrong = list(exotel_call(rain, RATE, {"key": server.key[:-1] + "x"}))[:3]
    assert send_call(server, "/v1/telephony/exotel", wrong) == (1008, "invalid_api_key")
    options = list(exotel_call(rain, RATE, {"key": server.key, "numerals": "roman"}))[:3]
    assert send_call(server, "/v1/telephony/exotel", options) == (1008, "invalid_request")


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://127.0.0.1", 101), ("127.0.0.1", 101), ("https://other.example", 403), ("http://[", 403)],
)
def test_the_origin_that_a_platforms_library_states(server: Guarded, origin: str, status: int) -> None:
    """libwebsockets sends the name of the server as the origin, with a scheme or without, and without its port."""
    headers = authorized(server) | {"origin": origin}
    try:
        with connect(url(server, "/v1/telephony/freeswitch"), additional_headers=headers):
            found = 101
    except InvalidStatus as refused:
        found = refused.response.status_code
    assert found == status


def test_metrics_are_by_route_and_hold_no_ids(server: Guarded) -> None:
    """Whatever is asked for, they do not grow with it, and nobody learns of calls from them."""
    metrics = f"{server.url}/metrics"
    followed(server, "exotel")
    n_lines = len(httpx.get(metrics, headers=authorized(server)).text.splitlines())
    for i in range(20):
        for path in (f"/v1/calls/none{i}/events", f"/v1/jobs/none{i}", f"/nowhere/none{i}"):
            assert httpx.get(f"{server.url}{path}", headers=authorized(server)).status_code == 404
    text = httpx.get(metrics, headers=authorized(server)).text
    assert 'endpoint="/v1/calls/{call}/events"' in text
    assert 'endpoint="other"' in text
    assert "none1" not in text
    assert "calls/exotel" not in text
    assert len(text.splitlines()) < n_lines + 200


def test_calls_belong_to_their_key(server: Guarded) -> None:
    other = server.new_key("other")
    headers = {"authorization": f"Bearer {other}"}
    answer = httpx.get(f"{server.url}/v1/calls/exotel/events", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "call_not_found")
    assert httpx.get(f"{server.url}/v1/calls", timeout=30).status_code == 401
    with (
        pytest.raises(InvalidStatus) as caught,
        connect(url(server, "/v1/calls/exotel/events"), additional_headers=headers),
    ):
        pass
    assert caught.value.response.status_code == 404


def test_a_websocket_gets_the_same_events(server: Guarded) -> None:
    with connect(url(server, "/v1/calls/exotel/events"), additional_headers=authorized(server)) as ws:
        events = [json.loads(message) for message in ws]
    assert events == followed(server, "exotel")


def test_hostile_messages_are_counted_and_end_nothing_else(server: Guarded) -> None:
    messages = list(exotel_call(speech("rain.flac"), RATE, {"key": server.key}, call_id="hostile"))
    hostile = ["{", '{"event": "hello"}', json.dumps({"event": "media"}), *messages[:1]]
    assert send_call(server, "/v1/telephony/exotel", [*messages[:3], *hostile, *messages[3:]]) == (1000, "")
    events = followed(server, "hostile")
    assert finals(events, "inbound") == file_text(server, speech("rain.flac"))
    assert [event["code"] for event in events if event["type"] == "error"] == ["invalid_request"] * 3
    assert send_call(server, "/v1/telephony/exotel", ["{"] * 20) == (1008, "invalid_request")
    assert send_call(server, "/v1/telephony/exotel", [*messages[:2], *["{"] * 20]) == (1008, "invalid_request")


def test_calls_tail(server: Guarded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rain = speech("rain.flac")
    messages = exotel_call(rain, RATE, {"key": server.key}, call_id="tailed")
    assert send_call(server, "/v1/telephony/exotel", messages) == (1000, "")
    monkeypatch.setenv("HINDI_STT_API_KEY", server.key)
    assert main(["calls", "tail", "tailed", "--url", server.url]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.split("\t")[2:] == ["inbound", file_text(server, rain)]
    assert last.endswith("[end]")
    assert main(["calls", "tail", "tailed", "--url", server.url, "--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == followed(server, "tailed")

    def listed() -> str:
        assert main(["calls", "list", "--url", server.url]) == 0
        return capsys.readouterr().out

    assert eventually(lambda: listed() == "")  # the last call of another test may still be ending


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tail", "no-such-call"], "call"),
        (["list", "--key", "stt_wrong"], "key"),
        (["list", "--url", "http://127.0.0.1:9"], "answer"),
    ],
)
def test_calls_that_cannot_be_shown(
    server: Guarded,
    arguments: list[str],
    code: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HINDI_STT_API_KEY", server.key)
    assert main(["calls", arguments[0], "--url", server.url, *arguments[1:]]) == 1
    assert code in capsys.readouterr().err


def test_the_openapi_document_has_calls_where_there_are_any(server: Guarded) -> None:
    document = get(server, "/docs.json")
    assert {"/v1/calls", "/v1/calls/{call}/events"} <= set(document["paths"])


def test_the_page_loads_without_a_key_and_from_this_server_only(server: Guarded) -> None:
    page = httpx.get(f"{server.url}/ui/calls")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    names = re.findall(r'(?:src|href)="(calls/[^"]+)"', page.text)
    assert len(names) == 2
    for name in names:
        assert httpx.get(f"{server.url}/ui/{name}").status_code == 200
    assert 'data-keys="yes"' in page.text
