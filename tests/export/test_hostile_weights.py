"""Archives whose danger or damage lies in the weights and the tokenizer; they need PyTorch to be refused."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from hindi_stt.errors import CorruptModel, HindiSTTError, UnsafeArchive
from hindi_stt.export.archive import CONFIG_FILE, WEIGHTS_FILE, unpack
from hindi_stt.export.config import read_config

pytestmark = pytest.mark.oracle


class Payload:
    """Unpickling this creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def load(file: Path, folder: Path) -> None:
    from hindi_stt.export.nemo_model import load_model

    archive = unpack(file, folder)
    load_model(archive, read_config(archive.config))


def with_member(file: Path, target: Path, name: str, content: bytes) -> Path:
    """A copy of an archive with the content of one member exchanged."""
    with tarfile.open(file) as source, tarfile.open(target, "w") as out:
        for member in source.getmembers():
            stream = source.extractfile(member) if member.isfile() else None
            data = stream.read() if stream else b""
            if member.name.endswith(name):
                data = content
                member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return target


def member(file: Path, name: str) -> bytes:
    with tarfile.open(file) as tar:
        found = next(m for m in tar.getmembers() if m.name.endswith(name))
        stream = tar.extractfile(found)
        assert stream is not None
        return stream.read()


def saved(value: object) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def weights(file: Path) -> dict[str, Any]:
    import torch

    state: dict[str, Any] = torch.load(io.BytesIO(member(file, WEIGHTS_FILE)), weights_only=True)
    return state


def refused(file: Path, tmp_path: Path, name: str, content: bytes, error: type[HindiSTTError]) -> None:
    changed = with_member(file, tmp_path / "changed.nemo", name, content)
    with pytest.raises(error):
        load(changed, tmp_path / "work")
    assert {path.name for path in tmp_path.iterdir()} == {"changed.nemo", "work"}


def test_pickle_payload(nemo_file: Path, tmp_path: Path) -> None:
    payload = saved({"encoder.weight": Payload(tmp_path / "executed")})
    refused(nemo_file, tmp_path, WEIGHTS_FILE, payload, UnsafeArchive)


def test_bare_pickle(nemo_file: Path, tmp_path: Path) -> None:
    import pickle

    refused(nemo_file, tmp_path, WEIGHTS_FILE, pickle.dumps(Payload(tmp_path / "executed")), UnsafeArchive)


def test_truncated_weights(nemo_file: Path, tmp_path: Path) -> None:
    content = member(nemo_file, WEIGHTS_FILE)
    refused(nemo_file, tmp_path, WEIGHTS_FILE, content[: len(content) // 2], CorruptModel)


def test_missing_weight(nemo_file: Path, tmp_path: Path) -> None:
    state = weights(nemo_file)
    del state["encoder.layers.0.norm_out.weight"]
    refused(nemo_file, tmp_path, WEIGHTS_FILE, saved(state), CorruptModel)


def test_weight_of_another_shape(nemo_file: Path, tmp_path: Path) -> None:
    state = weights(nemo_file)
    state["encoder.layers.0.norm_out.weight"] = state["encoder.layers.0.norm_out.weight"][:-1]
    refused(nemo_file, tmp_path, WEIGHTS_FILE, saved(state), CorruptModel)


def test_weight_that_is_not_finite(nemo_file: Path, tmp_path: Path) -> None:
    state = weights(nemo_file)
    state["encoder.layers.0.norm_out.weight"][0] = float("nan")
    refused(nemo_file, tmp_path, WEIGHTS_FILE, saved(state), CorruptModel)


def test_configuration_of_another_model(nemo_file: Path, tmp_path: Path) -> None:
    config = yaml.safe_load(member(nemo_file, CONFIG_FILE))
    config["encoder"]["n_layers"] = 3
    refused(nemo_file, tmp_path, CONFIG_FILE, yaml.safe_dump(config).encode(), CorruptModel)


def test_mismatched_vocabulary(nemo_file: Path, tmp_path: Path) -> None:
    config = yaml.safe_load(member(nemo_file, CONFIG_FILE))
    if "tokenizer" not in config:
        pytest.skip("a character model has no second vocabulary")
    decoder = config.get("aux_ctc", config)["decoder"]
    decoder["vocabulary"] = decoder["vocabulary"][::-1]
    refused(nemo_file, tmp_path, CONFIG_FILE, yaml.safe_dump(config).encode(), CorruptModel)


def test_tokenizer_that_is_none(nemo_file: Path, tmp_path: Path) -> None:
    if "tokenizer" not in yaml.safe_load(member(nemo_file, CONFIG_FILE)):
        pytest.skip("a character model has no tokenizer")
    refused(nemo_file, tmp_path, "tokenizer.model", b"not a model", CorruptModel)
