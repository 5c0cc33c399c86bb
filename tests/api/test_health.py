"""What /health says of a runner that answers, is busy, hangs, fails or sheds load; the runner is in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.api import health as module
from hindi_stt.api.health import Health
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import Overloaded, RunnerUnavailable
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.types import Features, LogProbs

RESULT = LogProbs(np.zeros((1, 1), np.float32), 0.04)


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Canaries every few milliseconds, and a runtime folder without a runner to kill."""
    monkeypatch.setattr(module, "_INTERVAL_S", 0.005)
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.2)
    monkeypatch.setattr(module, "find_runtime_dir", lambda: tmp_path)


class Runner:
    """calls: canaries that came; error: what the next ones end with; hangs: whether they never end; takes_s: else."""

    def __init__(self, error: Exception | None = None, *, hangs: bool = False, takes_s: float = 0.0) -> None:
        self.calls = 0
        self.error, self.hangs, self.takes_s = error, hangs, takes_s

    async def __call__(self, model: str, features: Features) -> LogProbs:
        assert model
        assert features.n_frames
        self.calls += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        await asyncio.sleep(self.takes_s)
        return RESULT


def watch(bundle: Bundle, runner: Runner, check: Callable[[Health], bool]) -> Health:
    """Watch the runner until the check holds, at most half a minute."""

    async def run() -> Health:
        health = Health(Registry((bundle,)))
        health.start(runner)
        try:
            async with asyncio.timeout(30):
                while not check(health):  # noqa: ASYNC110  # the status changes with time alone
                    await asyncio.sleep(0.005)
        finally:
            await health.stop()
        return health

    return asyncio.run(run())


def test_before_the_first_answer(bundle: Bundle) -> None:
    report = Health(Registry((bundle,))).report()
    assert report["status"] == "unhealthy"
    assert report["runner"] == {"answer_age_s": None, "error": "no canary has come back yet"}


def test_a_runner_that_answers(bundle: Bundle) -> None:
    health = watch(bundle, Runner(), lambda health: health.status == "healthy")
    report = health.report()
    assert report["status"] == "healthy"
    assert report["model"] == bundle.tag
    assert report["models"] == {bundle.tag: bundle.manifest.language}
    assert report["runner"]["answer_age_s"] >= 0
    assert "error" not in report["runner"]
    assert {"hindi_stt", "python", "bentoml", "onnxruntime", "numpy"} == set(report["versions"])


def test_a_runner_that_sheds_load_is_there(bundle: Bundle) -> None:
    assert watch(bundle, Runner(Overloaded("full")), lambda health: health.status == "healthy").status


@pytest.mark.parametrize(
    ("runner", "said"),
    [
        (Runner(RunnerUnavailable("It is gone.")), "It is gone."),
        (Runner(ValueError("secret")), "ValueError"),
        (Runner(hangs=True), "no answer within 0.2 s"),
    ],
    ids=["unavailable", "an unexpected error", "hanging"],
)
def test_a_runner_that_does_not_answer(bundle: Bundle, runner: Runner, said: str) -> None:
    health = watch(bundle, runner, lambda _: runner.calls >= 3)
    report = health.report()
    assert (report["status"], report["runner"]["error"]) == ("unhealthy", said)


def test_it_recovers_with_the_runner(bundle: Bundle) -> None:
    runner = Runner(RunnerUnavailable("It is gone."))

    def check(health: Health) -> bool:
        if runner.calls == 3:
            assert health.status == "unhealthy"
            runner.error = None
        return health.status == "healthy"

    watch(bundle, runner, check)
    assert runner.calls > 3


def test_busy_while_the_canary_waits_behind_long_clips(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is too old to count, and a canary that has not waited for long."""
    monkeypatch.setattr(module, "_MAX_AGE_S", 0.0)
    monkeypatch.setattr(module, "_TIMEOUT_S", 60.0)
    runner = Runner()

    def check(health: Health) -> bool:
        runner.hangs = runner.calls >= 2
        return health.status == "busy"

    watch(bundle, runner, check)
    monkeypatch.setattr(module, "_BUSY_S", 0.05)
    watch(bundle, runner, lambda health: bool(health.answered()) or (runner.calls > 3 and health.status == "unhealthy"))


def test_a_model_for_which_a_canary_is_long_has_fewer(bundle: Bundle) -> None:
    """At most a twentieth of the time, so that two pauses between 20 ms are 0.8 s."""
    runner = Runner(takes_s=0.02)
    began = time.monotonic()
    watch(bundle, runner, lambda _: runner.calls >= 3)
    assert time.monotonic() - began >= 0.8


@pytest.mark.parametrize(("takes_s", "status"), [(0.02, "healthy"), (0.0, "unhealthy")])
def test_how_long_an_answer_counts(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, takes_s: float, status: str
) -> None:
    """A second, and longer where canaries are fewer."""
    runner = Runner(takes_s=takes_s)
    health = watch(bundle, runner, lambda _: runner.calls >= 3)
    now_s = time.monotonic()
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s)
    health.answered()
    now_s += 1.2
    assert health.status == status


def test_a_real_answer_spares_a_canary(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_INTERVAL_S", 0.5)
    runner = Runner()
    began = time.monotonic()

    def check(health: Health) -> bool:
        health.answered()
        return time.monotonic() - began > 1.5

    watch(bundle, runner, check)
    assert runner.calls <= 1


def test_a_key_file_that_refuses_every_client(bundle: Bundle) -> None:
    health = Health(Registry((bundle,)))
    health.answered()
    assert health.report({"refusing": False, "error": "old"})["status"] == "healthy"
    report = health.report({"refusing": True, "error": "broken"})
    assert (report["status"], report["keys"]["error"]) == ("unhealthy", "broken")


def test_the_canary_is_a_clip_that_the_model_takes(bundle: Bundle, acoustic: LocalAcoustic) -> None:
    results: list[object] = []

    async def run(model: str, features: Features) -> LogProbs:
        assert model == bundle.tag
        (result,) = acoustic([features])
        results.append(result)
        assert isinstance(result, LogProbs)
        return result

    watch(bundle, run, lambda _: bool(results))  # type: ignore[arg-type]
    assert np.isfinite(results[0].values).all()  # type: ignore[attr-defined]
