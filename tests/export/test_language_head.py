"""Which rows of an IndicConformer's head belong to a language, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from hindi_stt.errors import CorruptModel, HindiSTTError, LanguageNotInModel, UnsupportedModel
from hindi_stt.export.config import read_config
from tests.export.archives import LANGUAGES, multilingual_config

N_PIECES = 256


def pieces(languages: list[str] = LANGUAGES, n_pieces: int = N_PIECES) -> dict[str, list[str]]:
    return {code: ["<unk>", *(f"{code}{i}" for i in range(n_pieces - 1))] for code in languages}


# The first row of each language's block, as the published model's list of pieces and three public repositories have it;
# tests/oracle/test_indic_fork.py compares all rows with those of the fork. Sorted codes would give hi 1280.
FIRST_ROWS = {
    "as": 0,
    "bn": 256,
    "brx": 512,
    "doi": 768,
    "kok": 1024,
    "gu": 1280,
    "hi": 1536,
    "kn": 1792,
    "ks": 2048,
    "mai": 2304,
    "ml": 2560,
    "mr": 2816,
    "mni": 3072,
    "ne": 3328,
    "or": 3584,
    "pa": 3840,
    "sa": 4096,
    "sat": 4352,
    "sd": 4608,
    "ta": 4864,
    "te": 5120,
    "ur": 5376,
}


@pytest.mark.parametrize(("language", "first"), FIRST_ROWS.items())
def test_rows_of_the_published_models(language: str, first: int) -> None:
    read = read_config(multilingual_config(pieces()), language)
    assert read.language_head is not None
    assert read.language_head.rows == [*range(first, first + 256), 5632]
    assert read.vocabulary == tuple(pieces()[language])
    assert read.tokenizer == f"nemo:{language}0123_tokenizer.model"
    assert "multisoftmax" not in read.decoder
    assert (read.features.stft_pad_mode, read.features.valid_frames) == ("reflect", "floor_plus_one")


@pytest.mark.parametrize("tag", ["hi", "hi-IN", "HI", "hi_IN", "hi-Deva"])
def test_tags_of_one_language(tag: str) -> None:
    head = read_config(multilingual_config(pieces(["gu", "hi"], 5)), tag).language_head
    assert head is not None
    assert (head.language, head.rows) == ("hi", [5, 6, 7, 8, 9, 10])


def test_one_language_is_a_head_of_several_too() -> None:
    head = read_config(multilingual_config(pieces(["sat"], 5)), "sat").language_head
    assert head is not None
    assert head.rows == [0, 1, 2, 3, 4, 5]


def test_languages_are_listed_in_their_order() -> None:
    with pytest.raises(LanguageNotInModel, match="no language 'en'; it has as, bn, brx, doi, kok, gu, hi, kn"):
        read_config(multilingual_config(pieces()), "en")


def spoilt(path: str, value: Any) -> dict[str, Any]:
    config = multilingual_config(pieces(["gu", "hi", "ta"], 4))
    *parents, last = path.split(".")
    section = config
    for name in parents:
        section = section[name]
    if value is None:
        del section[last]
    else:
        section[last] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "error", "named"),
    [
        ("decoder.multisoftmax", None, UnsupportedModel, "multisoftmax"),
        ("tokenizer.type", "agg", UnsupportedModel, "agg"),
        ("tokenizer.type", "bpe", UnsupportedModel, "IndicConformer"),
        ("tokenizer.langs", None, CorruptModel, "langs"),
        ("tokenizer.langs", ["hi"], CorruptModel, "langs"),
        ("tokenizer.langs", {}, CorruptModel, "0 languages"),
        ("tokenizer.langs.gu", None, CorruptModel, "2 languages"),
        ("tokenizer.langs.hi.model_path", None, CorruptModel, "tokenizer.langs.hi.model_path"),
        ("tokenizer.langs.hi.type", "wpe", UnsupportedModel, "wpe"),
        ("aux_ctc.decoder.vocabulary", [], CorruptModel, "0 pieces"),
        ("aux_ctc.decoder.num_classes", 11, CorruptModel, "num_classes"),
        ("target", "nemo.collections.asr.models.EncDecCTCModelBPE", UnsupportedModel, "hybrids"),
        ("target", "nemo.collections.asr.models.EncDecRNNTBPEModel", UnsupportedModel, "transducer"),
    ],
)
def test_refused_by_name(path: str, value: Any, error: type[HindiSTTError], named: str) -> None:
    config = spoilt(path, value)
    if path == "tokenizer.langs.gu":
        config["aux_ctc"]["decoder"] |= {"vocabulary": ["<unk>", "a", "b"], "num_classes": 3}
    with pytest.raises(error, match=named):
        read_config(config, "hi")
