"""Keys, limits, uploads side by side and browsers: a real server that lets in only who may.

Longer than 300 lines: the tests share one server.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import re
import socket
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import websockets.exceptions
from starlette.requests import Request

from hindi_stt.access.keys import KeyRing, edit, make_key
from hindi_stt.access.tokens import Tokens
from hindi_stt.api.middleware.exposure import addresses_beyond_loopback, warn_if_open
from hindi_stt.api.middleware.protection import Protection
from hindi_stt.cli.main import main
from hindi_stt.errors import InvalidKey, KeyFileInvalid, KeyRevoked
from hindi_stt.settings import Settings
from tests.conftest import DATA
from tests.support.guarded import ORIGIN, Guarded
from tests.support.keys import connect
from tests.support.responses import eventually, is_error

MODULES_UNDER_TEST = (
    "hindi_stt/access/key_file.py",
    "hindi_stt/access/tokens.py",
    "hindi_stt/api/middleware/credentials.py",
    "hindi_stt/api/middleware/exposure.py",
    "hindi_stt/api/middleware/protection.py",
    "hindi_stt/api/middleware/protection_middleware.py",
    "hindi_stt/api/routes.py",
    "hindi_stt/app.py",
)

GOOD = (DATA / "rain_16k.wav").read_bytes()
SECONDS = 2.128


def test_which_clients_are_admitted(guarded: Guarded) -> None:
    assert guarded.post(guarded.key, GOOD).status_code == 200
    missing = guarded.post(None, GOOD)
    is_error(missing, 401, "missing_api_key")
    assert missing.headers["www-authenticate"] == "Bearer"
    key_id = guarded.key.split("_")[1]
    for wrong in ("x", "stt_00000000_secret", f"stt_{key_id}_secret", guarded.key + "x", guarded.key[3:]):
        is_error(guarded.post(wrong, GOOD), 401, "invalid_api_key")
    basic = base64.b64encode(f"user:{guarded.key}".encode()).decode()
    headers = {"authorization": f"Basic {basic}"}
    is_error(httpx.post(f"{guarded.url}/transcribe", content=GOOD, headers=headers), 401, "missing_api_key")


def test_what_is_open(guarded: Guarded) -> None:
    for path in ("/", "/docs.json", "/schema.json", "/health", "/livez", "/readyz", "/healthz"):
        assert httpx.get(guarded.url + path).status_code == 200, path
    page = httpx.get(guarded.url, headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    for path in ("/metrics", "/stats", "/v1/models", "/nowhere", "/static_content/../metrics"):
        assert httpx.get(guarded.url + path).status_code == 401, path
        answer = httpx.get(guarded.url + path, headers={"authorization": f"bearer {guarded.key}"})
        assert answer.status_code in {200, 404}, path


def test_the_openai_package(guarded: Guarded) -> None:
    def client(key: str) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{guarded.url}/v1", api_key=key, max_retries=0)

    file = ("a.wav", GOOD)
    with client(guarded.key) as allowed:
        assert allowed.audio.transcriptions.create(model="whisper-1", file=file).text
    with client("sk-wrong") as unknown, pytest.raises(openai.AuthenticationError) as caught:
        unknown.audio.transcriptions.create(model="whisper-1", file=file)
    assert caught.value.code == "invalid_api_key"
    with client(guarded.new_key("openai-limited", requests_per_minute=1)) as limited:
        limited.audio.transcriptions.create(model="whisper-1", file=file)
        with pytest.raises(openai.RateLimitError):
            limited.audio.transcriptions.create(model="whisper-1", file=file)


def test_a_client_with_a_big_body_and_no_key_receives_the_answer(guarded: Guarded) -> None:
    is_error(guarded.post(None, bytes(900_000)), 401, "missing_api_key")


def test_an_endless_body_without_a_key_is_ended(guarded: Guarded) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port)) as client:
        client.sendall(b"POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n--x")
        client.settimeout(10)
        answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in answer.lower()


def test_keys_come_and_go_while_it_runs(guarded: Guarded, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ["keys", "--file", str(guarded.key_file)]
    assert main([*command, "new", "clinic"]) == 0
    first = capsys.readouterr().out.strip()
    assert main([*command, "new", "clinic", "--requests-per-minute", "7"]) == 0
    second = capsys.readouterr().out.strip()
    assert [guarded.post(key, GOOD).status_code for key in (first, second)] == [200, 200]
    assert main([*command, "revoke", first.split("_")[1]]) == 0
    is_error(guarded.post(first, GOOD), 403, "api_key_revoked")
    assert guarded.post(second, GOOD).status_code == 200
    capsys.readouterr()
    assert main([*command, "list"]) == 0
    listed = capsys.readouterr().out
    rows = [line.split("\t") for line in listed.splitlines() if "\tclinic\t" in line]
    assert [row[3].split()[0] for row in rows] == ["revoked", "valid"]
    assert [row[4] for row in rows] == ["-", "7"]
    for secret in (first, second, guarded.key):
        assert secret.split("_", 2)[2] not in guarded.key_file.read_text() + guarded.log + listed
    assert stat.S_IMODE(guarded.key_file.stat().st_mode) == 0o600
    assert main([*command, "revoke", "nobody"]) == 1
    assert "key_file_invalid" in capsys.readouterr().err


def test_a_key_file_that_becomes_invalid_keeps_the_last_keys(guarded: Guarded) -> None:
    whole = guarded.key_file.read_text()
    guarded.key_file.write_text(whole[:-20])
    try:
        assert guarded.post(guarded.key, GOOD).status_code == 200
        assert eventually(lambda: "the keys stay as they were" in guarded.log)
    finally:
        guarded.key_file.write_text(whole)
    assert guarded.post(guarded.key, GOOD).status_code == 200


def test_a_limit_on_requests(guarded: Guarded) -> None:
    key = guarded.new_key("two-a-minute", requests_per_minute=2)
    assert [guarded.post(key, GOOD).status_code for _ in range(2)] == [200, 200]
    refused = guarded.post(key, GOOD)
    is_error(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert httpx.get(f"{guarded.url}/v1/models", headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert guarded.post(guarded.key, GOOD).status_code == 200


def test_a_limit_on_seconds_of_audio(guarded: Guarded) -> None:
    key = guarded.new_key("five-seconds", audio_s_per_hour=5)
    assert [guarded.post(key, GOOD).status_code for _ in range(2)] == [200, 200]
    refused = guarded.post(key, GOOD)
    is_error(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) <= 7200


def test_uploads_side_by_side(guarded: Guarded) -> None:
    def begin() -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", guarded.port))
        head = f"POST /transcribe HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n--x\r\n"
        connection.sendall(head.encode())
        return connection

    key = guarded.new_key("many-at-once")
    with begin(), begin():
        assert eventually(lambda: guarded.post(key, GOOD).status_code == 429)
        refused = guarded.post(key, GOOD)
        is_error(refused, 429, "too_many_uploads")
        assert refused.headers["retry-after"] == "1"
        assert guarded.post(guarded.key, GOOD).status_code == 200
    assert eventually(lambda: guarded.post(key, GOOD).status_code == 200)


def test_browsers(guarded: Guarded) -> None:
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-request-id"}
    preflight = httpx.options(f"{guarded.url}/transcribe", headers={"origin": ORIGIN, **wanted})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    strange = httpx.options(f"{guarded.url}/transcribe", headers={"origin": "https://evil.example", **wanted})
    assert strange.status_code == 400
    assert "access-control-allow-origin" not in strange.headers
    for path, status in (("/transcribe", 401), ("/", 200)):
        answer = httpx.get(guarded.url + path, headers={"origin": ORIGIN})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, ORIGIN)
    posted = httpx.post(
        f"{guarded.url}/transcribe",
        files={"file": GOOD},
        headers={"origin": ORIGIN, "authorization": f"Bearer {guarded.key}"},
    )
    assert posted.status_code == 200
    assert "X-Request-ID" in posted.headers["access-control-expose-headers"]


@pytest.mark.parametrize("how", ["none", "header", "protocol"])
def test_web_sockets_want_a_key_too(guarded: Guarded, how: str) -> None:
    given = {
        "none": "",
        "header": f"Authorization: Bearer {guarded.key}\r\n",
        "protocol": f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{guarded.key}\r\n",
    }[how]
    head = "GET /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    head += f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n{given}\r\n"
    with socket.create_connection(("127.0.0.1", guarded.port)) as connection:
        connection.sendall(head.encode())
        connection.settimeout(10)
        status = connection.recv(4096).split()[1]
    assert (status == b"401") == (how == "none")


def test_every_comparison_takes_as_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with a key, it costs one hash and one comparison in constant time."""
    path = tmp_path / "keys.json"
    (valid, key), (gone, old) = make_key("a"), make_key("b")
    with edit(path) as keys:
        keys += [valid, gone.model_copy(update={"revoked": gone.created})]
    ring = KeyRing(path)
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def spy(a: bytes, b: bytes) -> bool:
        compared.append((len(a), len(b)))
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    assert ring.find(key) == valid
    for wrong in ("", "stt_", key[:-1], f"stt_ffffffff_{key[-43:]}", "_" * 9, "é"):
        with pytest.raises(InvalidKey):
            ring.find(wrong)
    with pytest.raises(KeyRevoked):
        ring.find(old)
    with pytest.raises(InvalidKey):
        ring.find(f"stt_{gone.id}_wrong")
    assert compared == [(32, 32)] * 9


