"""AI4Bharat's ONNX release, made by the fork's own exporter with random weights, against the fork: `make oracle-indic`.

The architecture is that of the 600 M model, small: FastConformer with subsampling by 8, and a table of positions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from hindi_stt.bundle.manifest import Bundle, Identity
from hindi_stt.catalogue.ready_onnx import import_onnx
from hindi_stt.errors import InferenceFailed
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features
from tests.support.indic_forked import RATE, Forked, assert_equal_to_the_fork, make_forked
from tests.support.indic_models import needs_fork, run_fork
from tests.support.indic_release import CONSTANT, loosen
from tests.support.wav import wav

pytestmark = [pytest.mark.oracle, needs_fork()]

LANGUAGES = ["ta", "gu", "hi", "bn"]
SUBSAMPLING = 8
# Positions of 20 s; the real model has 5,000, of 400 s. The fork exports with a clip of 256 frames: no fewer positions.
MAX_STEPS = 256


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    options = {"subsampling": "dw_striding", "subsampling_factor": SUBSAMPLING, "conv_kernel_size": 9}
    return make_forked(tmp_path_factory.mktemp("forked"), LANGUAGES, 64, **options, pos_emb_max_len=MAX_STEPS)


@pytest.fixture(scope="module")
def release(forked: Forked, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "assets"
    run_fork("export", forked.file, folder)
    encoder = onnx.load(str(folder / "encoder.onnx"))
    (folder / "encoder.onnx").unlink()
    loosen(encoder, folder)
    assert (folder / CONSTANT).stat().st_size == (2 * MAX_STEPS - 1) * 64 * 4, "the table of positions"
    return folder


@pytest.fixture(scope="module")
def bundles(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    root = tmp_path_factory.mktemp("bundles")
    return {
        code: import_onnx(release, root / code, Identity("release", code, "MIT"), preset="nemo-80-mel")[0]
        for code in ("hi", "ta", "bn")
    }


@pytest.mark.parametrize("code", ["hi", "ta", "bn"])
def test_log_probs_and_texts(forked: Forked, bundles: dict[str, Bundle], code: str) -> None:
    spec = bundles[code].manifest.acoustic
    assert (spec.subsampling, spec.n_classes, spec.batched) == (SUBSAMPLING, 65, False)
    assert_equal_to_the_fork(forked, code, bundles[code])


def test_positions_end(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """A longer recording is cut into clips that the model can take; a longer clip is refused by name."""
    bundle = bundles["hi"]
    assert bundle.manifest.acoustic.max_frames == MAX_STEPS * SUBSAMPLING
    rng = np.random.default_rng(0)
    acoustic = LocalAcoustic(bundle, threads=1)
    most = Features(rng.standard_normal((80, MAX_STEPS * SUBSAMPLING), np.float32), 20.0)
    assert not isinstance(acoustic([most])[0], InferenceFailed)
    (refused,) = acoustic([Features(np.concatenate([most.values, most.values[:, :1]], axis=1), 20.0)])
    assert isinstance(refused, InferenceFailed)
    assert "up to 20 s" in refused.message
    recording = tmp_path / "long.wav"
    recording.write_bytes(wav((0.1 * rng.standard_normal(50 * RATE)).astype(np.float32), RATE))
    pipeline = Pipeline(bundle, Settings(max_segment_s=60))
    clips = list(pipeline.prepare(recording))
    assert len(clips) >= 3
    assert all(clip.features.n_frames <= MAX_STEPS * SUBSAMPLING for clip in clips)
    assert pipeline.transcribe(recording, acoustic).duration_s == 50
