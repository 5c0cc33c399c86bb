"""Checkpoints of PyTorch without PyTorch: what tensors they have, and that nothing in them is run."""

from __future__ import annotations

import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hindi_stt.catalogue.state_dict import read_state_dict
from hindi_stt.errors import CorruptModel, UnsafeArchive
from tests.support.checkpoints import Tensor, write_checkpoint

MODULES_UNDER_TEST = ("hindi_stt/catalogue/state_dict.py",)


def test_tensors_have_their_values(tmp_path: Path) -> None:
    weights = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    state = OrderedDict(weights=Tensor(weights), count=Tensor(np.array(7)))
    found = read_state_dict(write_checkpoint(tmp_path / "a.pt", state))
    assert found["weights"].tolist() == weights.tolist()
    assert found["count"].shape == ()
    assert found["count"] == 7


def test_a_tensor_that_is_transposed_or_too_short_is_refused(tmp_path: Path) -> None:
    values = np.zeros((2, 3), np.float32)
    with pytest.raises(CorruptModel, match="not contiguous"):
        read_state_dict(write_checkpoint(tmp_path / "a.pt", {"a": Tensor(values, (1, 2))}))
    with pytest.raises(CorruptModel):
        read_state_dict(write_checkpoint(tmp_path / "b.pt", {"a": Tensor(values)}, cut=4))


def test_a_checkpoint_that_has_a_state_dict(tmp_path: Path) -> None:
    checkpoint = {"epoch": 3, "state_dict": OrderedDict(a=Tensor(np.ones(2, np.float32)))}
    assert read_state_dict(write_checkpoint(tmp_path / "a.pt", checkpoint))["a"].tolist() == [1, 1]


def test_an_archive_without_a_pickle_or_with_a_huge_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "none.pt", "w") as archive:
        archive.writestr("model/other", b"")
    with pytest.raises(CorruptModel, match="0 members"):
        read_state_dict(tmp_path / "none.pt")
    with zipfile.ZipFile(tmp_path / "huge.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", bytes(17 * 2**20))
    with pytest.raises(UnsafeArchive, match="bytes"):
        read_state_dict(tmp_path / "huge.pt")


class Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("this must not be run",)


def test_what_would_run_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnsafeArchive, match="print"):
        read_state_dict(write_checkpoint(tmp_path / "a.pt", {"a": Runs()}))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(CorruptModel):
        read_state_dict(tmp_path / "a.pt")


def test_more_than_tensors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match="not a state dict"):
        read_state_dict(write_checkpoint(tmp_path / "a.pt", {"epoch": 3}))
