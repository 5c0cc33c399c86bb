"""The call of a runner: what reaches it of a clip and its request, and what comes back; the runner answers here."""

from __future__ import annotations

import asyncio
import time
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hindi_stt.errors import EmptyBody, HindiSTTError, InferenceFailed, Overloaded, RunnerUnavailable
from hindi_stt.observability.request_context import for_request, set_current_client
from hindi_stt.types import Features, LogProbs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydantic's, of BentoML's models
    from hindi_stt.runner.client import NOT_RUN, FeatureItem, LogProbsItem, RunnerCall, to_item

FEATURES = Features(np.arange(80 * 50, dtype=np.float32).reshape(80, 50), 0.5)
RESULT = LogProbs(np.arange(12, dtype=np.float32).reshape(3, 4), 0.04)


class BatchingRunner:
    """Answers as BentoML's client of a BatchingRunner does. result: of the next calls."""

    def __init__(self, result: LogProbs | HindiSTTError | Exception) -> None:
        self.items: list[FeatureItem] = []
        self._result = result
        self.to_async = SimpleNamespace(infer=self._infer)

    async def _infer(self, items: list[FeatureItem]) -> list[LogProbsItem]:
        self.items += items
        if isinstance(self._result, Exception) and not isinstance(self._result, HindiSTTError):
            raise self._result
        return [to_item(self._result) for _ in items]


def call(runner: Any, **options: Any) -> tuple[RunnerCall, list[int]]:
    answered: list[int] = []
    return RunnerCall(runner, 30.0, lambda: answered.append(1), batching=True, **options), answered


def test_a_clip_with_its_request() -> None:
    runner = BatchingRunner(RESULT)
    run, answered = call(runner)

    async def use() -> LogProbs:
        set_current_client("ann")
        with for_request("req-1"):
            return await run("model", FEATURES, live_final=True)

    before_s = time.monotonic()
    result = asyncio.run(use())
    np.testing.assert_array_equal(result.values, RESULT.values)
    assert result.frame_shift_s == RESULT.frame_shift_s
    (item,) = runner.items
    np.testing.assert_array_equal(item.features.values, FEATURES.values)
    assert item.features.duration_s == 0.5
    assert (item.model, item.flow, item.client, item.live_final, item.trace) == ("model", "req-1", "ann", True, "")
    assert before_s <= item.sent_s <= time.monotonic()
    assert item.deadline_s == pytest.approx(item.sent_s + 30)
    assert answered == [1]


def test_a_canary_is_scheduled_before_all_others() -> None:
    runner = BatchingRunner(RESULT)
    run, _ = call(runner)
    asyncio.run(run.probe("model", FEATURES))
    assert runner.items[0].live_final


@pytest.mark.parametrize("error", [EmptyBody("empty"), InferenceFailed("broken"), Overloaded("full", retry_after_s=2)])
def test_a_clips_own_error(error: HindiSTTError) -> None:
    run, answered = call(BatchingRunner(error))
    with pytest.raises(type(error)) as raised:
        asyncio.run(run("model", FEATURES))
    assert (raised.value.message, raised.value.retry_after_s) == (error.message, error.retry_after_s)
    assert answered == [1], "a runner that says what is wrong has answered"


def test_a_runner_that_cannot_be_reached_has_not_answered() -> None:
    run, answered = call(BatchingRunner(OSError("gone")))
    with pytest.raises(RunnerUnavailable):
        asyncio.run(run("model", FEATURES))
    assert answered == []


def test_a_clip_that_was_not_run() -> None:
    assert NOT_RUN.error_code == InferenceFailed.code


def test_one_client_leaves_connections_for_the_others() -> None:
    begun: list[str] = []

    class Held(BatchingRunner):
        async def _infer(self, items: list[FeatureItem]) -> list[LogProbsItem]:
            begun.append(items[0].client)
            await asyncio.Event().wait()
            raise AssertionError

    async def use() -> None:
        run, _ = call(Held(RESULT), client_share=0.1)

        async def of(client: str) -> None:
            set_current_client(client)
            await run("model", FEATURES)

        async def settle() -> None:
            for _ in range(100):  # more steps than a call takes
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(of("ann")) for _ in range(50)]
        await settle()
        n_ann = len(begun)
        assert 0 < n_ann < 50
        tasks.append(asyncio.create_task(of("bob")))
        await settle()
        assert begun[n_ann:] == ["bob"]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(use())
