"""An encoder and a CTC head in two files become one graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from hindi_stt.catalogue.join_graphs import join_graphs
from hindi_stt.catalogue.languages import LanguageClasses
from hindi_stt.errors import CorruptModel, UnsupportedModel

N_STEPS, CHANNELS, N_CLASSES = 50, 16, 9
OPSET = 17


def tensor(name: str, *shape: int, seed: int = 0) -> onnx.TensorProto:
    rng = np.random.default_rng([seed, *map(ord, name)])
    return numpy_helper.from_array(rng.standard_normal(shape, np.float32) * np.float32(0.1), name)


def integers(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def make_encoder(file: Path, *, positions: str, opset: int = OPSET) -> Path:
    """Subsampling by 4, and a table of positions as an initialiser, on a Constant node, or none."""
    nodes = [helper.make_node("Conv", ["audio_signal", "w"], ["frames"], kernel_shape=[3], pads=[1, 1], strides=[4])]
    fixed = [tensor("w", CHANNELS, 80, 3)]
    if positions == "none":
        nodes.append(helper.make_node("Relu", ["frames"], ["outputs"]))
    else:
        table = tensor("table", 1, 2 * N_STEPS - 1, CHANNELS)
        if positions == "initialiser":
            fixed.append(table)
        else:
            nodes.append(helper.make_node("Constant", [], ["table"], value=table))
        fixed += [integers("zero", 0), integers("one", 1), integers("two", 2), integers("three", 3)]
        nodes += [
            helper.make_node("Shape", ["frames"], ["shape"]),
            helper.make_node("Slice", ["shape", "two", "three"], ["n_steps"]),
            helper.make_node("Slice", ["table", "zero", "n_steps", "one"], ["places"]),
            helper.make_node("Transpose", ["places"], ["turned"], perm=[0, 2, 1]),
            helper.make_node("Add", ["frames", "turned"], ["outputs"]),
        ]
    nodes.append(helper.make_node("Identity", ["length"], ["encoded_lengths"]))
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["batch", 80, "frames"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["batch"]),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", CHANNELS, "steps"]),
        helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["batch"]),
    ]
    return write(file, helper.make_graph(nodes, "encoder", inputs, outputs, fixed), opset)


def make_decoder(file: Path, *, opset: int = OPSET) -> Path:
    nodes = [
        helper.make_node("Conv", ["encoder_output", "w", "b"], ["logits"], kernel_shape=[1]),
        helper.make_node("Transpose", ["logits"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("LogSoftmax", ["turned"], ["logprobs"], axis=2),
    ]
    given = helper.make_tensor_value_info("encoder_output", TensorProto.FLOAT, ["batch", CHANNELS, "steps"])
    gives = helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, ["batch", "steps", "classes"])
    fixed = [tensor("w", N_CLASSES, CHANNELS, 1, seed=1), tensor("b", N_CLASSES)]
    return write(file, helper.make_graph(nodes, "decoder", [given], [gives], fixed), opset)


def write(file: Path, graph: onnx.GraphProto, opset: int) -> Path:
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)]), str(file))
    return file


def run(file: Path, **inputs: np.ndarray) -> np.ndarray:
    (first, *_) = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(None, inputs)
    return np.asarray(first)


def clip(n_frames: int) -> dict[str, np.ndarray]:
    values = np.random.default_rng(0).standard_normal((1, 80, n_frames), np.float32)
    return {"audio_signal": values, "length": np.array([n_frames])}


@pytest.mark.parametrize("positions", ["initialiser", "constant", "none"])
@pytest.mark.parametrize("opsets", [(17, 17), (16, 17), (17, 16)])
def test_one_after_the_other(tmp_path: Path, positions: str, opsets: tuple[int, int]) -> None:
    encoder = make_encoder(tmp_path / "encoder.onnx", positions=positions, opset=opsets[0])
    decoder = make_decoder(tmp_path / "decoder.onnx", opset=opsets[1])
    joined = join_graphs(encoder, decoder, tmp_path / "joined.onnx")
    assert joined.max_steps == (None if positions == "none" else N_STEPS)
    expected = run(decoder, encoder_output=run(encoder, **clip(96)))
    assert np.abs(run(joined.path, **clip(96)) - expected).max() < 1e-6


def test_classes_of_one_language(tmp_path: Path) -> None:
    """Columns of logits and then the softmax, which is what the model was trained with."""
    encoder = make_encoder(tmp_path / "encoder.onnx", positions="none")
    decoder = make_decoder(tmp_path / "decoder.onnx")
    language = LanguageClasses("hi", (4, 5, 6, 8), N_CLASSES, ("a", "b", "c", "<blk>"))
    found = run(join_graphs(encoder, decoder, tmp_path / "joined.onnx", language).path, **clip(96))
    own = run(decoder, encoder_output=run(encoder, **clip(96)))[:, :, [4, 5, 6, 8]]  # logits, but for a number a frame
    expected = own - np.log(np.exp(own).sum(axis=2, keepdims=True))
    assert found.shape == (1, 24, 4)
    assert np.abs(found - expected).max() < 1e-5
    assert np.abs(own - expected).max() > 0.1


def test_another_number_of_classes(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "encoder.onnx", positions="none")
    decoder = make_decoder(tmp_path / "decoder.onnx")
    language = LanguageClasses("hi", (4, 5, 9), N_CLASSES + 1, ("a", "b", "<blk>"))
    with pytest.raises(CorruptModel, match=r"10 classes, but decoder\.onnx has 9"):
        join_graphs(encoder, decoder, tmp_path / "joined.onnx", language)


def test_loose_weights_of_an_older_operator_set(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "encoder.onnx", positions="none", opset=16)
    model = onnx.load(str(encoder))
    (weights,) = model.graph.initializer
    (tmp_path / "w").write_bytes(weights.raw_data)
    set_external_data(weights, "w")
    weights.ClearField("raw_data")
    encoder.write_bytes(model.SerializeToString())
    with pytest.raises(UnsupportedModel, match="older operator set"):
        join_graphs(encoder, make_decoder(tmp_path / "decoder.onnx"), tmp_path / "joined.onnx")
    expected = run(make_encoder(tmp_path / "whole.onnx", positions="none", opset=16), **clip(64))
    decoder = make_decoder(tmp_path / "decoder.onnx", opset=16)
    joined = join_graphs(encoder, decoder, tmp_path / "joined.onnx")
    assert (tmp_path / "joined.onnx.data").is_file()
    assert np.abs(run(joined.path, **clip(64)) - run(decoder, encoder_output=expected)).max() < 1e-6
