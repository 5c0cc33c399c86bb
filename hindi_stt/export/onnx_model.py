"""From a NeMo CTC model to a checked ONNX model: NeMo's exporter, then the graph passes."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import onnx
import torch
from nemo.collections.asr.models import EncDecCTCModel

from hindi_stt.export.names import name_initializers
from hindi_stt.export.nemo_model import state_arrays
from hindi_stt.export.passes.attention import merge_attention_scales
from hindi_stt.export.passes.constants import fold_shapes
from hindi_stt.export.passes.depthwise import depthwise_to_2d
from hindi_stt.export.passes.masks import (
    mask_in_first_convolution,
    simplify_attention_masks,
    simplify_subsampling_masks,
)
from hindi_stt.export.passes.pointwise import pointwise_to_matmul
from hindi_stt.export.passes.positions import compute_positions
from hindi_stt.export.passes.scales import scale_weights
from hindi_stt.export.passes.shift import shift_without_padding

__all__ = ["INPUTS", "LATER_PASSES", "OPSET", "OUTPUT", "PASSES", "OnnxExport", "check", "export_onnx"]

OPSET: Final = 17
INPUTS: Final = ("audio_signal", "length")
OUTPUT: Final = "logprobs"
DYNAMIC: Final = {"audio_signal": {0: "batch", 2: "frames"}, "length": {0: "batch"}, OUTPUT: {0: "batch", 1: "steps"}}

Pass = Callable[[onnx.ModelProto], onnx.ModelProto]
# Those of version 0.1, and those that came after it and that an older bundle lacks.
FIRST_PASSES: Final[tuple[Pass, ...]] = (
    compute_positions,
    pointwise_to_matmul,
    simplify_attention_masks,
    simplify_subsampling_masks,
    mask_in_first_convolution,
    shift_without_padding,
)
LATER_PASSES: Final[tuple[Pass, ...]] = (fold_shapes, scale_weights, merge_attention_scales, depthwise_to_2d)
# In order; each keeps the log-probs of a clip's own frames (tests/export/test_passes.py).
PASSES: Final = FIRST_PASSES + LATER_PASSES


@dataclass(frozen=True, slots=True)
class OnnxExport:
    """The result of an ONNX export.

    Attributes:
        model: The float32 ONNX model.
        exporter: What wrote it, "nemo" or "torch".
        nodes: Number of nodes left after each pass, by the pass's name.
    """

    model: onnx.ModelProto
    exporter: str
    nodes: Mapping[str, int]


def export_onnx(nemo: EncDecCTCModel) -> OnnxExport:
    """Inputs audio_signal [batch, mels, frames] and length [batch], output logprobs [batch, steps, classes]."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        exporter = _export(nemo, file)
        model = onnx.load(str(file))
    nodes = {"exporter": len(model.graph.node)}
    model = name_initializers(model, state_arrays(nemo))
    for step in PASSES:
        model = step(model)
        nodes[step.__name__] = len(model.graph.node)
    return OnnxExport(model, exporter, nodes)


def _export(nemo: EncDecCTCModel, file: Path) -> str:
    try:
        nemo.export(str(file), onnx_opset_version=OPSET, dynamic_axes=DYNAMIC)
    except Exception:  # NeMo's exporter raises whatever its model raises
        logging.getLogger(__name__).warning("NeMo's exporter failed, torch.onnx takes over", exc_info=True)
    else:
        return "nemo"
    frames = torch.randn(2, nemo.cfg.preprocessor.features, 256)
    torch.onnx.export(
        _Chain(nemo).eval(),
        (frames, torch.tensor([256, 200])),
        str(file),
        input_names=list(INPUTS),
        output_names=[OUTPUT],
        dynamic_axes=DYNAMIC,
        opset_version=OPSET,
        dynamo=False,
    )
    return "torch"


class _Chain(torch.nn.Module):
    """Encoder and decoder as one module, called without NeMo's type checks."""

    def __init__(self, nemo: EncDecCTCModel) -> None:
        super().__init__()
        self.encoder, self.decoder = nemo.encoder, nemo.decoder

    def forward(self, audio_signal: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        encoded, _ = self.encoder.forward_internal(audio_signal, length)
        log_probs: torch.Tensor = torch.nn.functional.log_softmax(
            self.decoder.decoder_layers(encoded).transpose(1, 2), dim=-1
        )
        return log_probs


def check(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with inferred shapes, checked. Raises onnx.checker.ValidationError."""
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    onnx.checker.check_model(model, full_check=True)
    return model