def test_key_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(KeyFileInvalid, match="cannot be read"):
        KeyRing(tmp_path / "none.json")
    for content in ("", "[]", '{"keys": [{"name": "a"}]}', '{"keys": [], "more": 1}'):
        (tmp_path / "keys.json").write_text(content)
        with pytest.raises(KeyFileInvalid):
            KeyRing(tmp_path / "keys.json")
    with pytest.raises(KeyFileInvalid, match="name"):
        make_key("a b")
    with pytest.raises(KeyFileInvalid, match="cannot be written"), edit(tmp_path / "no" / "keys.json"):
        pass


def test_a_forked_worker_reads_the_key_file_anew(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key, secret = make_key("asha")
    with edit(path) as keys:
        keys.append(key)
    protection = Protection(Settings(model="", key_file=str(path)))  # in the supervisor
    request = Request(
        {
            "type": "http",
            "headers": [(b"authorization", f"Bearer {secret}".encode())],
            "path": "/",
            "query_string": b"",
            "client": None,
        }
    )
    assert protection.client_of(request).name == "asha"
    path.write_text("{", encoding="utf-8")
    assert protection.client_of(request).name == "asha"  # a worker that runs goes on with the keys that it knows
    with pytest.raises(KeyFileInvalid):  # one that starts does not, weeks after the supervisor
        protection.read_keys()


def test_an_open_server_warns_where_others_reach_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)):
        warn_if_open(Settings())
    assert not caplog.records
    with socket.create_server(("0.0.0.0", 0)) as listening:
        address = f"0.0.0.0:{listening.getsockname()[1]}"
        assert addresses_beyond_loopback() == [address]
        warn_if_open(Settings())
        warn_if_open(Settings(key_file=str(tmp_path / "keys.json")))
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert address in record.getMessage()


