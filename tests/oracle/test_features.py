"""Features against NeMo's preprocessor itself, in the form up to 2.4 and in the current one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.features import FeatureExtractor
from hindi_stt.types import Waveform

pytestmark = pytest.mark.oracle
SCRIPT = Path(__file__).parent / "nemo_features.py"


def nemo_features(waveforms: list[Waveform], folder: Path, nemo: str | None) -> list[np.ndarray]:
    """Features of NeMo; nemo: folder of another version than the environment's own."""
    np.savez(folder / "in.npz", **{str(i): waveform.samples for i, waveform in enumerate(waveforms)})
    environment = os.environ | ({"PYTHONPATH": nemo} if nemo else {})
    command = [sys.executable, str(SCRIPT), str(folder / "in.npz"), str(folder / "out.npz")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(folder / "out.npz") as features:
        return [features[str(i)] for i in range(len(waveforms))]


@pytest.mark.parametrize(
    ("old", "pad_mode", "valid_frames"), [(True, "reflect", "floor_plus_one"), (False, "constant", "floor")]
)
def test_against_nemo(
    bundle: Bundle, clips: list[Waveform], tmp_path: Path, old: bool, pad_mode: str, valid_frames: str
) -> None:
    nemo = os.environ.get("NEMO_OLD") if old else None
    if old and not nemo:
        pytest.skip("NEMO_OLD names no folder with NeMo 2.4")
    spec = bundle.manifest.features.model_copy(update={"stft_pad_mode": pad_mode, "valid_frames": valid_frames})
    extract = FeatureExtractor(spec, bundle.filterbank)
    edges = [Waveform(clips[0].samples[:n], 16_000, 16_000) for n in (1_600, 15_999, 16_000)]
    waveforms = [*clips, *edges]
    for waveform, expected in zip(waveforms, nemo_features(waveforms, tmp_path, nemo), strict=True):
        found = extract(waveform).values
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=1e-3)
