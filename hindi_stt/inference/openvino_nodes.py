"""Reading and copying nodes of an OpenVINO graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from openvino import opset13 as ops

__all__ = ["constant_value", "integers", "only_reader", "permutation", "rebuild_elementwise", "type_of"]

_ELEMENTWISE: Final[dict[str, Callable[..., Any]]] = {
    "Add": ops.add,
    "Multiply": ops.multiply,
    "Relu": ops.relu,
    "Select": ops.select,
    "Sigmoid": ops.sigmoid,
    "Swish": ops.swish,
}
_CHANNELS_AXIS: Final = (1, -2)


def type_of(node: Any) -> str:
    """The operation of a node."""
    return str(node.get_type_name())


def integers(values: int | Sequence[int]) -> Any:
    """A constant of int64."""
    return ops.constant(np.asarray(values, np.int64))


def constant_value(output: Any) -> NDArray[Any] | None:
    """The value of a tensor that is constant, also one that is stored in another type and converted, else None."""
    node, converted = output.get_node(), False
    while type_of(node) == "Convert":
        node, converted = node.input_value(0).get_node(), True
    if type_of(node) != "Constant":
        return None
    return node.data.astype(np.float32) if converted else node.data  # type: ignore[no-any-return]


def permutation(transpose: Any) -> tuple[int, ...] | None:
    """The order of a Transpose, where it is constant."""
    order = constant_value(transpose.input_value(1))
    return None if order is None else tuple(int(axis) for axis in order)


def only_reader(node: Any, kind: str) -> Any | None:
    """Find the node that alone reads a node's only output.

    Args:
        node: The node.
        kind: Which it must be.

    Returns:
        It; None where there is another kind of node, or several.
    """
    readers = [target.get_node() for target in node.output(0).get_target_inputs()]
    return readers[0] if [type_of(reader) for reader in readers] == [kind] else None


def rebuild_elementwise(output: Any, made: dict[tuple[str, int], Any], leaf: Callable[[Any], Any]) -> Any:
    """Copy the element-wise operations that a tensor comes from, in another layout.

    Args:
        output: The tensor: of [batch, channels, T], where it is split by channels.
        made: Tensors in the new layout, by name of the node and index of its output; extended.
        leaf: Makes the tensor in the new layout of one that is no element-wise operation's.

    Returns:
        The tensor in the new layout.
    """
    node = output.get_node()
    key = (node.get_friendly_name(), output.get_index())
    if key in made:
        return made[key]
    kind = type_of(node)
    if kind == "Split" and _splits_channels(node):
        parts = ops.split(
            rebuild_elementwise(node.input_value(0), made, leaf), integers(2), node.get_attributes()["num_splits"]
        )
        made.update({(node.get_friendly_name(), i): parts.output(i) for i in range(node.get_output_size())})
    elif kind in _ELEMENTWISE:
        inputs = [rebuild_elementwise(node.input_value(i), made, leaf) for i in range(node.get_input_size())]
        made[key] = _ELEMENTWISE[kind](*inputs).output(0)
    else:
        made[key] = leaf(output)
    return made[key]


def _splits_channels(node: Any) -> bool:
    axis = constant_value(node.input_value(1))
    return axis is not None and int(axis.reshape(-1)[0]) in _CHANNELS_AXIS
