"""Filterbank features against Kaldi's definition, written out value by value."""

from __future__ import annotations

import cmath
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from hindi_stt.bundle.speakers import FbankSpec
from hindi_stt.speakers.fbank import Fbank
from tests.support.server import ROOT

SPEC = FbankSpec(sample_rate=16_000, window_samples=400, hop_samples=160, n_mels=80)


def mel(hz: float) -> float:
    return 1127 * math.log(1 + hz / 700)


def energy(frame: list[float], band: int) -> float:
    """ProcessWindow, the power spectrum and one bin of MelBanks, for a frame of 400 samples."""
    mean = sum(frame) / len(frame)
    centred = [value - mean for value in frame]
    emphasised = [x - 0.97 * centred[max(i - 1, 0)] for i, x in enumerate(centred)]
    windowed = [
        x * (0.5 - 0.5 * math.cos(2 * math.pi * i / (len(frame) - 1))) ** 0.85 for i, x in enumerate(emphasised)
    ]
    step = (mel(8000) - mel(20)) / 81
    left, centre, right = (mel(20) + (band + k) * step for k in range(3))
    total = 0.0
    for k in range(256):
        at = mel(k * 16_000 / 512)
        if left < at < right:
            weight = (at - left) / (centre - left) if at <= centre else (right - at) / (right - centre)
            bin_value = sum(x * cmath.exp(-2j * math.pi * k * i / 512) for i, x in enumerate(windowed))
            total += weight * abs(bin_value) ** 2
    return math.log(max(total, 2**-23))


def test_frames_are_those_of_the_definition() -> None:
    samples = np.random.default_rng(0).standard_normal(400 + 2 * 160 + 159).astype(np.float32) * np.float32(0.1)
    features = Fbank(SPEC)(samples)
    assert features.shape == (3, 80)
    for frame in (0, 2):
        values = samples[frame * 160 : frame * 160 + 400].astype(float).tolist()
        for band in (0, 1, 25, 79):
            assert abs(features[frame, band] - energy(values, band)) < 1e-3


def test_too_short_and_silent() -> None:
    assert Fbank(SPEC)(np.zeros(399, np.float32)).shape == (0, 80)
    silent = Fbank(SPEC)(np.zeros(800, np.float32))
    assert np.allclose(silent, math.log(2**-23), atol=1e-4)


_WHICH_THREADS_WORK = """
import os, pathlib
import numpy as np
from hindi_stt.bundle.speakers import FbankSpec
from hindi_stt.speakers.fbank import Fbank

fbank = Fbank(FbankSpec(sample_rate=16_000, window_samples=400, hop_samples=160, n_mels=80))
samples = np.random.default_rng(0).standard_normal(24_000).astype(np.float32)
for _ in range(400):
    fbank(samples)
tasks = pathlib.Path("/proc/self/task").iterdir()
ticks = {task.name: sum(map(int, (task / "stat").read_text().rpartition(")")[2].split()[11:13])) for task in tasks}
own = ticks.pop(str(os.getpid()))
print(own, sum(ticks.values()))
"""


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="OpenBLAS has one thread on one core")
def test_features_are_computed_by_the_thread_that_asks_for_them() -> None:
    """OpenBLAS divides larger products among threads of its own, which spin where other work has the cores."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", _WHICH_THREADS_WORK],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    own, others = map(int, done.stdout.split())
    assert own > 10
    assert others < own / 2  # some work while they start; where they spin they take what the own thread does
