"""What a repository on the hub offers, by the names of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindi_stt.catalogue.sources import is_transformers_folder, published_at
from hindi_stt.errors import SourceUnavailable
from tests.support.model_hub import ModelHub

MODULES_UNDER_TEST = ("hindi_stt/catalogue/sources.py",)

TRANSFORMERS = ("config.json", "preprocessor_config.json", "vocab.json", "special_tokens_map.json")


def offered(*names: str) -> tuple[str, list[str]]:
    with ModelHub() as hub:
        hub.publish("us/model", dict.fromkeys(names, b"{}"))
        published = published_at("us/model", hub.url)
    return published.becomes, sorted(published.addresses)


def test_a_model_of_transformers() -> None:
    names = [*TRANSFORMERS, "model.safetensors", "pytorch_model.bin", "training_args.bin", "README.md"]
    assert offered(*names) == ("transformers", sorted([*TRANSFORMERS, "model.safetensors"]))
    assert offered(*TRANSFORMERS, "pytorch_model.bin") == ("transformers", sorted([*TRANSFORMERS, "pytorch_model.bin"]))


def test_ready_onnx_files_and_nemo_files_come_before_transformers() -> None:
    assert offered(*TRANSFORMERS, "model.safetensors", "model.onnx", "vocab.txt")[0] == "onnx"
    assert offered(*TRANSFORMERS, "model.safetensors", "a.nemo") == ("nemo", ["a.nemo"])


@pytest.mark.parametrize("names", [("config.json", "model.safetensors"), TRANSFORMERS])
def test_a_model_for_text_and_a_model_without_weights(names: tuple[str, ...]) -> None:
    with pytest.raises(SourceUnavailable, match="no layout that is known here"):
        offered(*names)


def test_a_folder(tmp_path: Path) -> None:
    for name in TRANSFORMERS:
        (tmp_path / name).touch()
    assert not is_transformers_folder(tmp_path)
    (tmp_path / "model.safetensors").touch()
    assert is_transformers_folder(tmp_path)
