"""Whose request a task works for: known to the tasks that it starts, and to no other."""

from __future__ import annotations

import asyncio

from hindi_stt.observability.request_context import (
    current_client,
    current_request_id,
    for_request,
    handshake_was_denied,
    note_denied_handshake,
    set_current_client,
    set_current_request_id,
)


def test_outside_of_any_request() -> None:
    async def found() -> tuple[str, str, bool]:
        return current_request_id(), current_client(), handshake_was_denied()

    assert asyncio.run(found()) == ("-", "-", False)


def test_tasks_inherit_it_and_others_do_not_see_it() -> None:
    async def inner() -> tuple[str, str, bool]:
        return current_request_id(), current_client(), handshake_was_denied()

    async def request(name: str, *, denied: bool) -> tuple[str, str, bool]:
        set_current_request_id(f"id of {name}")
        set_current_client(name)
        if denied:
            note_denied_handshake()
        await asyncio.sleep(0)
        return await asyncio.create_task(inner())

    async def run() -> None:
        found = await asyncio.gather(request("ann", denied=True), request("bob", denied=False))
        assert found == [("id of ann", "ann", True), ("id of bob", "bob", False)]
        assert await inner() == ("-", "-", False)

    asyncio.run(run())


def test_within_a_block_and_after_it() -> None:
    with for_request("outer"):
        with for_request("inner"):
            assert current_request_id() == "inner"
        assert current_request_id() == "outer"
    assert current_request_id() == "-"
