"""Writes the ONNX graph of a model from its tensors, without the framework that it was trained with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.errors import CorruptModel, ExportEnvironmentMissing

__all__ = ["GraphWriter"]

_IR_VERSION: Final = 9

_Shape = tuple[int | str, ...]


class GraphWriter:
    """Nodes and weights of a graph in the making.

    Args:
        state: The tensors of the model by name.
        model: What the model is called in errors.

    Raises:
        ExportEnvironmentMissing: The package onnx is not installed.
    """

    def __init__(self, state: Mapping[str, NDArray[Any]], model: str) -> None:
        try:
            import onnx
        except ImportError as error:
            raise ExportEnvironmentMissing(
                "A speaker model has to be converted, which needs the package onnx."
            ) from error
        self._onnx: Any = onnx
        self._state = state
        self._model = model
        self._nodes: list[Any] = []
        self._initializers: list[Any] = []

    def node(self, op: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """Add a node with one output.

        Args:
            op: The operator.
            inputs: Names of its inputs.
            output: Name of its output; a new one without it.
            **attributes: Of the operator.

        Returns:
            Name of the output.
        """
        output = output or f"v{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(
        self, values: Sequence[int] | Sequence[float] | NDArray[Any], dtype: type[np.generic] = np.int64
    ) -> str:
        """Add a constant.

        Args:
            values: Its values.
            dtype: Of its elements.

        Returns:
            Its name.
        """
        name = f"c{len(self._initializers)}"
        self._initializers.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Look up a tensor of the model.

        Args:
            name: Its name.
            shape: The shape that it must have.

        Returns:
            Its values, float32.

        Raises:
            CorruptModel: It is missing, or has another shape.
        """
        if name not in self._state:
            raise CorruptModel(f"The checkpoint has no tensor {name}: it is not a {self._model} model.")
        if (values := self._state[name]).shape != shape:
            raise CorruptModel(f"{name} in the checkpoint has the shape {values.shape} instead of {shape}.")
        return values.astype(np.float32)

    def save(self, path: Path, *, inputs: Mapping[str, _Shape], outputs: Mapping[str, _Shape], opset: int) -> None:
        """Check the graph, and write it.

        Args:
            path: The file.
            inputs: Names and shapes of the inputs, float32; names of dimensions stand for any size.
            outputs: Likewise.
            opset: Version of the operators.
        """
        helper = self._onnx.helper
        ends = [
            [helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, shape) for name, shape in infos.items()]
            for infos in (inputs, outputs)
        ]
        graph = helper.make_graph(self._nodes, path.stem, *ends, self._initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=_IR_VERSION)
        self._onnx.checker.check_model(model, full_check=True)
        self._onnx.save(model, str(path))
