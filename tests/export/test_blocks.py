"""A convolution run block by block gives what it gives at once, for clips of any length; oracle tests, for onnx."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.oracle

CHANNELS, BANDS, FILTERS = 2, 5, 3


def convolution(pads: list[int]) -> tuple[Any, list[Any]]:
    """Of kernel 7 and stride 4 over frames, flattened to [batch, frames, width]: a graph, and its nodes."""
    import onnx
    from onnx import helper

    from hindi_stt.export.graph import Graph

    weight = np.random.default_rng(0).standard_normal((FILTERS, CHANNELS, 7, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "weight"], ["convolved"], kernel_shape=[7, 3], strides=[4, 1], pads=pads),
        helper.make_node("Transpose", ["convolved"], ["frames"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["frames", "shape"], ["out"]),
    ]
    constants = {"weight": weight, "shape": np.array([0, 0, -1])}
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["batch", CHANNELS, "frames", BANDS])],
        [helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opened = Graph(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))
    return opened, list(opened.nodes)


@pytest.mark.parametrize("frames", [1, 2, 16])
def test_as_at_once(frames: int) -> None:
    import onnx
    import onnxruntime

    from hindi_stt.export.blocks import Blocks, run_in_blocks

    whole, _ = convolution([3, 1, 3, 1])
    graph, nodes = convolution([0, 1, 0, 1])
    made, result = run_in_blocks(graph, nodes, "image", "out", Blocks(frames, stride=4, margin=3))
    made.append(onnx.helper.make_node("Identity", [result], ["whole_out"]))
    graph.insert(made, before=nodes[0])
    graph.remove(nodes)
    graph.outputs = ["whole_out"]
    model = graph.model()
    model.graph.output[0].name = "whole_out"
    expected, found = (
        onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        for one in (whole.model(), model)
    )
    rng = np.random.default_rng(1)
    for n_frames in (*range(1, 20), 63, 64, 65, 150):
        image = rng.standard_normal((2, CHANNELS, n_frames, BANDS)).astype(np.float32)
        (a,), (b,) = expected.run(None, {"image": image}), found.run(None, {"image": image})
        assert a.shape == b.shape == (2, -(-n_frames // 4), FILTERS * BANDS)
        np.testing.assert_allclose(b, a, atol=1e-5)
