"""Checkpoints of PyTorch without PyTorch: what tensors they have, and that nothing in them is run."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hindi_stt.catalogue.state_dict import read_state_dict
from hindi_stt.errors import CorruptModel, UnsafeArchive


class Tensor:
    """Pickled as torch pickles a tensor (torch/_tensor.py, `_reduce_ex_internal`)."""

    def __init__(self, values: np.ndarray, stride: tuple[int, ...] | None = None) -> None:
        self.values = values
        self.stride = stride or tuple(step // values.itemsize for step in values.strides)

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (Storage(self.values), 0, self.values.shape, self.stride, False, OrderedDict())


class Storage:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values


@pytest.fixture
def torch_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules with the names that torch's pickles have; only their names are written."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def write(path: Path, state: Any, *, cut: int = 0) -> Path:
    data: list[bytes] = []
    buffer = io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            if not isinstance(obj, Storage):
                return None
            data.append(obj.values.tobytes()[: len(obj.values.tobytes()) - cut])
            kind = "FloatStorage" if obj.values.dtype == np.float32 else "LongStorage"
            return ("storage", getattr(sys.modules["torch"], kind), str(len(data) - 1), "cpu", obj.values.size)

    Pickler(buffer, protocol=2).dump(state)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", buffer.getvalue())
        for i, values in enumerate(data):
            archive.writestr(f"model/data/{i}", values)
    return path


@pytest.mark.usefixtures("torch_names")
def test_tensors_have_their_values(tmp_path: Path) -> None:
    weights = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    state = OrderedDict(weights=Tensor(weights), count=Tensor(np.array(7)))
    found = read_state_dict(write(tmp_path / "a.pt", state))
    assert found["weights"].tolist() == weights.tolist()
    assert found["count"].shape == ()
    assert found["count"] == 7


@pytest.mark.usefixtures("torch_names")
def test_a_tensor_that_is_transposed_or_too_short_is_refused(tmp_path: Path) -> None:
    values = np.zeros((2, 3), np.float32)
    with pytest.raises(CorruptModel, match="not contiguous"):
        read_state_dict(write(tmp_path / "a.pt", {"a": Tensor(values, (1, 2))}))
    with pytest.raises(CorruptModel):
        read_state_dict(write(tmp_path / "b.pt", {"a": Tensor(values)}, cut=4))


class Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("this must not be run",)


def test_what_would_run_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnsafeArchive, match="print"):
        read_state_dict(write(tmp_path / "a.pt", {"a": Runs()}))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(CorruptModel):
        read_state_dict(tmp_path / "a.pt")


def test_more_than_tensors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match="no state dict"):
        read_state_dict(write(tmp_path / "a.pt", {"epoch": 3}))
