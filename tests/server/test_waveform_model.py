"""A model that takes samples, behind a real server: files, channels, long recordings, live audio, jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.jobs import Caller
from tests.support.realtime import COMPLETED, DELTA, append, send, session, until
from tests.support.streams import speech
from tests.support.waveform_model import expected_text, waveform_bundle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wave_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("wave")
    bundle = waveform_bundle(folder / "bundle")
    running = Guarded(folder, HINDI_STT_MODEL=str(bundle.folder), HINDI_STT_MAX_AUDIO_S="60")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def samples_of(path: Path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 16_000
    return samples


def test_files(wave_server: Guarded) -> None:
    path = DATA / "rain_16k.wav"
    answer = wave_server.post(wave_server.key, path.read_bytes())
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == expected_text(samples_of(path))
    words = answer.json()["words"]
    assert 0 <= words[0]["start"] < words[-1]["end"] <= answer.json()["duration"] + 0.02


def test_a_recording_of_several_clips(wave_server: Guarded, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.tile(samples_of(DATA / "rain_16k.wav"), 24)[: 50 * 16_000], 16_000)
    answer = wave_server.post(wave_server.key, path.read_bytes())
    assert answer.status_code == 200, answer.text
    assert answer.json()["words"][-1]["end"] > 40


def test_jobs(wave_server: Guarded) -> None:
    with Caller(wave_server, "jobs") as caller:
        path = DATA / "rain_16k.wav"
        made = caller.post("/v1/jobs", files={"file": (path.name, path.read_bytes())})
        assert made.status_code in {200, 201, 202}, made.text
        job = caller.finished(made.json()["id"])
        assert job["state"] == "done", job
        result = caller.get(f"/v1/jobs/{job['id']}/files/0").json()
        assert result["text"] == caller.direct(path)


def test_live_audio(wave_server: Guarded) -> None:
    """Partial words arrive while somebody speaks, and the final ones when the turn ends."""
    headers = {"Authorization": f"Bearer {wave_server.key}"}
    with session(wave_server, additional_headers=headers) as ws:
        append(ws, speech("rain.flac", 2.0))
        send(ws, type="input_audio_buffer.commit")
        events = until(ws, COMPLETED)
        assert events[-1]["transcript"]
        assert any(event["type"] == DELTA for event in events)
