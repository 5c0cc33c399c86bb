"""ONNX Runtime's memory: sessions of one process share what their runs need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Two sessions of the same file run the longest clip, one after the other, in a process of its own.
CODE = """
import json
import numpy as np, psutil
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.types import Features

def held():
    return psutil.Process().memory_info().rss / 2**20

bundle = Bundle.open(EMBEDDED)
clip = Features(np.random.default_rng(0).standard_normal((80, 1600)).astype(np.float32), 16.0)
first, second = LocalAcoustic(bundle, threads=1), LocalAcoustic(bundle, threads=1)
short = Features(clip.values[:, :100], 1.0)
first([short]), second([short])
taken = [held()]
for acoustic in (first, second):
    acoustic([clip])
    taken.append(held())
print(json.dumps([after - before for before, after in zip(taken, taken[1:])]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory as Linux counts it")
def test_sessions_share_memory_for_activations() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120)
    first_mib, second_mib = json.loads(done.stdout)
    assert first_mib > 8  # else there is nothing to share
    assert second_mib < first_mib / 4
