"""Folders of Wav2Vec2ForCTC models: what is read of them, and what is refused by name. Without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import export_model
from hindi_stt.bundle.manifest import BLANK
from hindi_stt.errors import CorruptModel, UnsupportedModel
from hindi_stt.export.wav2vec2.config import is_transformers_folder, read_model
from hindi_stt.types import WORD_MARK

MODULES_UNDER_TEST = (
    "hindi_stt/export/wav2vec2/config.py",
    "hindi_stt/export/wav2vec2/vocabulary.py",
)

CONFIG = {
    "model_type": "wav2vec2",
    "architectures": ["Wav2Vec2ForCTC"],
    "feat_extract_norm": "layer",
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "vocab_size": 7,
    "pad_token_id": 5,
}
PREPROCESSOR = {"do_normalize": True, "sampling_rate": 16000, "return_attention_mask": True, "feature_size": 1}
VOCAB = {"|": 0, "क": 1, "A": 2, "म": 3, "[UNK]": 4, "[PAD]": 5}
SPECIAL = {"pad_token": "[PAD]", "unk_token": {"content": "[UNK]", "lstrip": False}, "bos_token": "<s>"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "config.json", CONFIG)
    write(tmp_path, "preprocessor_config.json", PREPROCESSOR)
    write(tmp_path, "vocab.json", VOCAB)
    write(tmp_path, "added_tokens.json", {"<s>": 6})
    write(tmp_path, "special_tokens_map.json", SPECIAL)
    (tmp_path / "model.safetensors").write_bytes(b"")
    return tmp_path


def write(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def test_what_is_read(folder: Path) -> None:
    assert is_transformers_folder(folder)
    model = read_model(folder)
    assert model.features.sample_rate == 16000
    assert model.features.normalize == "per_clip"
    assert model.masked
    assert model.convolutions[0] == (10, 5)
    assert model.vocabulary.pieces == (WORD_MARK, "क", "A", "म", "[UNK]", BLANK, "<s>")
    assert model.vocabulary.blank_id == 5
    assert model.vocabulary.special_ids == (4, 6)


def test_a_tokenizer_of_small_letters_with_another_delimiter(folder: Path) -> None:
    write(folder, "tokenizer_config.json", {"word_delimiter_token": "म", "do_lower_case": True})
    assert read_model(folder).vocabulary.pieces == ("|", "क", "a", WORD_MARK, "[unk]", BLANK, "<s>")


@pytest.mark.parametrize(
    ("norm", "return_attention_mask", "masked"),
    [
        ("layer", True, True),
        ("layer", False, False),
        ("layer", None, False),
        ("group", False, False),
        ("group", True, False),
    ],
)
def test_only_layer_norm_with_a_mask_is_batched(
    folder: Path, norm: str, return_attention_mask: bool | None, masked: bool
) -> None:
    write(folder, "config.json", CONFIG | {"feat_extract_norm": norm})
    write(folder, "preprocessor_config.json", PREPROCESSOR | {"return_attention_mask": return_attention_mask})
    assert read_model(folder).masked == masked


def test_without_normalisation(folder: Path) -> None:
    write(folder, "preprocessor_config.json", PREPROCESSOR | {"do_normalize": False})
    assert read_model(folder).features.normalize == "none"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model_type": "wav2vec2-bert", "architectures": ["Wav2Vec2BertForCTC"]},
            "Wav2Vec2-BERT takes stacked log-mel",
        ),
        ({"model_type": "whisper"}, "Whisper"),
        ({"model_type": "hubert"}, "HuBERT"),
        ({"model_type": "llama"}, "'llama'"),
        ({"architectures": ["Wav2Vec2ForPreTraining"]}, "Wav2Vec2ForPreTraining"),
        ({"architectures": None}, "CTC head"),
        ({"add_adapter": True}, "add_adapter"),
        ({"adapter_attn_dim": 16}, "adapter_attn_dim"),
        ({"feat_extract_norm": "batch"}, "feat_extract_norm"),
    ],
)
def test_other_models_are_refused_by_name(folder: Path, change: dict[str, Any], message: str) -> None:
    write(folder, "config.json", CONFIG | change)
    with pytest.raises(UnsupportedModel, match=message):
        read_model(folder)


def test_other_features_are_refused_by_name(folder: Path) -> None:
    write(folder, "preprocessor_config.json", {"feature_extractor_type": "SeamlessM4TFeatureExtractor"})
    with pytest.raises(UnsupportedModel, match="SeamlessM4TFeatureExtractor"):
        read_model(folder)
    write(folder, "preprocessor_config.json", PREPROCESSOR)
    write(folder, "vocab.json", {"hin": VOCAB, "tam": VOCAB})
    with pytest.raises(UnsupportedModel, match="MMS"):
        read_model(folder)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("vocab.json", None, r"no vocab\.json"),
        ("vocab.json", ["क"], "not a JSON object"),
        ("vocab.json", {**VOCAB, "न": 9}, "each class needs one token"),
        ("vocab.json", {**VOCAB, "न": 3}, "each class needs one token"),
        ("vocab.json", {**VOCAB, "म": "3"}, "a class is not a number"),
        ("vocab.json", {**VOCAB, "म": 7, " क": 3}, "each class needs one token"),
        ("vocab.json", {"|": 0, "": 1, "A": 2, "म": 3, "[UNK]": 4, "[PAD]": 5}, "empty"),
        ("preprocessor_config.json", None, r"no preprocessor_config\.json"),
        ("preprocessor_config.json", {"sampling_rate": 0}, "sampling_rate"),
        ("config.json", CONFIG | {"pad_token_id": 0}, "The blank is class 0"),
        ("config.json", CONFIG | {"vocab_size": 9}, "each class needs one token"),
        ("config.json", CONFIG | {"vocab_size": "7"}, "vocab_size"),
        ("config.json", CONFIG | {"conv_stride": [5, 2]}, "conv_stride"),
        ("special_tokens_map.json", {"pad_token": "<none>"}, "<none>"),
        ("model.safetensors", None, "none of"),
    ],
)
def test_files_that_do_not_fit(folder: Path, file: str, content: Any, message: str) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        write(folder, file, content)
    with pytest.raises(CorruptModel, match=message):
        read_model(folder)


def test_a_file_that_is_no_json(folder: Path) -> None:
    (folder / "config.json").write_text("<html>", encoding="utf-8")
    with pytest.raises(CorruptModel, match="cannot be read as JSON"):
        read_model(folder)


def test_options_that_are_not_for_these_models(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["export_model.py", str(folder), "--half"])
    assert export_model.main() == 1
    assert "--half: not for a Wav2Vec2ForCTC model" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["export_model.py", str(folder), "--to", str(folder)])
    assert export_model.main() == 1
    assert "the model's own folder" in capsys.readouterr().err
