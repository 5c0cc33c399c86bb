"""What comes before a request is bounded in bytes, in time and in number, by a real server of uvicorn's."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from hindi_stt.bentoml_compat.connection_bounds import BoundedProtocol, ConnectionBounds
from tests.support.connections import everything
from tests.support.server import Server
from tests.support.uvicorn_server import serving

HEAD_BYTES = 16_384


async def echo(request: Request) -> Response:
    body = await request.body()
    return PlainTextResponse(f"{len(body)} {len(request.headers.get('x-long', ''))}")


async def listen(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


@contextlib.contextmanager
def bounded(bounds: ConnectionBounds) -> Iterator[int]:
    """Yields the port of a server with these bounds."""
    protocol = type("Bounded", (BoundedProtocol,), {"bounds": bounds})
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"]), WebSocketRoute("/ws", listen)])
    with serving(app, http=protocol) as port:
        yield port


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with bounded(ConnectionBounds(HEAD_BYTES, head_timeout_s=1.0, idle_timeout_s=2.0, idle_connections=8)) as port:
        yield port


def sent(port: int, *parts: bytes) -> bytes:
    """The whole answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        return everything(connection)


REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param([REQUEST, b"X-Long: ", *[b"a" * 65_536] * 40], id="one header"),
        pytest.param([REQUEST, *[b"".join(b"X-%d: y\r\n" % i for i in range(5_000))] * 20], id="many headers"),
        pytest.param([b"GET /", *[b"a" * 65_536] * 40], id="the request line"),
    ],
)
def test_a_head_without_an_end_is_refused(port: int, endless: list[bytes]) -> None:
    answer = sent(port, *endless)
    if answer:  # a client that goes on sending may lose it with the connection
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "headers_too_large"
    slower = sent(port, *[part[:4096] for part in endless[:2]], *[b"a" * 4096] * 8)
    assert slower.startswith(b"HTTP/1.1 431 ")


def test_trailers_are_bounded_too(port: int) -> None:
    """Whoever goes on is cut off; the answer, if there is one yet, is that of the request."""
    start = REQUEST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(start)
        n_sent = 0
        with contextlib.suppress(OSError):
            for _ in range(2_000):
                n_sent += connection.send(b"X-A: " + b"a" * 8_000 + b"\r\n")
                time.sleep(0.001)
    assert n_sent < 2**23


def test_what_is_long_and_has_an_end_passes(port: int) -> None:
    long = REQUEST + b"X-Long: " + b"a" * 15_000 + b"\r\nContent-Length: 3000000\r\n\r\n"
    assert sent(port, long, b"b" * 3_000_000).endswith(b"3000000 15000")
    chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"c" * size) for size in [1, 7, 50_000, 200_000] * 10)
    start = REQUEST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert sent(port, start + chunks + b"0\r\n\r\n").endswith(b"2500080 0")


def test_several_requests_on_a_connection(port: int) -> None:
    one = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"d" * 20_000
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(one * 30)
        answer = b""
        while answer.count(b"20000 0") < 30:
            answer += connection.recv(65_536)


@pytest.mark.slow
def test_a_websocket_is_not_closed_by_the_limits_on_heads_and_idle_connections(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/ws", additional_headers={"X-Long": "e" * 7_000}) as websocket:
        websocket.send("words")
        time.sleep(2.5)  # past the bounds on a head and on idle connections
        assert websocket.recv() == "words"


def test_half_a_head_is_answered_and_closed(port: int) -> None:
    answer = sent(port, REQUEST)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "header_timeout"


def test_single_bytes_do_not_extend_the_time_for_a_head(port: int) -> None:
    n_sent = 0
    with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for byte in REQUEST:
            n_sent += connection.send(bytes([byte]))
            time.sleep(0.1)
    assert 0 < n_sent < len(REQUEST)


@pytest.mark.slow
def test_a_connection_without_a_byte_is_closed(port: int) -> None:
    assert sent(port) == b""


def test_idle_connections_are_bounded_and_the_others_go_on() -> None:
    """The oldest goes first; one with a request in progress is not idle."""
    bounds = ConnectionBounds(HEAD_BYTES, head_timeout_s=60.0, idle_timeout_s=60.0, idle_connections=8)
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(bounded(bounds))

        def connected() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))

        working = connected()
        working.sendall(REQUEST + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\nab")
        assert working.recv(1024).startswith(b"HTTP/1.1 100 ")  # the request has begun
        idle = [connected() for _ in range(20)]
        for connection in idle[:12]:
            with contextlib.suppress(ConnectionError):
                assert connection.recv(1) == b""
        working.sendall(b"cd")
        assert everything(working).endswith(b"4 0")
        idle[-1].sendall(REQUEST + b"\r\n")
        assert everything(idle[-1]).endswith(b"0 0")


def test_the_service_has_the_bounds(server: Server) -> None:
    answer = sent(server.port, REQUEST, b"X-Long: ", *[b"a" * 8192] * 17)
    assert answer.startswith(b"HTTP/1.1 431 ")
