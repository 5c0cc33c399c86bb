"""The bound on the time until a response begins holds nothing of a request for longer than it lasts."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from typing import Any

import bentoml
import pytest
from bentoml._internal.server.http import traffic
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hindi_stt.bentoml_compat import request_timeout
from hindi_stt.bentoml_compat.request_timeout import TimeoutMiddleware

HTTP: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
BENTOML_TIMEOUT = traffic.TimeoutMiddleware


class Facts:
    """What is known of a request."""


_facts: contextvars.ContextVar[Facts | None] = contextvars.ContextVar("facts", default=None)


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def answer(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"yes"})


async def statuses(app: ASGIApp, timeout_s: float, n: int = 1, cls: Any = TimeoutMiddleware) -> tuple[list[int], int]:
    """Status of n requests, each with facts of its own; and of how many the facts are still in memory afterwards."""
    found: list[int] = []
    held: list[weakref.ref[Facts]] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    async def one() -> None:
        facts = Facts()
        held.append(weakref.ref(facts))
        _facts.set(facts)
        await cls(app, timeout_s)(HTTP, receive, send)

    for _ in range(n):
        await asyncio.create_task(one())
    gc.collect()
    return found, sum(ref() is not None for ref in held)


def test_nothing_is_held_when_a_request_has_ended() -> None:
    found, held = asyncio.run(statuses(answer, 3600, 1000))
    assert found == [200] * 1000
    assert held <= 250, "the event loop forgets timers that were cancelled some at a time"


def test_bentomls_own_holds_all() -> None:
    """Why the patch is there; when this fails, BentoML's can be used again."""
    assert asyncio.run(statuses(answer, 3600, 1000, cls=BENTOML_TIMEOUT)) == ([200] * 1000, 1000)


def test_an_answer_that_does_not_begin_is_504() -> None:
    async def hang(_: Scope, __: Receive, ___: Send) -> None:
        await asyncio.sleep(60)

    assert asyncio.run(statuses(hang, 0.05))[0] == [504]


def test_an_answer_that_has_begun_may_go_on() -> None:
    async def slow(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"yes"})

    assert asyncio.run(statuses(slow, 0.05))[0] == [200]


def test_a_timeout_of_the_application_is_its_own() -> None:
    async def fails(_: Scope, __: Receive, ___: Send) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        asyncio.run(statuses(fails, 60))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
def test_a_service_of_bentoml_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    @bentoml.service(traffic={"timeout": 1}, metrics={"enabled": False}, tracing={"excluded_urls": ".*"})
    class Slow:
        @bentoml.api
        async def wait(self) -> str:
            await asyncio.sleep(60)
            return "late"

    monkeypatch.setattr(traffic, "TimeoutMiddleware", BENTOML_TIMEOUT)  # which is there again after the test
    request_timeout.patch()
    with TestClient(Slow.to_asgi()) as client:
        response = client.post("/wait", json={})
    assert (response.status_code, response.text) == (504, "The request took too long.")
