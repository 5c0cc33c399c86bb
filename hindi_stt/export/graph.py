"""Reads and edits an ONNX graph: producers and consumers of tensors, and values of constants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["Graph"]


class Graph:
    """A model's graph, opened for editing; `model()` makes a new ModelProto of it.

    Constants written as nodes become initialisers on opening, and so do the copies by which the exporter shares equal
    weights, so that a pass meets only one form. The model that is passed in is not changed.

    Args:
        model: The model whose graph is edited.

    Attributes:
        nodes: In topological order.
        initializers: Tensor by name.
        inputs: Names of the graph's inputs.
        outputs: Names of the graph's outputs.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._base = model
        self.nodes: list[onnx.NodeProto] = []
        self.initializers = {tensor.name: tensor for tensor in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.initializers[node.output[0]] = _renamed(node.attribute[0].t, node.output[0])
            elif node.op_type == "Identity" and node.input[0] in self.initializers:
                self.initializers[node.output[0]] = _renamed(self.initializers[node.input[0]], node.output[0])
            else:
                copy = onnx.NodeProto()
                copy.CopyFrom(node)
                self.nodes.append(copy)
        self.inputs = [value.name for value in model.graph.input]
        self.outputs = [value.name for value in model.graph.output]
        self._fresh = 0
        self._index()

    def _index(self) -> None:
        self.producer = {name: node for node in self.nodes for name in node.output}
        self._takers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in read_names(node):
                self._takers[name].append(node)

    def consumers(self, name: str) -> list[onnx.NodeProto]:
        """The nodes that read this tensor."""
        return list(self._takers[name])

    def array(self, name: str) -> NDArray[Any] | None:
        """Return the value of a constant tensor, in the shape and dtype of its initialiser; else None."""
        tensor = self.initializers.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a constant, also of one that is stored in another type and cast; else None."""
        maker = self.producer.get(name)
        if maker is not None and maker.op_type == "Cast":
            name = maker.input[0]
        tensor = self.initializers.get(name)
        return None if tensor is None else tuple(tensor.dims)

    def value(self, name: str) -> NDArray[Any]:
        """Return the value of a constant tensor.

        Args:
            name: The tensor's name.

        Returns:
            The value, in the shape and dtype of the initialiser.

        Raises:
            ValueError: The tensor is not constant.
        """
        found = self.array(name)
        if found is None:
            raise ValueError(f"{name} is not constant")
        return found

    def scalar(self, name: str) -> float | None:
        """The value of a constant of one element, else None."""
        value = self.array(name)
        return float(value.reshape(-1)[0]) if value is not None and value.size == 1 else None

    @staticmethod
    def attributes(node: onnx.NodeProto) -> dict[str, Any]:
        """Name to value."""
        return {a.name: helper.get_attribute_value(a) for a in node.attribute}

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add an initialiser, unless one with the same name and value exists.

        Args:
            name: The initialiser's name.
            value: Its value; shape and dtype are kept.

        Returns:
            The name.

        Raises:
            ValueError: The name is taken by another value.
        """
        if (present := self.array(name)) is not None:
            if present.dtype != value.dtype or not np.array_equal(present, value):
                raise ValueError(f"initializer {name} exists with another value")
        else:
            self.initializers[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def make(
        self, op: str, inputs: Iterable[str], scope: str, *, domain: str = "", **attributes: Any
    ) -> onnx.NodeProto:
        """Make a node with one output; it is not in the graph until it is inserted.

        Args:
            op: Operator type.
            inputs: Names of the input tensors.
            scope: Prefix of the names of the node and its output.
            domain: The operator's domain; empty for ONNX's own.
            **attributes: The node's attributes.

        Returns:
            The node.
        """
        self._fresh += 1
        name = f"{scope}/{op}.{self._fresh}"
        return helper.make_node(op, list(inputs), [f"{name}:0"], name, domain=domain or None, **attributes)

    def insert(self, nodes: Sequence[onnx.NodeProto], *, before: onnx.NodeProto) -> None:
        """Insert nodes right before another one.

        Args:
            nodes: The new nodes, in topological order.
            before: A node of the graph.
        """
        at = next(i for i, node in enumerate(self.nodes) if node is before)
        self.nodes[at:at] = nodes
        self._index()

    def remove(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """Take nodes out; nothing may read their outputs any more."""
        gone = {id(node) for node in nodes}
        self.nodes = [node for node in self.nodes if id(node) not in gone]
        self._index()

    def redirect(self, old: str, new: str) -> None:
        """Make every reader of one tensor read another one instead.

        Args:
            old: Name of the tensor that is no longer read; not an output of the graph, whose names stay.
            new: Name of the tensor that is read instead.

        Raises:
            ValueError: `old` is an output of the graph.
        """
        if old in self.outputs:
            raise ValueError(f"{old} is an output of the graph")
        for node in self._takers[old]:
            for i, name in enumerate(node.input):
                if name == old:
                    node.input[i] = new
        self._index()

    def rename_initializer(self, old: str, new: str) -> None:
        """Rename an initialiser, here and wherever it is read.

        Args:
            old: Its present name.
            new: Its new name.

        Raises:
            ValueError: The new name is taken.
        """
        if new in self.initializers or new in self.producer:
            raise ValueError(f"{new} is taken")
        self.initializers[new] = _renamed(self.initializers.pop(old), new)
        self.redirect(old, new)

    def prune(self) -> None:
        """Drop the nodes and initialisers that no output depends on."""
        needed = set(self.outputs)
        kept = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                needed.update(read_names(node))
                kept.append(node)
        self.nodes = kept[::-1]
        self.initializers = {name: tensor for name, tensor in self.initializers.items() if name in needed}
        self._index()

    def model(self) -> onnx.ModelProto:
        """The edited model, pruned; shapes of intermediate tensors are left to inference."""
        self.prune()
        graph = helper.make_graph(
            self.nodes,
            self._base.graph.name,
            self._base.graph.input,
            self._base.graph.output,
            initializer=list(self.initializers.values()),
        )
        return helper.make_model(
            graph,
            ir_version=self._base.ir_version,
            opset_imports=self._base.opset_import,
            producer_name=self._base.producer_name,
            producer_version=self._base.producer_version,
        )


def read_names(node: onnx.NodeProto) -> set[str]:
    """The tensors that a node reads: its inputs, and what its subgraphs take from around them."""
    names = set(node.input)
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            inner = attribute.g
            made = {tensor.name for tensor in inner.initializer} | {value.name for value in inner.input}
            made.update(name for one in inner.node for name in one.output)
            names.update(set().union(*map(read_names, inner.node)) - made)
    return names


def _renamed(tensor: onnx.TensorProto, name: str) -> onnx.TensorProto:
    """A copy: the model that was opened stays as it is."""
    copy = onnx.TensorProto()
    copy.CopyFrom(tensor)
    copy.name = name
    return copy
