"""Subsampling by dense convolutions as integer products, near the float form; oracle tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from tests.export.conftest import family_config
from tests.export.running import run

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize(("factor", "n_convolutions", "in_blocks"), [(2, 1, False), (4, 0, True), (8, 3, False)])
def test_near_the_float_form(factor: int, n_convolutions: int, in_blocks: bool, tmp_path: Path) -> None:
    """One convolution gathers patches, two do so in blocks, three have a mask between the last two and stay."""
    from omegaconf import OmegaConf

    from hindi_stt.export.archive import unpack
    from hindi_stt.export.config import read_config
    from hindi_stt.export.int8 import quantize
    from hindi_stt.export.nemo_model import load_model
    from hindi_stt.export.onnx_model import check, export_onnx
    from hindi_stt.export.random_model import build_random_model

    config = family_config("conformer")
    config["encoder"]["subsampling_factor"] = factor
    file = build_random_model(OmegaConf.create(config), list(Bundle.open(EMBEDDED).tokens), tmp_path / "model.nemo")
    archive = unpack(file, tmp_path / "nemo")
    model = export_onnx(load_model(archive, read_config(archive.config))).model
    quantised = check(quantize(model))
    kernels = [
        list(attribute.ints)
        for node in quantised.graph.node
        for attribute in node.attribute
        if node.op_type == "Conv" and attribute.name == "kernel_shape"
    ]
    assert kernels.count([3, 3]) == n_convolutions
    assert ("Scan" in {node.op_type for node in quantised.graph.node}) == in_blocks
    for a, b in zip(run(model), run(quantised), strict=True):
        assert np.abs(a - b).mean() < 0.1
