"""Turns by client: a backlog of one delays the others by no more than what is being done."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections import Counter

import anyio
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.api.uploads.streaming_upload import ArrivingFile
from hindi_stt.concurrency.fair_queue import FairQueue
from hindi_stt.concurrency.fair_slots import FairSlots, FairThreads

MODULES_UNDER_TEST = ("hindi_stt/concurrency/fair_slots.py",)


def serve(queue: FairQueue[float]) -> list[str]:
    """The clients in the order in which they are served; the cost of an item is its value."""
    order = []
    while (entry := queue.pop()) is not None:
        queue.begin(entry.client)
        queue.charge(entry.client, entry.item)
        order.append(entry.client)
    return order


def test_a_new_client_is_served_before_a_backlog() -> None:
    queue: FairQueue[float] = FairQueue()
    for _ in range(100):
        queue.push("busy", 1.0)
    for _ in range(10):
        entry = queue.pop()
        assert entry is not None
        queue.begin(entry.client)
        queue.charge(entry.client, entry.item)
    queue.push("new", 1.0)
    assert serve(queue)[0] == "new"


def test_idle_time_earns_no_credit() -> None:
    """Whoever was away while another was served does not then hold everything for as long."""
    queue: FairQueue[float] = FairQueue()
    for _ in range(50):
        queue.push("busy", 1.0)
    for _ in range(40):
        entry = queue.pop()
        assert entry is not None
        queue.begin(entry.client)
        queue.charge(entry.client, entry.item)
    for _ in range(50):
        queue.push("late", 1.0)
    assert serve(queue)[:20].count("busy") >= 9


costs = st.lists(st.floats(0.1, 5.0), min_size=5, max_size=40)


@given(st.lists(costs, min_size=2, max_size=4))
def test_clients_that_wait_all_the_while_get_the_same(work: list[list[float]]) -> None:
    """As the paper's theorem: the difference is bounded by the largest item of each of the two."""
    queue: FairQueue[float] = FairQueue()
    left = Counter({f"client-{i}": len(items) for i, items in enumerate(work)})
    for i, items in enumerate(work):
        for cost in items:
            queue.push(f"client-{i}", cost)
    had: Counter[str] = Counter()
    while all(left.values()):
        entry = queue.pop()
        assert entry is not None
        queue.begin(entry.client)
        queue.charge(entry.client, entry.item)
        had[entry.client] += entry.item
        left[entry.client] -= 1
        assert max(had.values()) - min(had[client] for client in left) <= 2 * 5.0 + 1e-6


def test_own_work_keeps_its_order_and_ranks_come_first() -> None:
    queue: FairQueue[str] = FairQueue()
    for name, rank in (("b", (1.0,)), ("c", (1.0,)), ("a", (0.0,))):
        queue.push("client", name, rank)
    first = queue.pop()
    assert first is not None
    queue.put_back(first)
    found = [entry.item for entry in iter(queue.pop, None) if entry is not None]
    assert found == ["a", "b", "c"]


def test_a_client_never_holds_the_last_slot() -> None:
    async def scene() -> tuple[int, bool]:
        slots = FairSlots(3, 2)
        release = asyncio.Event()
        n_held = 0

        async def hold() -> None:
            nonlocal n_held
            async with slots.held("busy"):
                n_held += 1
                await release.wait()

        tasks = [asyncio.create_task(hold()) for _ in range(10)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        held_at_once = n_held
        async with asyncio.timeout(60), slots.held("other"):
            came_in = True
        release.set()
        await asyncio.gather(*tasks)
        assert n_held == 10
        return held_at_once, came_in

    assert asyncio.run(scene()) == (2, True)


def test_a_cancelled_wait_holds_nothing() -> None:
    """Cancelled before its turn, and in the very moment in which it gets it."""

    async def scene() -> None:
        slots = FairSlots(1, 1)
        for n_steps in range(6):
            async with slots.held("a"):
                waiting = asyncio.create_task(slots.acquire("b"))
                for _ in range(n_steps):
                    await asyncio.sleep(0)
                if n_steps % 2:
                    waiting.cancel()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            async with asyncio.timeout(60), slots.held("c"):
                pass

    asyncio.run(scene())


def test_waiting_for_bytes_holds_no_turn_and_computing_does() -> None:
    """Ten uploads that have stopped hold up nobody; when they go on, one is worked on at a time."""

    async def scene() -> int:
        threads = FairThreads(1, 1)
        limiter = anyio.CapacityLimiter(10)
        lock = threading.Lock()
        n_working = most = 0

        def work(file: ArrivingFile) -> bytes:
            nonlocal n_working, most
            found = file.read(4)
            with lock:
                n_working += 1
                most = max(most, n_working)
            time.sleep(0.01)
            with lock:
                n_working -= 1
            return found

        files = [ArrivingFile(2**20, 2**20) for _ in range(10)]
        reading = [
            asyncio.create_task(threads.run_reading("busy", functools.partial(work, file), file, limiter))
            for file in files
        ]
        async with asyncio.timeout(60):
            await asyncio.sleep(0.1)
            assert await threads.run("busy", lambda: "own") == "own"
            assert await threads.run("other", lambda: "other's") == "other's"
            for file in files:
                file.append(b"abcd")
            assert await asyncio.gather(*reading) == [b"abcd"] * 10
        return most

    assert asyncio.run(scene()) == 1


def test_threads_go_to_the_client_that_had_least() -> None:
    async def scene() -> list[str]:
        threads = FairThreads(1, 1)
        order: list[str] = []
        begun = threading.Event()
        go_on = threading.Event()

        def first() -> None:
            begun.set()
            go_on.wait(60)

        held = asyncio.create_task(threads.run("busy", first))
        await asyncio.to_thread(begun.wait)
        backlog = [asyncio.create_task(threads.run("busy", lambda: order.append("busy"))) for _ in range(20)]
        await asyncio.sleep(0)
        other = asyncio.create_task(threads.run("other", lambda: order.append("other")))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(held, other, *backlog)
        return order

    order = asyncio.run(scene())
    assert order[0] == "other"
    assert order.count("busy") == 20
