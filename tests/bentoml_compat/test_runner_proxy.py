"""Calls of the runner: a connection that is closed under a call, a runner that is not there, and its answers.

What BentoML's client raises is aiohttp's, whose real client is used here against real servers; BentoML's own client
makes the calls of tests/server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from bentoml.exceptions import BentoMLException, ServiceUnavailable

from hindi_stt.bentoml_compat.runner_proxy import CONNECTIONS, call_runner, post_to_runner
from hindi_stt.errors import Overloaded, RunnerUnavailable

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n[1]"


@asynccontextmanager
async def runner(drops: int) -> AsyncIterator[tuple[Any, list[int]]]:
    """A runner that closes so many connections without a response before it answers; and the calls that it got."""
    calls: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        calls.append(len(calls))
        if len(calls) > drops:
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:

        async def infer(_: list[int]) -> list[int]:
            async with session.post(f"http://127.0.0.1:{port}/") as response:  # as BentoML does
                found: list[int] = await response.json()
                return found

        yield SimpleNamespace(to_async=SimpleNamespace(infer=infer)), calls


def test_a_closed_connection_is_tried_once_more() -> None:
    async def use() -> None:
        async with runner(drops=1) as (proxy, calls):
            assert await call_runner(proxy, [0]) == [1]
            assert len(calls) == 2

    asyncio.run(use())


def test_a_runner_that_keeps_closing() -> None:
    async def use() -> None:
        async with runner(drops=9) as (proxy, calls):
            with pytest.raises(RunnerUnavailable, match="ServerDisconnectedError"):
                await call_runner(proxy, [0])
            assert len(calls) == 2

    asyncio.run(use())


def test_a_runner_that_is_not_there() -> None:
    async def use() -> None:
        async with aiohttp.ClientSession() as session:

            async def infer(_: list[int]) -> None:
                await session.post("http://127.0.0.1:1/")

            with pytest.raises(RunnerUnavailable, match="ClientConnectorError"):
                await call_runner(SimpleNamespace(to_async=SimpleNamespace(infer=infer)), [0])

    asyncio.run(use())


def test_a_client_that_has_not_met_the_runner() -> None:
    with pytest.raises(RunnerUnavailable, match="starting"):
        asyncio.run(call_runner(SimpleNamespace(to_async=SimpleNamespace()), [0]))


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (lambda: ServiceUnavailable("shed"), Overloaded),
        (lambda: BentoMLException("broken"), RunnerUnavailable),
        (lambda: OSError("broken"), RunnerUnavailable),
    ],
)
def test_what_bentoml_raises(raised: Callable[[], Exception], error: type[Exception]) -> None:
    async def infer(_: list[int]) -> None:
        raise raised()

    with pytest.raises(error):
        asyncio.run(call_runner(SimpleNamespace(to_async=SimpleNamespace(infer=infer)), [0]))


def test_the_pool_has_as_many_connections() -> None:
    async def use() -> int:
        async with aiohttp.ClientSession() as session:
            assert session.connector
            return session.connector.limit

    assert asyncio.run(use()) == CONNECTIONS


def post_through_bentoml(answers: list[bytes]) -> tuple[bytes, list[bytes]]:
    """What BentoML's own client brings from a runner that gives these answers; none closes the connection."""
    from _bentoml_impl.client.proxy2 import AsyncClient

    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        bodies.append(head.split(b" ")[1] + b" " + await reader.readexactly(length))
        writer.write(answers.pop(0))
        await writer.drain()
        writer.close()

    async def use() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = AsyncClient(f"http://127.0.0.1:{port}", server_ready_timeout=0)
        try:
            return await post_to_runner(SimpleNamespace(to_async=client), "/clips", b"clip", "application/octet-stream")
        finally:
            await client.close()
            server.close()

    return asyncio.run(use()), bodies


def answer(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
def test_bytes_go_through_bentomls_connections() -> None:
    assert post_through_bentoml([answer("200 OK", b"words")]) == (b"words", [b"/clips clip"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
def test_bytes_are_sent_once_more_where_the_connection_was_closed() -> None:
    assert post_through_bentoml([b"", answer("200 OK", b"words")]) == (b"words", [b"/clips clip"] * 2)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
@pytest.mark.parametrize(
    ("status", "error"), [("503 Service Unavailable", Overloaded), ("500 Internal Server Error", RunnerUnavailable)]
)
def test_bytes_that_are_refused(status: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        post_through_bentoml([answer(status, b"")])
