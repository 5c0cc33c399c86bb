"""Errors that nobody is told of in full are in the log: with the request's id, and once a minute for each kind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import InferenceFailed, InternalError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.observability.repeated_errors import RepeatedErrors
from hindi_stt.runner.dispatcher import Dispatcher
from hindi_stt.runner.scheduler import SchedulerLimits
from hindi_stt.types import Features, LogProbs


class Broken(Exception):
    """Of a kind that nothing expects."""


def fail(_: str, __: Sequence[Features], ___: bool) -> list[LogProbs]:
    raise Broken("the reason")


def test_a_run_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    limits = SchedulerLimits(max_queue_s=100, max_wait_s=100, max_run_s=8, max_padding=0.1, max_clips=1)

    async def use() -> None:
        dispatch = Dispatcher(fail, 1, limits, on_run=lambda *_: None, on_drop=lambda _: None)
        for i in range(3):
            features = Features(np.zeros((80, 100), np.float32), 1.0)
            with pytest.raises(InternalError):
                await dispatch(features, model="m", flow=f"request-{i}", deadline_s=float("inf"))
        dispatch.close()

    asyncio.run(use())
    (record,) = caplog.records
    assert "request-0" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Broken)


def test_a_clip_that_the_model_cannot_run(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    acoustic = LocalAcoustic(bundle, threads=1)
    wrong = Features(np.zeros((7, 100), np.float32), 1.0)  # as many mels as no model has
    assert [type(acoustic([wrong])[0]) for _ in range(3)] == [InferenceFailed] * 3
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "7" in str(record.exc_info[1])


@pytest.mark.slow
def test_kinds_and_times(caplog: pytest.LogCaptureFixture) -> None:
    errors = RepeatedErrors(interval_s=2.0)
    for _ in range(3):
        errors.log(Broken(), "%s failed", "it")
        errors.log(KeyError("x"), "%s failed", "it")
    assert [record.getMessage() for record in caplog.records] == ["it failed"] * 2
    time.sleep(2.1)
    errors.log(Broken(), "%s failed", "it")
    assert caplog.records[-1].getMessage() == "it failed (2 more like this since the last entry)"
