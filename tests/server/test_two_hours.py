"""Two hours of known sentences through a real server: as many errors as one by one, in bounded memory."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import jiwer
import numpy as np
import pytest
import soundfile
import soxr

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support import evaluation_set
from tests.support.server import Server
from tests.support.wav import wav

pytestmark = pytest.mark.api

RATE = 16_000
HOURS_S = 7_200
PAUSE_S = 0.7
MAX_GROWTH = 150 * 2**20


@pytest.fixture(scope="module")
def clips() -> list[tuple[np.ndarray, str]]:
    """The evaluation set: samples at 16 kHz and what they say."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    return [(at_16k(clip.wav), clip.text) for clip in evaluation_set.clips()]


def at_16k(content: bytes) -> np.ndarray:
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    return soxr.resample(samples, rate, RATE)


def written(clips: list[tuple[np.ndarray, str]], path: Path) -> str:
    """The clips in ever other orders, until two hours are full, as FLAC; returns what is said in them."""
    rng, texts, total_s = np.random.default_rng(0), [], 0.0
    pause = np.zeros(int(PAUSE_S * RATE), np.float32)
    with soundfile.SoundFile(path, "w", RATE, 1, format="FLAC") as file:
        while total_s < HOURS_S:
            for i in rng.permutation(len(clips)):
                samples, text = clips[i]
                file.write(samples)
                file.write(pause)
                texts.append(text)
                total_s += len(samples) / RATE + PAUSE_S
    return " ".join(texts)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("hours"))
    try:
        running.wait_until_ready()
        for _ in range(3):
            running.transcribe((DATA / "rain.flac").read_bytes())
        yield running
    finally:
        running.stop()


def test_two_hours(
    clips: list[tuple[np.ndarray, str]],
    usual: Server,
    pipeline: Pipeline,
    acoustic: LocalAcoustic,
    tmp_path: Path,
) -> None:
    alone = [pipeline.transcribe(wav(samples, RATE), acoustic).text for samples, _ in clips]
    alone_wer = jiwer.wer([text for _, text in clips], alone)
    path = tmp_path / "hours.flac"
    said = written(clips, path)
    before, highest, ended = usual.memory(), 0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not ended.wait(0.5):
            highest = max(highest, usual.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    with path.open("rb") as file:
        answer = httpx.post(f"{usual.url}/transcribe", files={"file": ("hours.flac", file)}, timeout=900)
    ended.set()
    watcher.join()
    assert answer.status_code == 200, answer.text[:500]
    body = answer.json()
    assert body["duration"] == pytest.approx(soundfile.info(path).duration, abs=0.01)
    times = [time for word in body["words"] for time in (word["start"], word["end"])]
    assert times == sorted(times)
    wer = jiwer.wer(said, body["text"])
    print(
        f"{body['duration']:.0f} s: WER {wer:.2%}, one by one {alone_wer:.2%}; memory {before >> 20} MiB, "
        f"at most {(highest - before) >> 20} MiB more"
    )
    assert wer <= alone_wer + 0.01
    assert highest - before <= MAX_GROWTH
