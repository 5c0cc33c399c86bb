"""The bound on the time until an answer begins holds, nothing of a request for longer than it lasts."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref

import bentoml
import pytest
from bentoml._internal.server import base_app
from bentoml._internal.server.http import instruments
from pydantic import TypeAdapter
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from hindi_stt.bentoml_compat import framework
from hindi_stt.bentoml_compat.framework import TimeoutMiddleware, TrafficMetrics

HTTP: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}


class Facts:
    """What is known of a request."""


_facts: contextvars.ContextVar[Facts | None] = contextvars.ContextVar("facts", default=None)


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def answer(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"yes"})


async def statuses(app: object, timeout_s: float, n: int = 1) -> tuple[list[int], int]:
    """Of n requests, each with facts of its own; and of how many the facts are still there."""
    found: list[int] = []
    held: list[weakref.ref[Facts]] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    async def one() -> None:
        facts = Facts()
        held.append(weakref.ref(facts))
        _facts.set(facts)
        await TimeoutMiddleware(app, timeout_s)(HTTP, receive, send)  # type: ignore[arg-type]

    for _ in range(n):
        await asyncio.create_task(one())
    gc.collect()
    return found, sum(ref() is not None for ref in held)


def test_nothing_is_held_when_a_request_has_ended() -> None:
    found, held = asyncio.run(statuses(answer, 3600, 1000))
    assert found == [200] * 1000
    assert held <= 250, "the event loop forgets timers that were cancelled some at a time"


def test_an_answer_that_does_not_begin_is_504() -> None:
    async def stand_still(_: Scope, __: Receive, ___: Send) -> None:
        await asyncio.sleep(60)

    assert asyncio.run(statuses(stand_still, 0.05))[0] == [504]


def test_an_answer_that_has_begun_may_go_on() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"yes"})

    assert asyncio.run(statuses(slow, 0.05))[0] == [200]


def test_a_timeout_of_the_application_is_its_own() -> None:
    async def fails(_: Scope, __: Receive, ___: Send) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        asyncio.run(statuses(fails, 60))


def test_bentoml_uses_it() -> None:
    framework.install()

    class Factory(base_app.BaseAppFactory):
        name = "test"

    assert TimeoutMiddleware in [middleware.cls for middleware in Factory(timeout=5).middlewares]
    assert instruments.RunnerTrafficMetricsMiddleware is TrafficMetrics


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
def test_an_answers_media_type_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which fails when BentoML no longer looks for it, or no longer does so by way of the type's JSON schema."""
    schemas = 0
    make_schema = TypeAdapter.json_schema

    def counted(self: TypeAdapter[object], *args: object, **kwargs: object) -> dict[str, object]:
        nonlocal schemas
        schemas += 1
        return make_schema(self, *args, **kwargs)  # type: ignore[arg-type]

    @bentoml.service(metrics={"enabled": False}, tracing={"excluded_urls": ".*"})
    class Numbers:
        @bentoml.api
        def double(self, numbers: list[int]) -> list[int]:
            return [2 * number for number in numbers]

    def schemas_of(n: int) -> tuple[int, str]:
        nonlocal schemas
        with TestClient(Numbers.to_asgi()) as client:
            client.post("/double", json={"numbers": [1]})
            schemas = 0
            answers = [client.post("/double", json={"numbers": [1, 2]}) for _ in range(n)]
        assert [answer.json() for answer in answers] == [[2, 4]] * n
        return schemas, answers[0].headers["content-type"]

    monkeypatch.setattr(TypeAdapter, "json_schema", counted)
    before, media_type = schemas_of(3)
    assert before >= 3
    framework.remember_media_types(Numbers)
    assert schemas_of(3) == (0, media_type)
