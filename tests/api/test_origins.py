"""Whose pages, names and proxies a server without keys believes, and what of them the log may hold."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hindi_stt.access.ledger import read_sums
from hindi_stt.errors import InvalidSetting
from hindi_stt.observability.log_format import EscapeControls, LineFormatter
from hindi_stt.settings import Settings
from hindi_stt.startup_checks import check_settings
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.responses import eventually
from tests.support.server import Server

MODULES_UNDER_TEST = ("hindi_stt/api/middleware/origins.py",)

GOOD = (DATA / "rain_16k.wav").read_bytes()


def is_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text


class Open(Server):
    """Without keys; with jobs and a ledger."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.usage_url = f"sqlite:///{folder / 'usage.db'}"
        more = {"HINDI_STT_USAGE_URL": self.usage_url, "HINDI_STT_JOBS_DIR": str(folder / "jobs")}
        super().__init__(folder, **more, HINDI_STT_JOBS_WORKERS="0", **settings)

    def clients(self) -> set[str]:
        return {sums.group for sums in read_sums(self.usage_url, "client")}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    running = Open(
        tmp_path_factory.mktemp("named"),
        HINDI_STT_ALLOWED_HOSTS="stt.example, Captions.example",
        HINDI_STT_CORS_ORIGINS="https://app.example",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    running = Open(tmp_path_factory.mktemp("proxied"), HINDI_STT_TRUSTED_PROXIES="127.0.0.0/8")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:3000", "[::1]:3000", "STT.example", "captions.example.:8443"])
def test_names_that_are_its_own(named: Open, host: str) -> None:
    assert httpx.get(named.url, headers={"host": host}).status_code == 200
    assert httpx.post(f"{named.url}/transcribe", files={"file": GOOD}, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "stt.example.evil.example", "127.0.0.1.evil.example", "x", "0x7f.1"])
def test_names_that_are_not(named: Open, host: str) -> None:
    for path in ("/", "/ui", "/v1/models", "/docs.json", "/stats"):
        refused = httpx.get(named.url + path, headers={"host": host})
        is_refused(refused, 403, "host_not_allowed")
        assert "HINDI_STT_ALLOWED_HOSTS" in refused.text
    is_refused(
        httpx.post(f"{named.url}/transcribe", files={"file": GOOD}, headers={"host": host}), 403, "host_not_allowed"
    )
    for path in ("/livez", "/readyz", "/healthz", "/metrics"):
        assert httpx.get(named.url + path, headers={"host": host}).status_code == 200, path


def test_a_websocket_by_another_name(named: Open) -> None:
    reached = socket.create_connection(("127.0.0.1", named.port))
    with pytest.raises(InvalidStatus) as refused, connect("ws://evil.example/v1/realtime", sock=reached):
        pass
    assert refused.value.response.status_code == 403
    assert eventually(lambda: "WS /v1/realtime 403 code=host_not_allowed" in named.log)


@pytest.mark.slow
def test_with_keys_every_name_will_do(guarded: Guarded) -> None:
    headers = {"host": "any.example", "authorization": f"Bearer {guarded.key}"}
    assert httpx.get(f"{guarded.url}/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"origin": "https://app.example"}, 202),
        ({"origin": "http://stt.example", "host": "stt.example", "sec-fetch-site": "same-origin"}, 202),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_a_form_on_a_page(named: Open, headers: dict[str, str], status: int) -> None:
    answer = httpx.post(f"{named.url}/v1/jobs", files={"file": GOOD}, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 403:
        is_refused(answer, 403, "origin_not_allowed")
        cancel = httpx.post(f"{named.url}/v1/jobs/{'0' * 32}/cancel", headers=headers)
        is_refused(cancel, 403, "origin_not_allowed")
    else:
        assert httpx.delete(f"{named.url}{answer.headers['location']}").status_code == 204
    assert httpx.get(f"{named.url}/v1/jobs").json()["data"] == []


def test_addresses_of_no_trusted_proxy(named: Open) -> None:
    for forwarded in ("203.0.113.9", "203.0.113.9, 127.0.0.1"):
        headers = {"x-forwarded-for": forwarded}
        assert httpx.post(f"{named.url}/transcribe", files={"file": GOOD}, headers=headers).status_code == 200
    assert eventually(lambda: bool(named.clients()))
    assert named.clients() == {"127.0.0.1"}


@pytest.mark.slow
def test_addresses_that_a_trusted_proxy_forwards(proxied: Open) -> None:
    for forwarded in ("203.0.113.9", "198.51.100.7, 203.0.113.10", "not an address", "<b>203.0.113.9</b>"):
        headers = {"x-forwarded-for": forwarded}
        assert httpx.post(f"{proxied.url}/transcribe", files={"file": GOOD}, headers=headers).status_code == 200
    # What the client itself has put before the proxy's part is not believed.
    assert eventually(lambda: proxied.clients() == {"203.0.113.9", "203.0.113.10", "-"}), proxied.clients()


def test_refused_websockets_are_no_errors(named: Open, guarded: Guarded) -> None:
    for url, headers in (
        (f"ws://127.0.0.1:{named.port}/v1/realtime", {"Origin": "https://evil.example"}),
        (f"ws://127.0.0.1:{named.port}/nowhere", {}),
        (f"ws://127.0.0.1:{guarded.port}/v1/realtime", {"Authorization": "Bearer stt_00000000_wrong"}),
    ):
        with pytest.raises(InvalidStatus), connect(url, additional_headers=headers):
            pass
    assert eventually(lambda: "WS /nowhere 404 code=not_found" in named.log)
    assert eventually(lambda: "WS /v1/realtime 401 code=invalid_api_key" in guarded.log)
    assert "without completing handshake" not in named.log + guarded.log


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowed_hosts", "https://stt.example"),
        ("allowed_hosts", "stt.example:443"),
        ("trusted_proxies", "proxy.example"),
        ("trusted_proxies", "10.0.0.5/8"),
    ],
)
def test_settings_that_cannot_be_used(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"HINDI_STT_{name.upper()}"):
        check_settings(Settings(model="", **{name: value}))


def test_a_log_entry_is_one_line() -> None:
    hostile = "job\r\n2026-01-01 ERROR forged\x1b[2J\x9b31m\u2028\x00"
    record = logging.LogRecord("hindi_stt", logging.WARNING, "", 1, "refused %s", (hostile,), None)
    formatted = LineFormatter("%(levelname)s %(message)s").format(record)
    assert formatted == "WARNING refused job\\x0d\\x0a2026-01-01 ERROR forged\\x1b[2J\\x9b31m\\u2028\\x00"
    EscapeControls().filter(record)
    assert logging.Formatter("%(message)s").format(record).isprintable()


def test_a_traceback_keeps_its_lines_and_loses_its_controls() -> None:
    try:
        raise ValueError("spoilt \x1b[2J name")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), (type(error), error, error.__traceback__))
    lines = LineFormatter("%(message)s").format(record).splitlines()
    assert lines[0] == "failed"
    assert lines[-1] == "ValueError: spoilt \\x1b[2J name"