def test_live_audio_counts_against_the_key(guarded: Guarded) -> None:
    """Three seconds of two that the key may send: its connection ends, and another key's goes on."""
    audio = base64.b64encode(bytes(48_000)).decode()
    event = json.dumps({"type": "input_audio_buffer.append", "audio": audio})
    with connect(guarded, guarded.new_key("two-seconds", audio_s_per_hour=2)) as ws:
        assert ws.subprotocol == "realtime"
        for _ in range(3):
            ws.send(event)
        codes = []
        with contextlib.suppress(websockets.exceptions.ConnectionClosedError):
            codes.extend(json.loads(message).get("error", {}).get("code") for message in ws)
    assert codes[-1] == "rate_limited"
    assert ws.close_reason == "rate_limited"
    with connect(guarded, guarded.key) as ws:
        for _ in range(3):
            ws.send(event)
        ws.send(json.dumps({"type": "input_audio_buffer.clear"}))
        kinds = [json.loads(ws.recv(timeout=20))["type"] for _ in range(2)]
    assert kinds == ["session.created", "input_audio_buffer.cleared"]


def test_a_token_opens_realtime_connections_and_nothing_else(guarded: Guarded) -> None:
    session: Any = {"type": "transcription"}
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key=guarded.key, max_retries=0) as client:
        made = client.realtime.client_secrets.create(session=session, expires_after={"seconds": 60})
    assert made.value.startswith("ek_")
    assert time.time() < made.expires_at <= time.time() + 61
    assert made.session.type == "transcription"
    with connect(guarded, made.value) as ws:
        assert json.loads(ws.recv(timeout=20))["type"] == "session.created"
    is_error(guarded.post(made.value, GOOD), 401, "invalid_api_key")
    expired = Tokens("another secret").make(guarded.key.split("_")[1], 60).value
    for wrong in (made.value + "0", made.value.replace("ek_", "ek_f", 1), expired, "ek_", "ek_a_b_c"):
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused, connect(guarded, wrong):
            pass
        assert refused.value.response.status_code == 401


