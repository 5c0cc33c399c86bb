"""Joins an encoder and a CTC decoder that were exported as two ONNX files into one graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from hindi_stt.catalogue.external_weights import gather_weights, has_external_weights
from hindi_stt.catalogue.languages import LanguageClasses
from hindi_stt.errors import CorruptModel, ExportEnvironmentMissing, UnsupportedModel

__all__ = ["Joined", "join_graphs"]

_PREFIX: Final = "decoder/"
_OUTPUT: Final = "logprobs"
_RANK: Final = 3


@dataclass(frozen=True, slots=True)
class Joined:
    """A joined graph.

    Attributes:
        path: The ONNX file. Where the encoder's weights lay in files of their own, NAME.data beside it has them all.
        max_steps: Most encoded frames of a clip, where the encoder has a table of so many positions; else None.
    """

    path: Path
    max_steps: int | None


def join_graphs(encoder: Path, decoder: Path, output: Path, language: LanguageClasses | None = None) -> Joined:
    """Join two graphs: what the encoder gives [batch, channels, frames] is what the decoder takes.

    Args:
        encoder: Takes features and lengths, gives encoded frames and their number.
        decoder: Takes encoded frames, gives log-probabilities [batch, frames, classes].
        output: The joined file.
        language: Of a head for several languages the classes to keep, whose probabilities then sum to 1; None for all.

    Returns:
        The joined graph.

    Raises:
        ExportEnvironmentMissing: The package onnx is not installed.
        CorruptModel: A file is damaged, or one with weights is missing.
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
    if language is not None:
        _check_classes(onnx, second, decoder, language)
    first, second = _with_one_opset(onnx, first, second, encoder)
    second = compose.add_prefix(second, _PREFIX)
    last = second.graph.output[0].name
    try:
        pairs = [(link, second.graph.input[0].name)]
        graph = compose.merge_graphs(first.graph, second.graph, io_map=pairs, outputs=[last], name="joined")
        joined = onnx.helper.make_model(graph, opset_imports=_imports(first, second), ir_version=first.ir_version)
        joined.functions.extend([*first.functions, *second.functions])
        onnx.helper.set_model_props(joined, _metadata(second) | _metadata(first))
        joined = _with_output(joined, last)
        if language is not None:
            _keep_classes(onnx, joined, language.classes)
        max_steps = _max_steps(joined)
        if has_external_weights(joined):
            gather_weights(joined, encoder.parent, output.with_name(f"{output.name}.data"))
        onnx.save(joined, str(output))
        onnx.checker.check_model(str(output))
    except (ValueError, onnx.checker.ValidationError) as error:
        raise UnsupportedModel(f"{encoder.name} and {decoder.name} cannot be joined: {error}") from error
    return Joined(output, max_steps)


def _with_one_opset(onnx: Any, first: Any, second: Any, encoder: Path) -> tuple[Any, Any]:
    """The two models with the newer of their operator sets and file formats."""
    newest = max(_opsets(first).get("", 0), _opsets(second).get("", 0))
    if _opsets(first).get("") != newest:
        if has_external_weights(first):
            raise UnsupportedModel(f"{encoder.name} is of an older operator set than its decoder ({newest}).")
        first = onnx.version_converter.convert_version(first, newest)
    if _opsets(second).get("") != newest:
        second = onnx.version_converter.convert_version(second, newest)
    second.ir_version = first.ir_version = max(first.ir_version, second.ir_version)
    return first, second


def _imports(first: Any, second: Any) -> list[Any]:
    found = {opset.domain: opset for opset in (*second.opset_import, *first.opset_import)}
    return list(found.values())


def _metadata(model: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def _check_classes(onnx: Any, model: Any, decoder: Path, language: LanguageClasses) -> None:
    """Compare the head's classes with what the files say, as far as the graph alone tells them."""
    output = onnx.shape_inference.infer_shapes(model, data_prop=True).graph.output[0]
    shape = output.type.tensor_type.shape.dim
    found = shape[-1].dim_value if len(shape) == _RANK else 0
    if found and found != language.n_classes:
        raise CorruptModel(f"The languages have {language.n_classes} classes, but {decoder.name} has {found}.")


def _keep_classes(onnx: Any, model: Any, classes: Sequence[int]) -> None:
    """Pick columns of the log-probabilities; a further log-softmax makes their probabilities sum to 1."""
    output = model.graph.output[0]
    inner = f"{_PREFIX}all_languages"
    for node in model.graph.node:
        for i, name in enumerate(node.output):
            if name == output.name:
                node.output[i] = inner
    picked, wanted = f"{_PREFIX}picked", f"{_PREFIX}classes"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(classes, np.int64), wanted))
    model.graph.node.append(onnx.helper.make_node("Gather", [inner, wanted], [picked], axis=2))
    model.graph.node.append(onnx.helper.make_node("LogSoftmax", [picked], [output.name], axis=2))
    shape = output.type.tensor_type.shape.dim
    if len(shape) == _RANK:
        shape[2].dim_value = len(classes)


def _max_steps(model: Any) -> int | None:
    """Frames that a table of relative positions is for: [1, 2 n - 1, channels], sliced for each clip."""
    # NeMo's encoders compute it for `pos_emb_max_len` frames, and exported graphs hold it as a constant.
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            shapes[node.output[0]] = tuple(node.attribute[0].t.dims)
    sliced = [shapes[node.input[0]] for node in model.graph.node if node.op_type == "Slice" and node.input[0] in shapes]
    tables = [shape[1] for shape in sliced if len(shape) == _RANK and shape[0] == 1 and shape[1] % 2 and shape[2] > 1]
    return min((n + 1) // 2 for n in tables) if tables else None


def _load(onnx: Any, path: Path) -> Any:
    try:
        return onnx.load(str(path), load_external_data=False)
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
