"""A model of AI4Bharat's fork of NeMo with random weights, and what the fork computes with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.errors import HindiSTTError
from hindi_stt.features import FeatureExtractor
from hindi_stt.inference.acoustic import LocalAcoustic
from tests.support.exporting import TOLERANCE
from tests.support.guarded import DATA
from tests.support.indic_models import fork_config, run_fork, train_tokenizers
from tests.support.wav import wav

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


def make_forked(
    folder: Path, languages: list[str], n_pieces: int, *, one_tokenizer_per_script: bool = False, **encoder: object
) -> Forked:
    tokenizers = train_tokenizers(languages, n_pieces, folder / "tokenizers", one_per_script=one_tokenizer_per_script)
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
