"""Both runners in a process of their own, called as BentoML calls them: results, errors, and clients that go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from tests.support.bundles import sibling
from tests.support.cli import environment

BEGIN = """
import asyncio, inspect, os, sys, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from starlette.requests import Request
from hindi_stt import runner_services
from hindi_stt.errors import ClientClosedRequest, ModelUnavailable, Timeout
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.runner.client import FeatureItem
from hindi_stt.startup import registry

runner = runner_services.ConformerRunner.inner()
first, second = registry
n_mels = first.manifest.features.n_mels
rng = np.random.default_rng(0)

def item(n_frames, model=first, flow="one", **fields):
    values = rng.standard_normal((n_mels, n_frames)).astype(np.float32)
    now_s = time.monotonic()
    given = {"deadline_s": now_s + 60} | fields
    return FeatureItem(model=model.tag, values=values, duration_s=n_frames / 100, flow=flow, sent_s=now_s, **given)

gone = None
loop = asyncio.new_event_loop()  # the server's only one

async def receive():
    await gone.wait()
    return {"type": "http.disconnect"}

async def answers(items, leaves=False):
    global gone
    gone = asyncio.Event()
    if leaves:
        gone.set()
    context = SimpleNamespace(request=Request({"type": "http", "headers": []}, receive))
    given = {"ctx": context} if "ctx" in inspect.signature(runner.infer).parameters else {}
    found = runner.infer(items, **given)
    return await found if inspect.isawaitable(found) else found

def infer(items, leaves=False):
    return loop.run_until_complete(asyncio.wait_for(answers(items, leaves), 60))

def alone(one):
    (result,) = LocalAcoustic(first, threads=1, max_padding=0.2)([one.features])
    return result.values
"""


def run(tmp_path: Path, scheduler: str, code: str) -> None:
    """Run code with a runner of two models, of which the second is not loaded before it is asked for."""
    sibling(tmp_path / "second", "second", "ta")
    settings = {
        "HINDI_STT_MODEL": str(EMBEDDED),
        "HINDI_STT_MODELS": str(tmp_path / "second"),
        "HINDI_STT_MODEL_LOADING": "use",
        "HINDI_STT_SCHEDULER": scheduler,
        "HINDI_STT_THREADS": "2",
        "SECOND": str(tmp_path / "second"),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEGIN + code],
        env=environment(tmp_path, **settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


both = pytest.mark.parametrize("scheduler", ["bentoml", "cost"])


@both
def test_each_clip_gets_the_log_probs_of_its_model(tmp_path: Path, scheduler: str) -> None:
    """The models have the same weights; what is compared is which clip each result belongs to, and its metrics."""
    code = """
items = [item(120), item(300, second, "two"), item(90, flow="three"), item(119, live_final=True, client="ann")]
found = infer(items)
for one, result in zip(items, found, strict=True):
    assert result.error_code == ""
    np.testing.assert_allclose(result.values, alone(one), atol=1e-4)
    assert result.frame_shift_s == first.manifest.frame_shift_s
from prometheus_client import REGISTRY
assert REGISTRY.get_sample_value("hindi_stt_batch_size_sum") == 4
assert REGISTRY.get_sample_value("hindi_stt_queue_wait_seconds_count") == 4
assert REGISTRY.get_sample_value("hindi_stt_model_loaded", {"model": second.tag}) == 1
"""
    run(tmp_path, scheduler, code)


@both
def test_a_model_that_cannot_be_loaded_fails_its_own_clips(tmp_path: Path, scheduler: str) -> None:
    code = """
for path in Path(os.environ["SECOND"]).glob("*.onnx"):
    path.unlink()
items = [item(120), item(110, second), item(130)]
found = infer(items)
assert [result.error_code for result in found] == ["", ModelUnavailable.code, ""], found
assert second.tag in found[1].error_message
"""
    run(tmp_path, scheduler, code)


def test_a_clip_that_came_too_late_and_a_client_that_goes(tmp_path: Path) -> None:
    code = """
(late,) = infer([item(100, deadline_s=time.monotonic() - 1)])
assert late.error_code == Timeout.code
left = infer([item(3000), item(3000)], leaves=True)
assert [result.error_code for result in left] == [ClientClosedRequest.code] * 2
assert not runner._items
(after,) = infer([item(100)])
assert after.error_code == ""
"""
    run(tmp_path, "cost", code)
