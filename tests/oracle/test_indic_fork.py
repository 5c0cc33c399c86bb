"""Bundles of multilingual models against AI4Bharat's fork of NeMo: from audio to log-probs and text.

The fork builds the models with random weights, saves them, and runs them on recordings, one clip a call, in a process
of its own environment: `make oracle-indic`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.export.archive import unpack
from hindi_stt.export.config import read_config
from hindi_stt.features import FeatureExtractor
from tests.export.archives import LANGUAGES
from tests.support.exporting import export_to
from tests.support.indic_forked import CODES, FEATURES_TOLERANCE, RATE, Forked, assert_equal_to_the_fork, make_forked
from tests.support.indic_models import needs_fork, pieces_of, run_fork

pytestmark = [pytest.mark.oracle, needs_fork()]


@pytest.fixture(scope="module", params=[("few", 64), ("all", 256)], ids=["4 languages", "22 languages"])
def forked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    which, n_pieces = request.param
    languages = LANGUAGES if which == "all" else ["ta", "gu", "hi", "bn"]
    return make_forked(tmp_path_factory.mktemp("forked"), languages, n_pieces)


@pytest.mark.parametrize("code", CODES)
def test_log_probs_and_texts(forked: Forked, code: str, tmp_path: Path) -> None:
    bundle, _ = export_to(forked.file, tmp_path, language=code)
    assert list(bundle.tokens[:-1]) == pieces_of(forked.tokenizers)[code]
    assert_equal_to_the_fork(forked, code, bundle)


def test_rows_of_every_language(forked: Forked, tmp_path: Path) -> None:
    """The rows of the head that the fork itself takes; in its order of languages, which is that of the file."""
    run_fork("rows", forked.file, tmp_path / "rows.json")
    rows = json.loads((tmp_path / "rows.json").read_text())
    config = unpack(forked.file, tmp_path / "nemo").config
    assert list(rows) == list(forked.tokenizers)
    for code, own in rows.items():
        head = read_config(config, code).language_head
        assert head is not None
        assert head.rows == own


def test_the_form_of_features(forked: Forked, bundle: Bundle) -> None:
    """The fork's features have the form of NeMo before 2.5; the form since then has other frames."""
    old = bundle.manifest.features.model_copy(update={"stft_pad_mode": "reflect", "valid_frames": "floor_plus_one"})
    new = old.model_copy(update={"stft_pad_mode": "constant", "valid_frames": "floor"})
    for i, recording in enumerate(forked.recordings):
        waveform = decode(recording, RATE, AudioLimits(60, 0.1, 8))
        expected = forked.arrays[f"features_{i}"]
        found = FeatureExtractor(old, bundle.filterbank)(waveform).values
        assert np.abs(found - expected).max() < FEATURES_TOLERANCE
        other = FeatureExtractor(new, bundle.filterbank)(waveform).values
        assert other.shape[1] == expected.shape[1] - 1
        assert np.abs(other - expected[:, :-1]).max() > 0.1


@pytest.mark.slow
def test_full_size(tmp_path: Path) -> None:
    """The architecture of the published large model: 129 million parameters, 22 languages."""
    large = {"n_layers": 17, "d_model": 512, "n_heads": 8, "subsampling_conv_channels": -1, "dropout_pre_encoder": 0.1}
    forked = make_forked(tmp_path, LANGUAGES, 256, one_tokenizer_per_script=True, **large)
    for code in CODES:
        bundle, _ = export_to(forked.file, tmp_path / code, language=code, precisions=("fp32",))
        assert_equal_to_the_fork(forked, code, bundle)
