"""Work for a client that stays, that hangs up, and that is cancelled itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.errors import ClientClosedRequest, EmptyBody


class Client:
    """gone: set when the client hangs up; the rest of its body comes before."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self._bodies: list[Message] = [{"type": "http.request", "body": b"rest", "more_body": False}] * 2
        self.request = Request({"type": "http", "method": "POST", "headers": []}, self._receive)

    async def _receive(self) -> Message:
        if self._bodies:
            return self._bodies.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}


def only_this_task() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


def test_a_client_that_stays_connected() -> None:
    async def work() -> str:
        await asyncio.sleep(0.01)
        return "done"

    async def run() -> None:
        assert await unless_disconnected(Client().request, work()) == "done"
        await asyncio.sleep(0)
        assert only_this_task()

    asyncio.run(run())


def test_an_error_of_the_work_is_its_own() -> None:
    async def work() -> None:
        raise EmptyBody("empty")

    with pytest.raises(EmptyBody):
        asyncio.run(_use(work()))


async def _use(work: Any) -> None:
    await unless_disconnected(Client().request, work)


@pytest.mark.parametrize("error", [None, EmptyBody("while it is cancelled")], ids=["cancelled", "an error meanwhile"])
def test_a_client_that_disconnects_ends_the_work(error: Exception | None) -> None:
    ended: list[str] = []

    async def work(client: Client) -> None:
        try:
            client.gone.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)  # what it holds takes time to close
            ended.append("closed")
            if error:
                raise error

    async def run() -> None:
        client = Client()
        with pytest.raises(ClientClosedRequest):
            await unless_disconnected(client.request, work(client))
        assert ended == ["closed"]
        await asyncio.sleep(0)
        assert only_this_task()

    asyncio.run(run())


def test_work_that_is_done_when_the_client_goes_counts() -> None:
    async def work(client: Client) -> str:
        client.gone.set()
        return "done"

    async def run() -> None:
        client = Client()
        assert await unless_disconnected(client.request, work(client)) == "done"

    asyncio.run(run())


def test_a_request_that_is_cancelled_cancels_its_work() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("closed")

    async def run() -> None:
        task = asyncio.create_task(_use(work()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["closed"]

    asyncio.run(run())