def test_a_token_ends_with_its_key(guarded: Guarded) -> None:
    key = guarded.new_key("short-lived")
    headers = {"authorization": f"Bearer {key}"}
    made = httpx.post(f"{guarded.url}/v1/realtime/client_secrets", headers=headers).json()
    with edit(guarded.key_file) as keys:
        place = next(i for i, entry in enumerate(keys) if entry.name == "short-lived")
        keys[place] = keys[place].model_copy(update={"revoked": datetime.now(UTC)})
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused, connect(guarded, made["value"]):
        pass
    assert refused.value.response.status_code == 403


def test_tokens_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens("secret")
    token = tokens.make("0123abcd", 10)
    assert tokens.key_id(token.value) == "0123abcd"
    monkeypatch.setattr(time, "time", lambda: token.expires_at)
    with pytest.raises(InvalidKey, match="expired"):
        tokens.key_id(token.value)


@pytest.mark.parametrize(
    "body", ['{"expires_after": {"seconds": 9}}', '{"session": {"type": "realtime"}}', '{"x": 1}', "[]", "nothing"]
)
def test_a_token_request_that_cannot_be_met(guarded: Guarded, body: str) -> None:
    headers = {"authorization": f"Bearer {guarded.key}"}
    response = httpx.post(f"{guarded.url}/v1/realtime/client_secrets", headers=headers, content=body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert response.json()["error"]["help"]


def test_the_page_is_open_and_what_it_asks_for_is_not(guarded: Guarded) -> None:
    page = httpx.get(f"{guarded.url}/ui")
    assert page.status_code == 200
    assert '"keys": true' in page.text
    (script,) = re.findall(r'src="(ui/[^"]+)"', page.text)
    assert httpx.get(f"{guarded.url}/{script}").status_code == 200
    assert httpx.get(f"{guarded.url}/v1/models").status_code == 401


def test_a_revoked_key_ends_its_open_connections(guarded: Guarded) -> None:
    """Whether the connection is idle or its words are being heard, and whether it was opened by the key or a token."""
    key = guarded.new_key("revoked-while-connected")
    headers = {"authorization": f"Bearer {key}"}
    token = httpx.post(f"{guarded.url}/v1/realtime/client_secrets", headers=headers).json()["value"]
    event = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(48_000)).decode()})
    with connect(guarded, key) as idle, connect(guarded, token) as busy, connect(guarded, guarded.key) as other:
        for _ in range(20):
            busy.send(event)
        assert main(["keys", "--file", str(guarded.key_file), "revoke", "revoked-while-connected"]) == 0
        for ws in (idle, busy):
            codes = []
            with contextlib.suppress(websockets.exceptions.ConnectionClosedError):
                while True:
                    codes.append(json.loads(ws.recv(timeout=30)).get("error", {}).get("code"))
            assert codes[-1] == "api_key_revoked"
            assert (ws.close_code, ws.close_reason) == (1008, "api_key_revoked")
        other.send(json.dumps({"type": "input_audio_buffer.clear"}))
        kinds = [json.loads(other.recv(timeout=20))["type"] for _ in range(2)]
    assert kinds == ["session.created", "input_audio_buffer.cleared"]
