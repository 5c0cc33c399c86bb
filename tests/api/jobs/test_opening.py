"""A database of jobs that does not answer at first: a real PostgreSQL address that nobody listens at, and a folder."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hindi_stt.access.limits import RateLimits
from hindi_stt.api.jobs.opening import JobOpening
from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import JobsUnavailable
from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.wakeups import Wakeups
from hindi_stt.settings import Settings
from hindi_stt.types import Features, LogProbs
from tests.support.metrics import metrics


@pytest.fixture
def open_jobs(bundle: Bundle, tmp_path: Path) -> Callable[[], JobService]:
    """Opens jobs in a folder."""

    async def call(model: str, features: Features, *, live_final: bool = False) -> LogProbs:
        raise AssertionError(model)

    settings = Settings(model="", jobs_dir=str(tmp_path / "jobs"))

    def open_() -> JobService:
        recognizer = Recognizer(Registry((bundle,)), call, settings, metrics(), RateLimits())
        return JobService(Backend(settings), Wakeups(""), recognizer)

    return open_


def test_a_database_that_answers(open_jobs: Callable[[], JobService]) -> None:
    async def run() -> None:
        told: list[str] = []
        opening = JobOpening(open_jobs, lambda: told.append("opened"))
        with pytest.raises(JobsUnavailable):
            _ = opening.jobs
        assert opening.report()["status"] == "unavailable"
        await opening.start()
        assert told == ["opened"]
        assert opening.report() == {"status": "healthy"}
        assert opening.jobs.records.newest(10) == []
        await opening.stop()

    asyncio.run(run())


def test_it_is_tried_until_it_answers(
    open_jobs: Callable[[], JobService], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is in the log once, and in the health report; the driver's statement below it is in neither."""
    monkeypatch.setattr("hindi_stt.api.jobs.opening._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("hindi_stt.api.jobs.opening._START_WAITS_S", 0.001)
    monkeypatch.setattr("hindi_stt.observability.request_context.log.propagate", True)
    errors = [JobsUnavailable("No route.\nSELECT secret"), JobsUnavailable("No route."), OSError("No disk.")]

    async def run() -> None:
        opened, reports = asyncio.Event(), []
        loop = asyncio.get_running_loop()

        def attempt() -> JobService:
            reports.append(opening.report())
            if errors:
                raise errors.pop(0)
            return open_jobs()

        opening = JobOpening(attempt, lambda: loop.call_soon(opened.set))
        await opening.start()
        await asyncio.wait_for(opened.wait(), 30)
        assert opening.report() == {"status": "healthy"}
        assert [report["error"] for report in reports[1:]] == ["No route.", "No route.", "No disk."]
        await opening.stop()

    asyncio.run(run())
    said = [record.getMessage() for record in caplog.records]
    assert [message.partition(": ")[2] for message in said] == ["No route.", "No disk."]


def test_a_database_that_takes_connections_and_never_answers_delays_nothing(
    monkeypatch: pytest.MonkeyPatch, open_jobs: Callable[[], JobService]
) -> None:
    """Neither the start of the server, nor its end, nor the threads that others use."""
    monkeypatch.setattr("hindi_stt.api.jobs.opening._START_WAITS_S", 0.05)
    asked, answers = threading.Event(), threading.Event()

    def hang() -> JobService:
        asked.set()
        answers.wait(60)
        return open_jobs()

    async def run() -> None:
        opening = JobOpening(hang)
        await opening.start()
        assert asked.is_set()
        with pytest.raises(JobsUnavailable) as refused:
            _ = opening.jobs
        assert refused.value.retry_after_s == 1
        await opening.stop()
        answers.set()

    asyncio.run(run())


def test_a_server_that_never_started_ends() -> None:
    asyncio.run(JobOpening(lambda: pytest.fail("not asked")).stop())
