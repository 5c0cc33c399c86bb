"""A model that was read from ONNX, in the layout that OpenVINO's CPU plugin runs without transposing anything.

Its convolutions compute channels last, whatever the graph says, and its products read either operand transposed. What
is left of the transposes that ONNX wrote are copies: 9 of 73 ms for 10 s of the medium architecture in bfloat16. Each
rewriting keeps the results; a part of a graph that has another form is left as it is.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from openvino import opset13 as ops
from openvino.passes import ConstantFolding, Manager

from hindi_stt.inference.openvino_nodes import (
    constant_value,
    integers,
    only_reader,
    permutation,
    rebuild_elementwise,
    type_of,
)

__all__ = ["rewrite_for_openvino"]

# [batch, channels, T, F] → [batch, T, channels, F], and the same with channels last.
_FRAMES_FIRST: Final = (0, 2, 1, 3)
_CHANNELS_LAST: Final = (0, 2, 3, 1)
# [batch, channels, T] and [batch, T, channels].
_SWAPPED: Final = (0, 2, 1)


def rewrite_for_openvino(model: Any) -> dict[str, int]:
    """Rewrite an `openvino.Model` in place.

    Args:
        model: As `openvino.Core.read_model` gives it.

    Returns:
        How often each rewriting was made, by its name.
    """
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(model)
    counts = {
        "subsampling": _keep_channels_last_behind_subsampling(model),
        "depthwise": _depthwise_channels_last(model),
        "activations": _activations_before_layout(model),
        "keys": _transpose_keys_in_products(model),
    }
    model.validate_nodes_and_infer_types()
    return counts


def _keep_channels_last_behind_subsampling(model: Any) -> int:
    """Convolution → [batch, T, channels, F] → Reshape → product: the product's rows are reordered to [F, channels]."""
    count = 0
    for node in model.get_ordered_ops():
        if type_of(node) != "Transpose" or permutation(node) != _FRAMES_FIRST:
            continue
        shape = node.get_output_partial_shape(0)
        reshape = only_reader(node, "Reshape")
        product = None if reshape is None else only_reader(reshape, "MatMul")
        if product is None or (weight := constant_value(product.input_value(1))) is None:
            continue
        if not (shape[2].is_static and shape[3].is_static and _follows_convolution(node)):
            continue
        channels, bins = shape[2].get_length(), shape[3].get_length()
        matrix = weight.T if product.get_attributes()["transpose_b"] else weight
        if product.get_attributes()["transpose_a"] or matrix.shape[0] != channels * bins:
            continue
        matrix = matrix.reshape(channels, bins, -1).transpose(1, 0, 2).reshape(channels * bins, -1)
        last = ops.transpose(node.input_value(0), integers(_CHANNELS_LAST))
        rows = ops.reshape(last, integers((0, 0, channels * bins)), special_zero=True)
        made = ops.matmul(rows, ops.constant(np.ascontiguousarray(matrix)), False, False)  # noqa: FBT003  # OpenVINO's form
        made.set_friendly_name(product.get_friendly_name())
        product.output(0).replace(made.output(0))
        count += 1
    return count


def _follows_convolution(node: Any) -> bool:
    source = node.input_value(0).get_node()
    while type_of(source) in {"Relu", "Add"}:
        source = source.input_value(0).get_node()
    return type_of(source) in {"Convolution", "GroupConvolution"}


def _depthwise_channels_last(model: Any) -> int:
    """Write depthwise convolutions over time in two dimensions, whose kernel in the plugin reads [batch, T, channels].

    What is element-wise before them (the gate, the mask) is computed in that layout too; bias and activation behind
    them stay with the convolution, into which OpenVINO fuses them.

    Args:
        model: Changed in place.

    Returns:
        How many were rewritten.
    """
    count = 0
    for node in model.get_ordered_ops():
        if type_of(node) != "GroupConvolution" or node.get_output_partial_shape(0).rank != 3:
            continue
        ends = _transposes_behind(node)
        if not ends:
            continue
        source, begin, end = _without_pad(node)
        before = rebuild_elementwise(source, {}, _in_channels_last)
        wide = ops.transpose(ops.unsqueeze(before, integers(1)), integers((0, 3, 1, 2)))
        kernel = ops.unsqueeze(node.input_value(1), integers(3))
        attributes = node.get_attributes()
        convolution = ops.group_convolution(
            wide, kernel, [1, *attributes["strides"]], [0, begin], [0, end], [1, *attributes["dilations"]]
        )
        made = {(node.get_friendly_name(), 0): convolution.output(0)}
        for transpose in ends:
            behind = rebuild_elementwise(transpose.input_value(0), made, _in_four_dimensions)
            narrow = ops.squeeze(ops.transpose(behind, integers(_CHANNELS_LAST)), integers(1))
            transpose.output(0).replace(narrow.output(0))
        count += 1
    return count


