"""Both runners in a process of their own, called as API workers call them: results, errors, and clients that go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from tests.support.bundles import sibling
from tests.support.cli import environment

MODULES_UNDER_TEST = ("hindi_stt/inference/onnxruntime_backend.py",)

BEGIN = """
import asyncio, os, time
from pathlib import Path
import numpy as np
from hindi_stt import runner_services
from hindi_stt.errors import ClientClosedRequest, HindiSTTError, ModelUnavailable, Timeout
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.runner.client import FeatureItem
from hindi_stt.runner.wire import PATH, ClipMessage, decode_result, encode_clip
from hindi_stt.startup import registry
from hindi_stt.types import Features

runner = runner_services.ConformerRunner.inner()
runner_services.bentoml.get_current_service = lambda: runner  # as in BentoML's worker
first, second = registry
n_mels = first.manifest.features.n_mels
rng = np.random.default_rng(0)
loop = asyncio.new_event_loop()  # the server's only one

def clip(n_frames, model=first, flow="one", **fields):
    features = Features(rng.standard_normal((n_mels, n_frames)).astype(np.float32), n_frames / 100)
    now_s = time.monotonic()
    return ClipMessage(model.tag, features, flow, now_s, **{"deadline_s": now_s + 60} | fields)

async def post(body, path=PATH, leaves=False):
    '''The answer of the runner's middleware to a client that stays, or goes when it has sent all.'''
    sent, bodies = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if bodies:
            return bodies.pop()
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async def others(scope, receive, send):
        await send({"type": "others"})

    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    await runner_services.ClipMiddleware(others)(scope, receive, send)
    return sent

async def scheduled(clips, leaves):
    answers = await asyncio.gather(*(post(encode_clip(one), leaves=leaves) for one in clips))
    found = []
    for start, body in answers:
        assert start["status"] == 200
        try:
            found.append((decode_result(body["body"]).values, ""))
        except HindiSTTError as error:
            found.append((None, error.code))
    return found

def infer(clips, leaves=False):
    '''The values of each clip, and the code of its error.'''
    if hasattr(runner, "_items"):
        return loop.run_until_complete(asyncio.wait_for(scheduled(clips, leaves), 60))
    results = runner.infer([FeatureItem.of(one) for one in clips])
    return [(result.values, result.error_code) for result in results]

def until(condition):
    '''Let the runner go on until this holds.'''
    async def wait():
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)
    loop.run_until_complete(wait())

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


both = pytest.mark.parametrize("scheduler", [pytest.param("bentoml", marks=pytest.mark.slow), "cost"])


@both
def test_each_clip_gets_the_log_probs_of_its_model(tmp_path: Path, scheduler: str) -> None:
    """The models have the same weights; what is compared is which clip each result belongs to, and its metrics."""
    code = """
clips = [clip(120), clip(300, second, "two"), clip(90, flow="three"), clip(119, live_final=True, client="ann")]
for one, (values, error) in zip(clips, infer(clips), strict=True):
    assert error == ""
    np.testing.assert_allclose(values, alone(one), atol=1e-4)
from prometheus_client import REGISTRY
# Runs are counted after they are answered.
until(lambda: REGISTRY.get_sample_value("hindi_stt_batch_size_sum") == 4)
assert REGISTRY.get_sample_value("hindi_stt_queue_wait_seconds_count") == 4
assert REGISTRY.get_sample_value("hindi_stt_model_loaded", {"model": second.tag}) == 1
"""
    run(tmp_path, scheduler, code)


@pytest.mark.slow
@both
def test_a_model_that_cannot_be_loaded_fails_its_own_clips(tmp_path: Path, scheduler: str) -> None:
    code = """
for path in Path(os.environ["SECOND"]).glob("*.onnx"):
    path.unlink()
found = infer([clip(120), clip(110, second), clip(130)])
assert [error for _, error in found] == ["", ModelUnavailable.code, ""], found
"""
    run(tmp_path, scheduler, code)


@pytest.mark.slow
def test_a_clip_past_its_deadline_and_a_client_that_disconnects(tmp_path: Path) -> None:
    code = """
((_, late),) = infer([clip(100, deadline_s=time.monotonic() - 1)])
assert late == Timeout.code
assert [error for _, error in infer([clip(3000), clip(3000)], leaves=True)] == [ClientClosedRequest.code] * 2
((_, after),) = infer([clip(100)])
assert after == ""
until(lambda: not runner._items)
"""
    run(tmp_path, "cost", code)


@pytest.mark.slow
def test_other_requests_and_bodies_that_are_no_clips(tmp_path: Path) -> None:
    code = """
assert loop.run_until_complete(post(b"", path="/readyz")) == [{"type": "others"}]
start, _ = loop.run_until_complete(post(b"no clip"))
assert start["status"] == 400
"""
    run(tmp_path, "cost", code)
