"""Mask arithmetic that changes nothing is removed, and what remains is made as small as it can be.

What has to hold: the log-probs of a clip's own frames. What stands in the padding behind them is never read.
- Attention: NeMo masks a [batch, T, T] square twice, before and after the softmax. After it the masked columns are
  zero already (exp of -10000 underflows), and masked rows are padding. One addition of [batch, 1, 1, T] is left.
- Subsampling: NeMo multiplies by the mask before and after every layer, [batch, channels, T, F] each time. It matters
  only where the next layer mixes frames.
- First convolution: the mask after its ReLU becomes a second input channel that is 1 in the padding and that the
  centre tap of every filter multiplies by a huge negative number, so the ReLU itself gives zero, without a pass over
  the largest tensor of the model.
"""

from __future__ import annotations

import numpy as np
import onnx

from hindi_stt.export.graph import Graph

__all__ = ["mask_in_first_convolution", "simplify_attention_masks", "simplify_subsampling_masks"]

# NeMo's INF_VAL.
MASKED = -10000.0

# Far below any convolution's output, within the range of float16; zero times it is still zero.
SUPPRESS = -3e4

# Bound on a normalised log-mel value, in standard deviations, for telling that SUPPRESS is far enough.
LARGEST_FEATURE = 100.0


def simplify_attention_masks(model: onnx.ModelProto) -> onnx.ModelProto:
    """For attention over the whole clip only: a limited context needs its square."""
    graph = Graph(model)
    for softmax in [node for node in graph.nodes if node.op_type == "Softmax"]:
        before = graph.producer.get(softmax.input[0])
        after = graph.consumers(softmax.output[0])
        if before is None or before.op_type != "Where" or graph.scalar(before.input[1]) != MASKED:
            continue
        if len(after) != 1 or after[0].op_type != "Where" or graph.scalar(after[0].input[1]) != 0:
            continue
        bias = _attention_bias(graph, before)
        add = graph.make("Add", [before.input[2], bias], before.name)
        graph.insert([add], before=before)
        graph.redirect(before.output[0], add.output[0])
        graph.redirect(after[0].output[0], softmax.output[0])
    return graph.model()


def _attention_bias(graph: Graph, where: onnx.NodeProto) -> str:
    """0 for frames of the clip and MASKED for padding, [batch, 1, 1, T], made once for all layers."""
    valid = _nearest(graph, where.input[0], "Less").output[0]
    made = f"{valid}/attention_bias"
    if made not in graph.producer:
        zero = graph.constant("masks.zero", np.array(0, np.float32))
        low = graph.constant("masks.low", np.array(MASKED, np.float32))
        axes = graph.constant("masks.axes12", np.array([1, 2], np.int64))
        flat = graph.make("Where", [valid, zero, low], "/masks")
        bias = onnx.helper.make_node("Unsqueeze", [flat.output[0], axes], [made], made)
        first = min(graph.consumers(valid), key=lambda node: _position(graph, node))
        graph.insert([flat, bias], before=first)
    return made


def _position(graph: Graph, node: onnx.NodeProto) -> int:
    return next(i for i, other in enumerate(graph.nodes) if other is node)


def _nearest(graph: Graph, name: str, op: str) -> onnx.NodeProto:
    """The nearest ancestor of this kind."""
    front, seen = [name], {name}
    while front:
        for node in [graph.producer[n] for n in front if n in graph.producer]:
            if node.op_type == op:
                return node
        front = [i for n in front if n in graph.producer for i in graph.producer[n].input if i not in seen]
        seen.update(front)
    raise ValueError(f"{name} does not depend on a {op}")


