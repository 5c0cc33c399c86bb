"""One client's recordings do not stop another client: a real server, two keys."""

from __future__ import annotations

import io
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from tests.chaos.parts import runner_of
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.responses import eventually

pytestmark = pytest.mark.api

CLIP = (DATA / "rain_16k.wav").read_bytes()
N_FILES = 10


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    running = Guarded(tmp_path_factory.mktemp("shared"), HINDI_STT_MAX_UPLOADS_PER_CLIENT="256", HINDI_STT_CACHE_URL="")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def flac(path: Path, hours: float, channels: int, rate: int = 8_000) -> bytes:
    with soundfile.SoundFile(path, "w", rate, channels, format="FLAC") as file:
        for _ in range(round(hours * 60)):
            file.write(np.zeros((60 * rate, channels), np.int16))
    return path.read_bytes()


def in_progress_s(server: Guarded) -> float:
    headers = {"Authorization": f"Bearer {server.key}"}
    report = httpx.get(f"{server.url}/stats", headers=headers, timeout=30).json()
    return float(report["audio_in_progress_seconds"])


@pytest.mark.parametrize("channels", [1, 8], ids=["hours of silence", "eight channels each"])
def test_a_clip_overtakes_what_another_client_sent_before(shared: Guarded, tmp_path: Path, channels: int) -> None:
    """By order, not by time: the clips have their answers before any of the long files has."""
    busy, other = shared.new_key("busy"), shared.new_key("other")
    content = flac(tmp_path / "a.flac", 1.5 / channels, channels)
    ended: list[int] = []
    stop = threading.Event()

    def send() -> None:
        try:
            headers = {"authorization": f"Bearer {busy}"}
            form = {"channels": "split"} if channels > 1 else {}
            with httpx.Client(timeout=300) as client:
                answer = client.post(
                    f"{shared.url}/transcribe",
                    files={"file": ("a.flac", io.BytesIO(content))},
                    data=form,
                    headers=headers,
                )
            ended.append(answer.status_code)
        except httpx.HTTPError:
            if not stop.is_set():
                raise

    threads = [threading.Thread(target=send, daemon=True) for _ in range(N_FILES)]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: in_progress_s(shared) > 5 * N_FILES, 30), "what is decoded is load"
        answers = [shared.post(other, CLIP) for _ in range(5)]
        n_ended = len(ended)
    finally:
        stop.set()
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.json()["text"] for answer in answers}) == 1
    assert n_ended == 0
    for thread in threads:
        thread.join()
    assert ended == [200] * N_FILES
    assert in_progress_s(shared) == 0


def test_a_probe_does_not_wait_for_the_runner(shared: Guarded) -> None:
    """It says what the canary saw last: BentoML's own would ask the runner, for five seconds, behind all requests."""

    def status() -> int:
        return httpx.get(f"{shared.url}/readyz", timeout=4.5).status_code

    runner = runner_of(shared)
    runner.send_signal(signal.SIGSTOP)
    statuses: list[int] = []
    try:
        assert eventually(lambda: statuses.append(status()) or statuses[-1] == 503)  # type: ignore[func-returns-value]
    finally:
        runner.send_signal(signal.SIGCONT)
    assert set(statuses) <= {200, 503}
    assert eventually(lambda: status() == 200)
