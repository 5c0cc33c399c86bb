"""Joins an encoder and a CTC decoder that were exported as two ONNX files into one graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from hindi_stt.errors import CorruptModel, ExportEnvironmentMissing, UnsupportedModel

__all__ = ["join_graphs"]

_PREFIX: Final = "decoder/"
_OUTPUT: Final = "logprobs"


def join_graphs(encoder: Path, decoder: Path, output: Path) -> Path:
    """Join two graphs: what the encoder gives [batch, channels, frames] is what the decoder takes.

    Args:
        encoder: Takes features and lengths, gives encoded frames and their number.
        decoder: Takes encoded frames, gives log-probabilities [batch, frames, classes].
        output: The joined file.

    Returns:
        `output`.

    Raises:
        ExportEnvironmentMissing: The package onnx is not installed.
        CorruptModel: A file is damaged.
        UnsupportedModel: The two do not fit each other.
    """
    try:
        import onnx
        from onnx import compose
    except ImportError as error:
        raise ExportEnvironmentMissing(
            f"{encoder.name} and {decoder.name} have to be joined, which needs the package onnx."
        ) from error
    first, second = _load(onnx, encoder), _load(onnx, decoder)
    link = _link(encoder, decoder, first, second)
    opsets = {**_opsets(second), **_opsets(first)}
    if _opsets(first).get("") != _opsets(second).get(""):
        newest = max(_opsets(first).get("", 0), _opsets(second).get("", 0))
        first, second = (onnx.version_converter.convert_version(model, newest) for model in (first, second))
        opsets[""] = newest
    second.ir_version = first.ir_version = max(first.ir_version, second.ir_version)
    second = compose.add_prefix(second, _PREFIX)
    last = second.graph.output[0].name
    try:
        joined = compose.merge_models(first, second, io_map=[(link, second.graph.input[0].name)], outputs=[last])
        joined = _with_output(joined, last)
        onnx.checker.check_model(joined)
        onnx.save(joined, str(output))
    except (ValueError, onnx.checker.ValidationError) as error:
        raise UnsupportedModel(f"{encoder.name} and {decoder.name} cannot be joined: {error}") from error
    return output


def _load(onnx: Any, path: Path) -> Any:
    try:
        return onnx.load(str(path))
    except Exception as error:  # protobuf's errors, ONNX's, and those of files have no common base
        raise CorruptModel(f"{path.name} cannot be read as ONNX: {error}") from error


def _opsets(model: Any) -> dict[str, int]:
    return {opset.domain: opset.version for opset in model.opset_import}


def _link(encoder: Path, decoder: Path, first: Any, second: Any) -> str:
    """The encoder's output of three dimensions that the decoder's one input takes."""
    fixed = {tensor.name for tensor in second.graph.initializer}
    inputs = [value for value in second.graph.input if value.name not in fixed]
    encoded = [value for value in first.graph.output if len(value.type.tensor_type.shape.dim) == 3]
    if len(inputs) != 1 or len(encoded) != 1 or len(second.graph.output) != 1:
        raise UnsupportedModel(
            f"{decoder.name} takes {len(inputs)} inputs and gives {len(second.graph.output)} outputs, {encoder.name} "
            f"gives {len(encoded)} encodings: expected one of each, as a CTC head has."
        )
    return str(encoded[0].name)


def _with_output(model: Any, name: str) -> Any:
    """The model whose output has the name that NeMo's CTC models give it."""
    if any(_OUTPUT in {*node.input, *node.output} for node in model.graph.node):
        return model
    for node in model.graph.node:
        for i, output in enumerate(node.output):
            if output == name:
                node.output[i] = _OUTPUT
        for i, taken in enumerate(node.input):
            if taken == name:
                node.input[i] = _OUTPUT
    model.graph.output[0].name = _OUTPUT
    return model
