"""A server that is told a runtime and a precision: it loads no other, and says so everywhere."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from hindi_stt.bundle.forms import Form
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.server import Server

pytestmark = pytest.mark.slow
MODULES_UNDER_TEST = ("hindi_stt/api/transcribe.py",)

FORM = Form("openvino", "bf16")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("forms"),
        HINDI_STT_BACKEND=str(FORM),
        HINDI_STT_CACHE_URL="memory",
        HINDI_STT_THREADS="2",
    )
    running.wait_until_ready()
    yield running
    running.stop()


def transcribe(server: Server, **fields: str) -> httpx.Response:
    file = ("family.flac", io.BytesIO((DATA / "family.flac").read_bytes()))
    return httpx.post(f"{server.url}/transcribe", files={"file": file}, data=fields, timeout=60)


def test_answers_say_what_ran(served: Server, pipeline: Pipeline) -> None:
    label = f"{pipeline.tag}+{FORM}"
    acoustic = LocalAcoustic(pipeline.bundle, threads=1, form=FORM)
    expected = pipeline.transcribe(DATA / "family.flac", acoustic).text
    first = transcribe(served)
    again = transcribe(served, model=label)  # what an answer called the model means it
    for answer in (first, again):
        assert answer.status_code == 200, answer.text
        assert answer.json()["text"] == expected
        assert answer.json()["model"] == answer.headers["x-model"] == label
    assert transcribe(served, model=f"{pipeline.tag}+onnxruntime-int8").status_code == 404


def test_health_and_the_log_say_what_runs(served: Server, pipeline: Pipeline) -> None:
    health = httpx.get(f"{served.url}/health").json()
    assert health["model"] == pipeline.tag
    assert health["forms"] == {pipeline.tag: str(FORM)}
    assert f"{pipeline.tag}: {FORM}" in served.log


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux only")
def test_no_process_has_the_other_runtime(served: Server) -> None:
    assert transcribe(served).status_code == 200
    processes = psutil.Process(served.process.pid).children(recursive=True)
    maps = [Path(f"/proc/{process.pid}/maps").read_text() for process in processes]
    assert sum("libopenvino_intel_cpu_plugin" in text for text in maps) == 1  # the runner
    assert not any("libonnxruntime" in text or "onnxruntime_pybind" in text for text in maps)
