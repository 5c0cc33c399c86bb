"""The embedded model in the layouts in which others publish ONNX models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hindi_stt.bundle.manifest import BLANK, EMBEDDED, Bundle


def onnx_asr(folder: Path) -> Path:
    """onnx-asr's: model.onnx, model.int8.onnx, vocab.txt with ids, config.json; no metadata."""
    folder.mkdir(parents=True)
    for precision, name in (("fp32", "model.onnx"), ("int8", "model.int8.onnx")):
        save(_bare(precision), folder / name)
    (folder / "vocab.txt").write_text(_tokens(), encoding="utf-8")
    config = {"model_type": "nemo-conformer-ctc", "features_size": 80, "subsampling_factor": 4}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def sherpa_onnx(folder: Path) -> Path:
    """sherpa-onnx's: model.int8.onnx with metadata as its export script for NeMo writes it, and tokens.txt."""
    folder.mkdir(parents=True)
    model = _bare("int8")
    metadata = {"vocab_size": "128", "normalize_type": "per_feature", "subsampling_factor": "4"}
    helper.set_model_props(model, metadata | {"model_type": "EncDecCTCModelBPE", "version": "1"})
    save(model, folder / "model.int8.onnx")
    (folder / "tokens.txt").write_text(_tokens(), encoding="utf-8")
    return folder


def nemo_pair(folder: Path) -> Path:
    """NeMo's encoder and CTC decoder, as two graphs with the names that its exporter gives; pieces without ids."""
    folder.mkdir(parents=True)
    whole = _bare("fp32")
    opset, ir_version = whole.opset_import[0].version, whole.ir_version
    hidden = [node.output[0] for node in whole.graph.node if node.op_type == "LayerNormalization"][-1]
    extractor = onnx.utils.Extractor(onnx.shape_inference.infer_shapes(whole))
    encoder = extractor.extract_model(["audio_signal", "length"], [hidden])
    decoder = extractor.extract_model([hidden], ["logprobs"])
    one, subsampling = (numpy_helper.from_array(np.array(n, np.int64), f"n{n}") for n in (1, 4))
    encoder.graph.initializer.extend([one, subsampling])
    encoder.graph.node.extend(
        [
            helper.make_node("Transpose", [hidden], ["outputs"], perm=[0, 2, 1]),
            helper.make_node("Sub", ["length", "n1"], ["before_last"]),
            helper.make_node("Div", ["before_last", "n4"], ["steps"]),
            helper.make_node("Add", ["steps", "n1"], ["encoded_lengths"]),
        ]
    )
    del encoder.graph.output[:]
    encoder.graph.output.append(
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", "channels", "steps"])
    )
    encoder.graph.output.append(helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["batch"]))
    decoder.graph.node.insert(0, helper.make_node("Transpose", ["encoder_output"], [hidden], perm=[0, 2, 1]))
    del decoder.graph.input[:]
    decoder.graph.input.append(
        helper.make_tensor_value_info("encoder_output", TensorProto.FLOAT, ["batch", "channels", "steps"])
    )
    for graph, name in ((encoder, "encoder-model.onnx"), (decoder, "decoder-model.onnx")):
        graph.opset_import[0].version, graph.ir_version = opset, ir_version
        save(graph, folder / name)
    pieces = [piece for piece in Bundle.open(EMBEDDED).tokens if piece != BLANK]
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    return folder


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "onnx-asr": onnx_asr,
    "sherpa-onnx": sherpa_onnx,
    "nemo-pair": nemo_pair,
}


def leaking_model(file: Path, n_classes: int = 129) -> Path:
    """Random weights without any mask, so that padding reaches the last frames of a clip, as in some exports."""
    rng = np.random.default_rng(0)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(rng.standard_normal(shape, np.float32) * np.float32(0.05), name)

    nodes = [
        helper.make_node("Conv", ["audio_signal", "w1", "b1"], ["x1"], kernel_shape=[9], pads=[4, 4]),
        helper.make_node("Relu", ["x1"], ["x2"]),
        helper.make_node("Conv", ["x2", "w2", "b2"], ["x3"], kernel_shape=[3], pads=[1, 1], strides=[4]),
        helper.make_node("Transpose", ["x3"], ["x4"], perm=[0, 2, 1]),
        helper.make_node("LogSoftmax", ["x4"], ["logprobs"], axis=-1),
    ]
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["batch", 80, "frames"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["batch"]),
    ]
    output = helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, ["batch", "steps", n_classes])
    fixed = [weights("w1", 64, 80, 9), weights("b1", 64), weights("w2", n_classes, 64, 3), weights("b2", n_classes)]
    graph = helper.make_graph(nodes, "leaking", inputs, [output], fixed)
    save(helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)]), file)
    return file


def with_metadata(file: Path, **metadata: str) -> None:
    """Replace the metadata of a model."""
    model = onnx.load(str(file))
    helper.set_model_props(model, metadata)
    save(model, file)


def with_external_weights(file: Path) -> None:
    """Move the weights of a model into a file beside it, as exporters do with large ones."""
    model = onnx.load(str(file))
    file.unlink()
    onnx.save(model, str(file), save_as_external_data=True, location=f"{file.name}_data")


def save(model: onnx.ModelProto, file: Path) -> None:
    """Write a model."""
    onnx.save(model, str(file))


def copy_of(folder: Path, to: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(folder, to)
    return to


def _bare(precision: str) -> onnx.ModelProto:
    """Without the metadata that this project's exporter writes."""
    model = onnx.load(str(Bundle.open(EMBEDDED).path("acoustic", precision)))
    del model.metadata_props[:]
    return model


def _tokens() -> str:
    return "".join(f"{piece} {i}\n" for i, piece in enumerate(Bundle.open(EMBEDDED).tokens))