def _activations_before_layout(model: Any) -> int:
    """Compute the activation behind a depthwise convolution of two dimensions before the transpose to frames.

    OpenVINO fuses it into the convolution there alone. `hindi_stt.export` writes these convolutions in two dimensions,
    and leaves the activation behind the transpose and the squeeze.

    Args:
        model: Changed in place.

    Returns:
        How many were moved.
    """
    count = 0
    for node in model.get_ordered_ops():
        if type_of(node) != "GroupConvolution" or node.get_output_partial_shape(0).rank != 4:
            continue
        transpose = only_reader(only_reader(node, "Add") or node, "Transpose")
        if transpose is None or permutation(transpose) != _CHANNELS_LAST:
            continue
        squeeze = only_reader(transpose, "Squeeze")
        end = None if squeeze is None else _swish_of(squeeze)
        if squeeze is None or end is None:
            continue
        before = transpose.input_value(0)
        activated = ops.multiply(before, ops.sigmoid(before))
        narrow = ops.squeeze(ops.transpose(activated, integers(_CHANNELS_LAST)), squeeze.input_value(1))
        end.output(0).replace(narrow.output(0))
        count += 1
    return count


def _swish_of(node: Any) -> Any | None:
    """The node x · sigmoid(x) of a node's output x, where nothing else reads x; else None."""
    readers = {type_of(target.get_node()): target.get_node() for target in node.output(0).get_target_inputs()}
    if readers.keys() != {"Multiply", "Sigmoid"} or len(node.output(0).get_target_inputs()) != 2:
        return None
    product = only_reader(readers["Sigmoid"], "Multiply")
    return product if product == readers["Multiply"] else None


def _transposes_behind(node: Any) -> list[Any]:
    """The transposes to [batch, T, channels] that end the element-wise operations behind a node; none if others do."""
    found, front, seen = [], [node], set()
    while front:
        for target in front.pop().output(0).get_target_inputs():
            reader = target.get_node()
            if reader.get_friendly_name() in seen:
                continue
            seen.add(reader.get_friendly_name())
            if type_of(reader) == "Transpose" and permutation(reader) == _SWAPPED:
                found.append(reader)
            elif type_of(reader) in {"Add", "Multiply", "Sigmoid", "Swish", "Relu"}:
                front.append(reader)
            else:
                return []
    return found


def _without_pad(node: Any) -> tuple[Any, int, int]:
    """The input of a convolution before an explicit padding of its frames by zeros, and the frames that both pad."""
    attributes = node.get_attributes()
    begin, end = attributes["pads_begin"][0], attributes["pads_end"][0]
    source = node.input_value(0)
    pad = source.get_node()
    if type_of(pad) != "Pad" or pad.get_attributes()["pad_mode"] != "constant":
        return source, begin, end
    before, behind = constant_value(pad.input_value(1)), constant_value(pad.input_value(2))
    filling = constant_value(pad.input_value(3)) if pad.get_input_size() > 3 else np.zeros(())
    if before is None or behind is None or filling is None or filling.any() or before[:2].any() or behind[:2].any():
        return source, begin, end
    return pad.input_value(0), begin + int(before[2]), end + int(behind[2])


def _in_channels_last(output: Any) -> Any:
    """A tensor of [batch, channels, T], or one that is broadcast to it, in the layout [batch, T, channels]."""
    node = output.get_node()
    if type_of(node) == "Transpose" and permutation(node) == _SWAPPED:
        return node.input_value(0)
    value = constant_value(output)
    if value is not None and value.size == 1:
        return output
    return ops.transpose(output, integers(_SWAPPED)).output(0)


def _in_four_dimensions(output: Any) -> Any:
    """A constant for each channel, [channels, 1] or a scalar, for tensors of [batch, channels, 1, T]."""
    value = constant_value(output)
    if value is None or value.size == 1:
        return output
    return ops.constant(value.reshape(1, -1, 1, 1)).output(0)


def _transpose_keys_in_products(model: Any) -> int:
    """[batch, T, heads, d] → [batch, heads, d, T] as a right factor: the product itself reads it transposed."""
    count = 0
    for node in model.get_ordered_ops():
        if type_of(node) != "MatMul" or node.get_attributes()["transpose_b"]:
            continue
        keys = node.input_value(1).get_node()
        if type_of(keys) != "Transpose" or permutation(keys) != _CHANNELS_LAST:
            continue
        heads = ops.transpose(keys.input_value(0), integers(_FRAMES_FIRST))
        made = ops.matmul(node.input_value(0), heads, node.get_attributes()["transpose_a"], True)  # noqa: FBT003  # as above
        made.set_friendly_name(node.get_friendly_name())
        node.output(0).replace(made.output(0))
        count += 1
    return count
