"""Bundles of multilingual models against AI4Bharat's fork of NeMo: from audio to log-probs and text.

The fork builds the models with random weights, saves them, and runs them on recordings, one clip a call, in a process
of its own environment: `make oracle-indic`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.errors import HindiSTTError
from hindi_stt.features import FeatureExtractor
from hindi_stt.inference.acoustic import LocalAcoustic
from tests.conftest import DATA
from tests.export.archives import LANGUAGES
from tests.support.exporting import TOLERANCE, export_to
from tests.support.indic_models import fork_config, needs_fork, pieces_of, run_fork, train_tokenizers
from tests.support.wav import wav

pytestmark = [pytest.mark.oracle, needs_fork()]

CODES = ("hi", "ta", "bn")
RATE = 16_000
# Of log-mel features with deviation 1, in float32 on both sides.
FEATURES_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Forked:
    """A model of the fork, and what the fork computes for each recording."""

    file: Path
    tokenizers: dict[str, Path]
    recordings: list[Path]
    arrays: dict[str, np.ndarray]
    texts: dict[str, str]


def make_forked(folder: Path, languages: list[str], n_pieces: int, **encoder: object) -> Forked:
    tokenizers = train_tokenizers(languages, n_pieces, folder / "tokenizers")
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(fork_config(tokenizers, **encoder), allow_unicode=True, sort_keys=False))
    run_fork("build", config, folder / "model.nemo")
    limits = AudioLimits(60, 0.1, 8)
    samples = [decode(DATA / name, RATE, limits).samples for name in ("rain.flac", "family.flac")]
    samples.append(np.concatenate(samples))
    recordings = []
    for i, one in enumerate(samples):
        recordings.append(folder / f"{i}.wav")
        recordings[-1].write_bytes(wav(one, RATE))
    run_fork("run", folder / "model.nemo", folder / "found.npz", ",".join(CODES), *recordings)
    with np.load(folder / "found.npz") as found:
        arrays = dict(found)
    return Forked(folder / "model.nemo", tokenizers, recordings, arrays, json.loads(str(arrays.pop("texts"))))


@pytest.fixture(scope="module", params=[("few", 64), ("all", 256)], ids=["4 languages", "22 languages"])
def forked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    which, n_pieces = request.param
    languages = LANGUAGES if which == "all" else ["ta", "gu", "hi", "bn"]
    return make_forked(tmp_path_factory.mktemp("forked"), languages, n_pieces)


def assert_equal_to_the_fork(forked: Forked, code: str, bundle: Bundle) -> None:
    """From the recordings' samples to log-probs and text."""
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    acoustic = LocalAcoustic(bundle, threads=2, precision="fp32")
    decoder = GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)
    for i, recording in enumerate(forked.recordings):
        features = extract(decode(recording, RATE, AudioLimits(60, 0.1, 8)))
        assert features.values.shape == forked.arrays[f"features_{i}"].shape
        assert np.abs(features.values - forked.arrays[f"features_{i}"]).max() < FEATURES_TOLERANCE
        (result,) = acoustic([features])
        assert not isinstance(result, HindiSTTError)
        expected = forked.arrays[f"log_probs_{i}_{code}"]
        assert result.values.shape == expected.shape
        assert np.abs(result.values - expected).max() < TOLERANCE
        text = forked.texts[f"{i}_{code}"]
        assert len(set(text)) > 5
        # The fork joins pieces as they are: a space at the beginning, several in a row, and <unk>, which SentencePiece,
        # and so NeMo itself, decodes as " ⁇ ".
        assert decoder(result).text == " ".join(text.replace("<unk>", " ⁇ ").split())


@pytest.mark.parametrize("code", CODES)
def test_log_probs_and_texts(forked: Forked, code: str, tmp_path: Path) -> None:
    bundle, _ = export_to(forked.file, tmp_path, language=code)
    assert list(bundle.tokens[:-1]) == pieces_of(forked.tokenizers)[code]
    assert_equal_to_the_fork(forked, code, bundle)


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
    forked = make_forked(tmp_path, LANGUAGES, 256, **large)
    for code in CODES:
        bundle, _ = export_to(forked.file, tmp_path / code, language=code)
        assert_equal_to_the_fork(forked, code, bundle)
