"""The depthwise convolution over time, as the two-dimensional one that runtimes have a fast kernel for.

NeMo's convolution module works on [batch, channels, T] between two transposes. ONNX Runtime's blocked convolution
(NCHWc) exists for images only, and takes the transposes before and behind it into its own reordering. So the gate, the
mask and the activation stay channels last, and the convolution reads an image of height 1, [batch, channels, 1, T].
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx

from hindi_stt.export.graph import Graph

__all__ = ["depthwise_to_2d"]

TO_CHANNELS_FIRST: Final = (0, 3, 1, 2)
TO_CHANNELS_LAST: Final = (0, 2, 3, 1)


def depthwise_to_2d(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite transpose, gated linear unit, mask, padding, depthwise convolution, activation, transpose.

    Args:
        model: With constant shapes folded and pointwise convolutions as matrix products.

    Returns:
        An equivalent one; a convolution among other nodes stays as it is.
    """
    graph = Graph(model)
    for conv in [node for node in graph.nodes if node.op_type == "Conv"]:
        module = _module(graph, conv)
        if module is not None:
            _rewrite(graph, conv, module)
    return graph.model()


def _module(graph: Graph, conv: onnx.NodeProto) -> dict[str, onnx.NodeProto] | None:
    """The nodes around a depthwise Conv1d by what they do; None where they are not what they should be."""
    if not _is_depthwise(graph, conv):
        return None
    found: dict[str, onnx.NodeProto] = {}
    name = conv.input[0]
    for role, operator, i in (("pad", "Pad", 0), ("mask", "Where", 2), ("gate", "Mul", 0), ("split", "Split", 0)):
        node = graph.producer.get(name)
        if node is None or node.op_type != operator:
            if role == "pad":
                continue
            return None
        found[role] = node
        name = node.input[i]
    before = graph.producer.get(name)
    gates = graph.producer.get(found["gate"].input[1])
    if before is None or before.op_type != "Transpose" or gates is None or gates.op_type != "Sigmoid":
        return None
    found |= {"before": before, "sigmoid": gates}
    gated = gates.input[0] in found["split"].output and graph.scalar(found["mask"].input[1]) == 0
    padded = "pad" not in found or _pads_frames_with_zeros(graph, found["pad"])
    return found if gated and padded and _activation(graph, conv, found) else None


def _is_depthwise(graph: Graph, conv: onnx.NodeProto) -> bool:
    weight, attributes = graph.shape(conv.input[1]), graph.attributes(conv)
    if weight is None or len(weight) != 3 or weight[:2] != (attributes.get("group", 1), 1):
        return False
    return bool(attributes.get("strides", [1]) == [1] and attributes.get("dilations", [1]) == [1])


def _pads_frames_with_zeros(graph: Graph, pad: onnx.NodeProto) -> bool:
    """Whether amounts are constant, only frames are added, and they are zero."""
    amounts = graph.array(pad.input[1])
    values = [graph.scalar(name) for name in pad.input[2:3] if name]
    zeros = graph.attributes(pad).get("mode", b"constant") == b"constant" and not any(value != 0 for value in values)
    return bool(zeros and amounts is not None and amounts.shape == (6,) and not amounts[[0, 1, 3, 4]].any())


def _activation(graph: Graph, conv: onnx.NodeProto, found: dict[str, onnx.NodeProto]) -> bool:
    """Add the elementwise nodes behind the convolution, up to the transpose: x · sigmoid(x), or a ReLU."""
    readers = graph.consumers(conv.output[0])
    last = readers[0] if len(readers) == 1 and readers[0].op_type == "Relu" else None
    if {node.op_type for node in readers} == {"Sigmoid", "Mul"}:
        last = next(node for node in readers if node.op_type == "Mul")
    after = graph.consumers(last.output[0]) if last is not None else []
    if last is None or [node.op_type for node in after] != ["Transpose"]:
        return False
    found |= {"last": last, "after": after[0]}
    return True


def _rewrite(graph: Graph, conv: onnx.NodeProto, module: dict[str, onnx.NodeProto]) -> None:
    scope, attributes = conv.name, graph.attributes(conv)
    nodes: list[onnx.NodeProto] = []

    def add(operator: str, *inputs: str, **options: Any) -> str:
        nodes.append(graph.make(operator, inputs, scope, **options))
        return str(nodes[-1].output[0])

    def constant(name: str, *values: int) -> str:
        return graph.constant(f"depthwise.{name}", np.array(values, np.int64))

    channels, _, kernel = graph.shape(conv.input[1]) or (0, 0, 0)
    split = module["split"]
    pads = list(attributes.get("pads", [0, 0]))
    if "pad" in module:
        amounts = graph.value(module["pad"].input[1]).tolist()
        pads = [pads[0] + amounts[2], pads[1] + amounts[5]]
    # Channels last: [batch, T, channels]. The mask is [batch, 1, T].
    split.input[0] = module["before"].input[0]
    _set_axis(split, -1)
    mask = add("Transpose", module["mask"].input[0], perm=(0, 2, 1))
    masked = add("Where", mask, module["mask"].input[1], module["gate"].output[0])
    height = constant("height", 1)
    image = add("Transpose", add("Unsqueeze", masked, height), perm=TO_CHANNELS_FIRST)
    weight = add("Reshape", conv.input[1], constant(f"kernel.{channels}.{kernel}", channels, 1, 1, kernel))
    convolved = add(
        "Conv",
        image,
        weight,
        *conv.input[2:],
        group=attributes["group"],
        kernel_shape=[1, kernel],
        pads=[0, pads[0], 0, pads[1]],
    )
    frames = add("Squeeze", add("Transpose", convolved, perm=TO_CHANNELS_LAST), height)
    graph.insert(nodes, before=conv)
    graph.redirect(conv.output[0], frames)
    graph.redirect(module["after"].output[0], module["last"].output[0])


def _set_axis(node: onnx.NodeProto, axis: int) -> None:
    for attribute in [a for a in node.attribute if a.name == "axis"]:
        node.attribute.remove(attribute)
    node.attribute.append(onnx.helper.make_attribute("axis", axis))
