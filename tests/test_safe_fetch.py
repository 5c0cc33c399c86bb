"""The guard on addresses: what is connected to is judged, however the URL spells it. The listener here is local."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hindi_stt.bulk.sources import Sources
from hindi_stt.errors import HindiSTTError, PrivateAddress
from hindi_stt.jobs.webhooks import deliver
from hindi_stt.safe_fetch import Network

# All of them lead to this machine, for one library or another.
SPELLINGS = (
    "127.0.0.1",
    "127.0.0.1.",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "%31%32%37.0.0.1",
    "127.1",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "0.0.0.0",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::]",
)


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, IPv4 and IPv6, and the requests that came to it."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"RIFF")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    class DualStack(ThreadingHTTPServer):
        address_family = socket.AF_INET6

        def server_bind(self) -> None:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            super().server_bind()

    server = DualStack(("::", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, came
    finally:
        server.shutdown()
        server.server_close()


def fetched(network: Network, url: str) -> bytes:
    copy = io.BytesIO()
    asyncio.run(network.fetch(url, copy, 100, 5.0))
    return copy.getvalue()


@pytest.mark.parametrize("host", SPELLINGS)
def test_references_never_reach_this_machine(host: str, listener: tuple[int, list[str]]) -> None:
    port, came = listener
    came.clear()
    with pytest.raises(HindiSTTError):
        fetched(Network(), f"http://{host}:{port}/clip")
    assert came == []


@pytest.mark.slow
@pytest.mark.parametrize("host", SPELLINGS)
def test_webhooks_and_downloads_never_reach_this_machine(
    host: str, listener: tuple[int, list[str]], tmp_path: Path
) -> None:
    port, came = listener
    came.clear()
    job: dict[str, Any] = {"id": "1", "state": "done", "finished": 0.0, "webhook_url": f"http://{host}:{port}/hook"}
    job |= {"webhook_secret": "whsec_" + "A" * 32, "n_files": 1, "n_done": 1, "n_failed": 0, "n_cancelled": 0}
    assert not deliver(job, Network())  # type: ignore[arg-type]  # a row, as a mapping
    sources = Sources(tmp_path, "", 100)
    with pytest.raises(HindiSTTError), sources.open(f"http://{host}:{port}/clip"):
        pass
    assert came == []


def test_an_opened_network_is_reached_in_every_spelling_that_leads_there(
    listener: tuple[int, list[str]],
) -> None:
    """The requests above are refused for their address, and not because the spelling leads nowhere."""
    port, _ = listener
    network = Network("127.0.0.0/8,::1/128")
    for host in ("127.0.0.1", "１２７.0.0.1", "127。0。0。1", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
        assert fetched(network, f"http://{host}:{port}/clip") == b"RIFF", host
    with pytest.raises(PrivateAddress):
        fetched(Network("10.0.0.0/8"), f"http://127.0.0.1:{port}/clip")


def test_redirects_are_judged_too(listener: tuple[int, list[str]]) -> None:
    """Neither webhooks nor references follow them; whoever uses the session and does cannot leave what is allowed."""
    port, came = listener
    came.clear()

    async def follow(url: str) -> None:
        async with Network("127.0.0.2/32").session(5.0) as session, session.get(url, allow_redirects=True):
            pass

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("location", f"http://127.0.0.1:{port}/clip")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.2", 0), Redirect)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(PrivateAddress):
            asyncio.run(follow(f"http://127.0.0.2:{server.server_port}/"))
    finally:
        server.shutdown()
        server.server_close()
    assert came == []


def test_a_name_with_an_address_that_is_not_allowed(
    listener: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of a name's addresses comes first, nothing arrives at the one that is refused."""
    port, came = listener
    came.clear()
    for addresses in (("127.0.0.3", "127.0.0.2"), ("127.0.0.2", "127.0.0.3")):

        def resolve(*_: Any, _found: tuple[str, ...] = addresses, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in _found]

        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", resolve)
            with pytest.raises(PrivateAddress):
                fetched(Network(), f"http://two.example:{port}/clip")
            assert came == []
