"""Requests to a hub: tokens out of files, and proxies that cannot be used or refuse."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hindi_stt.catalogue.download import Download, download
from hindi_stt.catalogue.requests import hub_token, open_client
from hindi_stt.errors import InvalidSetting, SourceUnavailable


@pytest.mark.parametrize("value", ["hf_secret", "hf_secret\n", " hf_secret\r\n"])
def test_a_token_out_of_a_file(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HF_TOKEN", value)
    assert hub_token() == "hf_secret"


def test_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert hub_token() == ""


@pytest.mark.parametrize("value", ["hf_ह", "hf_sec ret", "hf_sec\nret"])
def test_a_token_that_cannot_be_sent_is_not_printed(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HF_TOKEN", value)
    with pytest.raises(InvalidSetting, match="HF_TOKEN") as refused:
        hub_token()
    assert "hf_" not in refused.value.message


@pytest.fixture
def refusing_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_error(407)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("refusing_proxy")
def test_a_proxy_that_refuses(tmp_path: Path) -> None:
    file = Download("https://models.example/model.nemo", tmp_path, "model.nemo")
    with open_client() as client, pytest.raises(SourceUnavailable, match=r"models\.example cannot be reached: 407"):
        download(file, client)


def test_a_proxy_of_an_unknown_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "ftp://proxy.example")
    with pytest.raises(SourceUnavailable, match="HTTPS_PROXY"):
        open_client()