def simplify_subsampling_masks(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop masks that no later layer can see, and broadcast the others instead of expanding them."""
    graph = Graph(model)
    masked = [(node, valid) for node in graph.nodes if (valid := _time_mask(graph, node)) is not None]
    for node, valid in masked:
        if _mixes_frames(graph, node.output[0], [other for other, of in masked if of == valid]):
            axes = graph.constant("masks.axes13", np.array([1, 3], np.int64))
            wide = graph.make("Unsqueeze", [valid, axes], node.name)
            mask = graph.make("Cast", [wide.output[0]], node.name, to=onnx.TensorProto.FLOAT)
            graph.insert([wide, mask], before=node)
            node.input[1] = mask.output[0]
        else:
            graph.redirect(node.output[0], node.input[0])
    return graph.model()


def _time_mask(graph: Graph, node: onnx.NodeProto) -> str | None:
    """Where `node` multiplies [batch, channels, T, F] by a mask over T: the bool [batch, T] that it comes from."""
    name = node.input[1] if node.op_type == "Mul" else ""
    for op in ("Expand", "Unsqueeze", "Cast", "Expand", "Unsqueeze"):
        maker = graph.producer.get(name)
        if maker is None or maker.op_type != op:
            return None
        name = maker.input[0]
    return name if name in graph.producer and graph.producer[name].op_type == "Less" else None


def _mixes_frames(graph: Graph, name: str, same_mask: list[onnx.NodeProto]) -> bool:
    """Tell whether a layer reads neighbouring frames of this tensor before the same mask is applied again.

    The end of the subsampling (its Transpose to [batch, T, …]) is safe: the encoder applies the mask itself.

    Args:
        graph: The graph being edited.
        name: Name of the tensor.
        same_mask: The nodes that apply the same mask.

    Returns:
        Whether it does.
    """
    for node in graph.consumers(name):
        if node.op_type in ("Shape", "Transpose") or any(node is other for other in same_mask):
            continue
        if node.op_type == "Conv" and graph.attributes(node)["kernel_shape"][0] > 1:
            return True
        if node.op_type not in ("Conv", "Relu") or _mixes_frames(graph, node.output[0], same_mask):
            return True
    return False


def mask_in_first_convolution(model: onnx.ModelProto) -> onnx.ModelProto:
    """Mul(mask) → Conv(1 channel, 3x3, stride 2, padding 1) → Relu → Mul(mask): frame t is padding if 2 t was."""
    graph = Graph(model)
    for conv in [node for node in graph.nodes if node.op_type == "Conv"]:
        found = _masked_first_convolution(graph, conv)
        if found is not None:
            _suppress_padding(graph, conv, *found)
    return graph.model()


def _masked_first_convolution(graph: Graph, conv: onnx.NodeProto) -> tuple[onnx.NodeProto, onnx.NodeProto] | None:
    """The Mul before and the Mul after its ReLU, where this is such a convolution."""
    weight, attributes = graph.array(conv.input[1]), graph.attributes(conv)
    if weight is None or weight.shape[1:] != (1, 3, 3) or attributes.get("group", 1) != 1:
        return None
    if np.abs(weight).sum(axis=(1, 2, 3)).max() * LARGEST_FEATURE > -SUPPRESS / 2:
        return None
    if attributes["strides"] != [2, 2] or attributes["pads"] != [1, 1, 1, 1]:
        return None
    before = graph.producer.get(conv.input[0])
    relus = [node for node in graph.consumers(conv.output[0]) if node.op_type != "Shape"]
    if before is None or not _is_broadcast_mask(graph, before) or [n.op_type for n in relus] != ["Relu"]:
        return None
    after = [node for node in graph.consumers(relus[0].output[0]) if node.op_type != "Shape"]
    if len(after) != 1 or not _is_broadcast_mask(graph, after[0]):
        return None
    return before, after[0]


def _is_broadcast_mask(graph: Graph, node: onnx.NodeProto) -> bool:
    cast = graph.producer.get(node.input[1]) if node.op_type == "Mul" else None
    return cast is not None and cast.op_type == "Cast" and graph.producer[cast.input[0]].op_type == "Unsqueeze"


def _suppress_padding(graph: Graph, conv: onnx.NodeProto, before: onnx.NodeProto, after: onnx.NodeProto) -> None:
    scope = conv.name
    weight = graph.value(conv.input[1])
    kernel = np.zeros_like(weight)
    kernel[:, :, 1, 1] = SUPPRESS
    one = graph.constant("masks.one", np.array(1, np.float32))
    padding = graph.make("Sub", [one, before.input[1]], scope)
    shape = graph.make("Shape", [before.input[0]], scope)
    plane = graph.make("Expand", [padding.output[0], shape.output[0]], scope)
    both = graph.make("Concat", [before.output[0], plane.output[0]], scope, axis=1)
    filters = graph.make("Concat", [conv.input[1], graph.constant("masks.suppress", kernel)], scope, axis=1)
    graph.insert([padding, shape, plane, both, filters], before=conv)
    conv.input[0], conv.input[1] = both.output[0], filters.output[0]
    graph.redirect(after.output[0], after.input[0])
