"""Weights in many files become one file, with the same values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from hindi_stt.catalogue.external_weights import gather_weights, has_external_weights
from hindi_stt.errors import CorruptModel


def loose(folder: Path, name: str, values: np.ndarray, *, before: int = 0, after: int = 0) -> onnx.TensorProto:
    """A tensor in a file of its own, perhaps between other bytes."""
    tensor = numpy_helper.from_array(values, name)
    (folder / name).write_bytes(bytes(before) + tensor.raw_data + bytes(after))
    place = {"offset": before, "length": len(tensor.raw_data)} if before or after else {}
    set_external_data(tensor, name, **place)
    tensor.ClearField("raw_data")
    return tensor


def make_model(folder: Path) -> onnx.ModelProto:
    """x + an initialiser + a constant + what a branch has, each 4 x 4."""
    rng = np.random.default_rng(0)

    def values() -> np.ndarray:
        return rng.standard_normal((4, 4), np.float32)

    def branch(name: str) -> onnx.GraphProto:
        out = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [4, 4])
        node = helper.make_node("Identity", [name], [f"{name}_out"])
        return helper.make_graph([node], name, [], [out], [loose(folder, name, values())])

    nodes = [
        helper.make_node("Constant", [], ["constant"], value=loose(folder, "in::constant", values(), before=64)),
        helper.make_node("Add", ["x", "weight"], ["sum"]),
        helper.make_node("Add", ["sum", "constant"], ["sum2"]),
        helper.make_node("If", ["which"], ["chosen"], then_branch=branch("yes"), else_branch=branch("no")),
        helper.make_node("Add", ["sum2", "chosen"], ["y"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 4]),
        helper.make_tensor_value_info("which", TensorProto.BOOL, []),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 4])
    weight = loose(folder, "weight", values(), after=32)
    graph = helper.make_graph(nodes, "graph", inputs, [output], [weight])
    return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])


def run(file: Path) -> list[np.ndarray]:
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    x = np.zeros((4, 4), np.float32)
    return [session.run(None, {"x": x, "which": np.array(which)})[0] for which in (True, False)]


def test_same_values(tmp_path: Path) -> None:
    model = make_model(tmp_path)
    loaded = onnx.ModelProto()
    loaded.CopyFrom(model)
    onnx.external_data_helper.load_external_data_for_model(loaded, str(tmp_path))
    (tmp_path / "made").mkdir()
    onnx.save(loaded, str(tmp_path / "whole.onnx"))
    assert has_external_weights(model)
    gather_weights(model, tmp_path, tmp_path / "made" / "weights")
    (tmp_path / "made" / "model.onnx").write_bytes(model.SerializeToString())
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["model.onnx", "weights"]
    for found, expected in zip(run(tmp_path / "made" / "model.onnx"), run(tmp_path / "whole.onnx"), strict=True):
        assert np.array_equal(found, expected)


def test_each_tensor_begins_at_a_page(tmp_path: Path) -> None:
    model = make_model(tmp_path)
    gather_weights(model, tmp_path, tmp_path / "all")
    offsets = [int(e.value) for t in model.graph.initializer for e in t.external_data if e.key == "offset"]
    assert len(offsets) == 2
    assert all(offset % 4096 == 0 for offset in offsets)
    assert not has_external_weights(onnx.ModelProto())


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("location", "/etc/hostname", "outside"),
        ("location", "../weight", "outside"),
        ("location", "", "outside"),
        ("location", "nowhere", "nowhere is missing"),
        ("offset", "-4", "end at"),
        ("length", "4000", "end at 4000"),
        ("length", "many", "not a number"),
    ],
)
def test_places_that_are_wrong(tmp_path: Path, key: str, value: str, said: str) -> None:
    model = make_model(tmp_path)
    (tensor,) = model.graph.initializer
    entry = next((one for one in tensor.external_data if one.key == key), None)
    assert entry is not None
    entry.value = value
    with pytest.raises(CorruptModel, match=said):
        gather_weights(model, tmp_path, tmp_path / "all")
