"""Each graph pass keeps the log-probs of a clip's own frames: alone, padded, and in a mixed batch; oracle tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.export.running import run

pytestmark = pytest.mark.oracle

TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def stages(nemo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Any]]:
    """The model as it comes from the exporter, and after each pass."""
    import onnx

    from hindi_stt.export.archive import unpack
    from hindi_stt.export.config import read_config
    from hindi_stt.export.names import name_initializers
    from hindi_stt.export.nemo_model import load_model, state_arrays
    from hindi_stt.export.onnx_model import DYNAMIC, OPSET, PASSES

    folder = tmp_path_factory.mktemp("stages")
    archive = unpack(nemo_file, folder / "nemo")
    nemo = load_model(archive, read_config(archive.config))
    nemo.export(str(folder / "raw.onnx"), onnx_opset_version=OPSET, dynamic_axes=DYNAMIC)
    model = onnx.load(str(folder / "raw.onnx"))
    found = [("exporter", model)]
    model = name_initializers(model, state_arrays(nemo))
    found.append(("names", model))
    for step in PASSES:
        model = step(model)
        found.append((step.__name__, model))
    return found


def test_every_pass_keeps_the_numbers(stages: list[tuple[str, Any]]) -> None:
    expected = run(stages[0][1])
    for name, model in stages[1:]:
        for a, b in zip(expected, run(model), strict=True):
            assert np.abs(a - b).max() < TOLERANCE, name


def test_padding_is_never_read(stages: list[tuple[str, Any]]) -> None:
    """Garbage behind a clip changes nothing, though the masks are fewer."""
    _, model = stages[-1]
    for a, b in zip(run(model), run(model, pad_with=50.0), strict=True):
        assert np.abs(a - b).max() < TOLERANCE


def test_passes_do_something(stages: list[tuple[str, Any]]) -> None:
    sizes = {name: len(model.graph.node) for name, model in stages}
    assert sizes["shift_without_padding"] < 0.75 * sizes["exporter"]
    final = stages[-1][1]
    operators = [node.op_type for node in final.graph.node]
    assert operators.count("Tile") == 0
    assert all(tensor.dims[1] < 9999 for tensor in final.graph.initializer if len(tensor.dims) == 3)


def test_longer_than_any_table(stages: list[tuple[str, Any]]) -> None:
    """Six minutes, more positions than NeMo's table has."""
    import onnxruntime as ort

    session = ort.InferenceSession(stages[-1][1].SerializeToString(), providers=["CPUExecutionProvider"])
    frames = 36_000
    features = np.random.default_rng(0).standard_normal((1, 80, frames)).astype(np.float32)
    (output,) = session.run(None, {"audio_signal": features, "length": np.array([frames])})
    assert np.isfinite(output).all()
    assert np.abs(np.exp(output).sum(axis=2) - 1).max() < 1e-3


def test_half_storage(stages: list[tuple[str, Any]]) -> None:
    from onnx import TensorProto

    from hindi_stt.export.passes.half import store_half

    model = stages[-1][1]
    half = store_half(model)
    assert len(half.SerializeToString()) < 0.65 * len(model.SerializeToString())
    assert any(tensor.data_type == TensorProto.FLOAT16 for tensor in half.graph.initializer)
    for a, b in zip(run(model), run(half), strict=True):
        assert np.abs(a - b).max() < 0.05


def test_attention_scales_and_depthwise_convolutions(stages: list[tuple[str, Any]]) -> None:
    """The scores are not divided, the position bias is not added to them, and depthwise convolutions are images."""
    from hindi_stt.export.graph import Graph

    before, after = Graph(dict(stages)["shift_without_padding"]), Graph(stages[-1][1])
    layers = [node for node in after.nodes if node.op_type == "Softmax"]
    assert len(layers) == 2
    divided = [sum(node.op_type == "Div" for node in graph.nodes) for graph in (before, after)]
    assert divided[0] - divided[1] == len(layers)
    halved = [sum(_is_half(graph, node) for node in graph.nodes) for graph in (before, after)]
    assert halved == [2 * len(layers), 0]
    depthwise = [n for n in after.nodes if n.op_type == "Conv" and after.attributes(n).get("group", 1) > 1]
    over_time = [n for n in depthwise if after.attributes(n)["kernel_shape"][0] == 1]
    assert len(over_time) == len(layers)
    assert all(len(after.attributes(node)["kernel_shape"]) == 2 for node in depthwise)


def _is_half(graph: Any, node: Any) -> bool:
    """Whether an activation, no constant, is multiplied by 0.5."""
    return (
        node.op_type == "Mul"
        and any(graph.scalar(name) == 0.5 for name in node.input)
        and not any(name in graph.initializers and graph.scalar(name) is None for name in node.input)
    )


def test_constants_are_folded(stages: list[tuple[str, Any]]) -> None:
    from hindi_stt.export.graph import Graph
    from hindi_stt.export.passes.constants import fold_constants

    model = fold_constants(stages[-1][1])
    graph = Graph(model)
    constant = [
        node.name for node in graph.nodes if node.input and all(name in graph.initializers for name in node.input)
    ]
    assert constant == []
    for a, b in zip(run(stages[-1][1]), run(model), strict=True):
        assert np.abs(a - b).max() < TOLERANCE


@pytest.mark.parametrize("table_frames", [4, 512])
def test_positions_as_integers(stages: list[tuple[str, Any]], table_frames: int) -> None:
    """Stored for clips of this many frames and computed for longer ones, close to the float ones."""
    from hindi_stt.export.passes.constants import fold_constants
    from hindi_stt.export.positions import quantize_positions

    model = fold_constants(stages[-1][1])
    quantised = quantize_positions(model, table_frames)
    operators = [node.op_type for node in quantised.graph.node]
    assert operators.count("If") == 1
    assert operators.count("MatMulInteger") == 2
    for a, b in zip(run(model), run(quantised), strict=True):
        assert 0 < np.abs(a - b).max() < 0.05


def test_computed_positions_are_as_good_as_the_stored_ones(stages: list[tuple[str, Any]]) -> None:
    """The longest clip has more frames than 16, so that its positions are computed."""
    from hindi_stt.export.passes.constants import fold_constants
    from hindi_stt.export.positions import quantize_positions

    model = fold_constants(stages[-1][1])
    exact, stored, computed = (run(form) for form in (model, quantize_positions(model), quantize_positions(model, 16)))
    assert not np.array_equal(stored[1], computed[1])
    errors = [
        float(np.mean([np.abs(a - b).mean() for a, b in zip(exact, form, strict=True)])) for form in (stored, computed)
    ]
    assert errors[1] < 3 * errors[0]


def test_int8_form(stages: list[tuple[str, Any]]) -> None:
    from hindi_stt.export.int8 import quantize

    model = quantize(stages[-1][1])
    operators = {node.op_type for node in model.graph.node}
    assert "MatMulInteger" in operators
    for name in (tensor.name for tensor in model.graph.initializer if tensor.name.endswith("_quantized")):
        assert np.abs(_array(model, name)).max() <= 64, name
    for a, b in zip(run(stages[-1][1]), run(model), strict=True):
        assert np.abs(a - b).mean() < 0.1


def _array(model: Any, name: str) -> np.ndarray:
    from onnx import numpy_helper

    return numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == name)).astype(np.int32)
