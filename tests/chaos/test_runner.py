"""The runner killed or stopped while requests are in flight: none hangs, health tells the truth, another one starts."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.chaos.parts import (
    BACK_WITHIN_S,
    CLIP,
    NOTICED_WITHIN_S,
    runner_of,
    status_of,
    wait_for,
    wait_for_status,
    workers_of,
)
from tests.support.server import Server

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def chaos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("chaos"), HINDI_STT_REQUEST_TIMEOUT_S="20", BENTOML_CONTAINERIZED="true")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def is_replaced(server: Server, runner: psutil.Process) -> bool:
    return any(process.pid != runner.pid for process in workers_of(server, "ConformerRunner"))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_runner_that_is_gone(chaos_server: Server, how: signal.Signals) -> None:
    expected = chaos_server.transcribe(CLIP).json()["text"]
    wait_for_status(chaos_server, "healthy", BACK_WITHIN_S)
    runner = runner_of(chaos_server)
    answers: list[httpx.Response] = []
    callers = [threading.Thread(target=lambda: answers.append(chaos_server.transcribe(CLIP))) for _ in range(8)]
    os.kill(runner.pid, how)
    for caller in callers:
        caller.start()
    # A killed runner may be replaced by another one before health has noticed: a fork of the supervisor starts at once.
    noticed_s = wait_for(
        lambda: status_of(chaos_server) == "unhealthy" or is_replaced(chaos_server, runner),
        NOTICED_WITHIN_S,
        "unhealthy, or another runner",
    )
    back_s = wait_for_status(chaos_server, "healthy", BACK_WITHIN_S)
    print(f"{how.name}: noticed after {noticed_s:.1f} s, back {back_s:.1f} s later")
    for caller in callers:
        caller.join()
    assert runner_of(chaos_server).pid != runner.pid
    assert not runner.is_running()
    # No answer is lost: each request got its text, or an error that says to come back.
    assert len(answers) == len(callers)
    for answer in answers:
        if answer.status_code == 200:
            assert answer.json()["text"] == expected
        else:
            assert answer.json()["error"]["code"] in {"runner_unavailable", "timeout", "overloaded"}
    assert chaos_server.transcribe(CLIP).json()["text"] == expected
