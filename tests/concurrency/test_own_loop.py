"""A thread keeps its event loop, and lets go of it when it ends."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hindi_stt.concurrency.own_loop import run_in_own_loop


async def loop_of_task() -> asyncio.AbstractEventLoop:
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


def test_a_thread_keeps_its_loop() -> None:
    assert run_in_own_loop(loop_of_task()) is run_in_own_loop(loop_of_task())


def test_threads_have_loops_of_their_own_which_end_with_them() -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    for _ in range(5):
        thread = threading.Thread(target=lambda: loops.append(run_in_own_loop(loop_of_task())))
        thread.start()
        thread.join()
    assert len({id(loop) for loop in loops}) == 5
    assert all(loop.is_closed() for loop in loops)


def test_not_within_a_loop() -> None:
    async def within() -> None:
        work = loop_of_task()
        try:
            run_in_own_loop(work)
        finally:
            work.close()

    with pytest.raises(RuntimeError, match="running"):
        asyncio.run(within())
