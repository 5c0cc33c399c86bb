"""The embedded model in the layout of AI4Bharat's ONNX release for several languages.

The head has a block of classes for each language; Hindi's are the embedded model's, the others are random. Each large
tensor of the encoder lies in a file of its own, one of them on a Constant node's attribute.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.external_data_helper import set_external_data

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from tests.support.published_onnx import nemo_pair, save

# Neither the alphabet's order, nor Hindi first.
CODES = ("sat", "hi", "as")
CONSTANT = "Constant_1970_attr__value"
_MIN_BYTES = 1024


def make_release(folder: Path) -> Path:
    """Write a repository with the release in `assets`.

    Args:
        folder: The repository; created.

    Returns:
        The folder `assets`.
    """
    assets = folder / "assets"
    pair = nemo_pair(folder / "pair")
    assets.mkdir()
    loosen(onnx.load(str(pair / "encoder-model.onnx")), assets)
    n_pieces = len(Bundle.open(EMBEDDED).tokens) - 1
    _widen(onnx.load(str(pair / "decoder-model.onnx")), assets, n_pieces)
    shutil.rmtree(pair)
    n_classes = len(CODES) * n_pieces + 1
    masks = {code: [i // n_pieces == place or i == n_classes - 1 for i in range(n_classes)] for place, code in places()}
    own = list(Bundle.open(EMBEDDED).tokens[:-1])
    vocabularies = {code: own if code == "hi" else ["<unk>", *map(str, range(n_pieces - 1))] for code in sorted(CODES)}
    (assets / "language_masks.json").write_text(json.dumps({code: masks[code] for code in sorted(CODES)}))
    filled = {code: [*pieces, "|"] for code, pieces in vocabularies.items()}
    (assets / "vocab.json").write_text(json.dumps(filled, ensure_ascii=False), encoding="utf-8")
    for name in ("rnnt_decoder.onnx", "joint_enc.onnx", "joint_post_net_hi.onnx", "preprocessor.ts"):
        (assets / name).write_bytes(b"of the transducer")
    (folder / "config.json").write_text('{"model_type": "iasr"}')
    (folder / "model_onnx.py").write_text("print()")
    return assets


def places() -> list[tuple[int, str]]:
    """The languages in the order of the head's blocks."""
    return list(enumerate(CODES))


def loosen(encoder: onnx.ModelProto, folder: Path) -> None:
    """Save an encoder as the release has it: each large tensor in a file, one of them on a Constant node's attribute.

    Args:
        encoder: With all its weights; changed.
        folder: Where encoder.onnx and the files go.
    """
    constants = [node for node in encoder.graph.node if node.op_type == "Constant" and node.attribute[0].HasField("t")]
    large = [node for node in constants if len(node.attribute[0].t.raw_data) >= _MIN_BYTES]
    for node in large:
        _write_loose(node.attribute[0].t, folder, CONSTANT if node is large[0] else node.name.replace("/", "_"))
    for tensor in encoder.graph.initializer:
        if len(tensor.raw_data) >= _MIN_BYTES:
            _write_loose(tensor, folder, tensor.name.replace("/", "_").replace("^", "::"))
    if not large:
        first = next(tensor for tensor in encoder.graph.initializer if tensor.external_data)
        (folder / first.external_data[0].value).rename(folder / CONSTANT)
        first.external_data[0].value = CONSTANT
        node = onnx.helper.make_node("Constant", [], [first.name], value=first)
        encoder.graph.initializer.remove(first)
        encoder.graph.node.insert(0, node)
    save(encoder, folder / "encoder.onnx")


def _write_loose(tensor: onnx.TensorProto, folder: Path, name: str) -> None:
    (folder / name).write_bytes(tensor.raw_data)
    set_external_data(tensor, name)
    tensor.ClearField("raw_data")


def _widen(decoder: onnx.ModelProto, folder: Path, n_pieces: int) -> None:
    """Give the head the rows of the other languages."""
    rng = np.random.default_rng(0)
    for tensor in decoder.graph.initializer:
        values = numpy_helper.to_array(tensor)
        axis = next((i for i, n in enumerate(values.shape) if n == n_pieces + 1), None)
        if axis is None:
            continue
        rows = np.moveaxis(values, axis, 0)
        own, blank = rows[:-1], rows[-1:]
        blocks = [own if code == "hi" else rng.standard_normal(own.shape, np.float32) for code in CODES]
        wide = np.moveaxis(np.concatenate([*blocks, blank]), 0, axis)
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(wide), tensor.name))
    for value in (*decoder.graph.output, *decoder.graph.value_info):
        _forget_classes(value, n_pieces + 1)
    save(decoder, folder / "ctc_decoder.onnx")


def _forget_classes(value: Any, n_classes: int) -> None:
    for dimension in value.type.tensor_type.shape.dim:
        if dimension.dim_value == n_classes:
            dimension.ClearField("dim_value")
            dimension.dim_param = "classes"
