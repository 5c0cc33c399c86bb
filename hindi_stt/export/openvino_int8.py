"""OpenVINO's int8 form of a bundle: static scales by NNCF, from recordings, beside the ONNX files.

The products with weights and the subsampling convolutions but the first become int8. The depthwise convolutions, whose
time is a fiftieth of the whole, and the products of attention, whose factors both change with the clip, stay as they
are and run in bfloat16 where the CPU has it. The scales are constants, so a clip's result depends on no neighbour; but
they are only as good as the recordings that they were taken from.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from hindi_stt.bundle.forms import OPENVINO_ROLE, OPENVINO_WEIGHTS_ROLE
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import InvalidRequest
from hindi_stt.types import Features

__all__ = ["add_openvino_int8", "calibration_clips", "replace_bundle"]

_STEM: Final = "model.openvino-int8"
_MASKED_CHANNELS: Final = 2
# More clips than this change the scales no more, and cost their time.
_MAX_CLIPS: Final = 300


def add_openvino_int8(bundle: Bundle, clips: Sequence[Features], folder: Path) -> Bundle:
    """Write a copy of a bundle that has the int8 form of OpenVINO too.

    Args:
        bundle: With an fp32 ONNX file.
        clips: Speech to take the scales from.
        folder: Of the copy; must not exist.

    Returns:
        The copy. The form is not among its verified ones: docs/models.md says how it gets there.

    Raises:
        InvalidRequest: There are no clips, the folder exists, or the package nncf is missing.
        BundleInvalid: The bundle has no fp32 file, or has this form already.
    """
    if not clips:
        raise InvalidRequest("No clip has speech from which the scales of int8 could be computed.")
    with tempfile.TemporaryDirectory() as work:
        graph = Path(work, f"{_STEM}.xml")
        _quantize(bundle, clips[:_MAX_CLIPS], graph)
        weights = graph.with_suffix(".bin")
        additions = [
            (OPENVINO_ROLE, "int8", graph.name, graph),
            (OPENVINO_WEIGHTS_ROLE, "int8", weights.name, weights),
        ]
        return bundle.copy_with(folder, additions)


def replace_bundle(bundle: Bundle, other: Bundle) -> Bundle:
    """Put the files of another bundle into the place of a bundle's.

    Args:
        bundle: Whose folder is written.
        other: Whose files are copied.

    Returns:
        The bundle, opened again.
    """
    shutil.copytree(other.folder, bundle.folder, dirs_exist_ok=True)
    return Bundle.open(bundle.folder)


def calibration_clips(bundle: Bundle, sources: Iterable[bytes | Path]) -> list[Features]:
    """Compute the features of recordings, cut into clips as they are for transcription.

    Args:
        bundle: Whose features.
        sources: Contents or paths of recordings.

    Returns:
        The features of all clips.

    Raises:
        HindiSTTError: A recording cannot be decoded.
    """
    from hindi_stt.settings import Settings
    from hindi_stt.transcription.pipeline import Pipeline

    pipeline = Pipeline(bundle, Settings(model=""))
    return [clip.features for source in sources for clip in pipeline.prepare(source)]


def _quantize(bundle: Bundle, clips: Sequence[Features], target: Path) -> None:
    os.environ.setdefault("OPENVINO_TELEMETRY_DISABLED", "1")
    try:
        import nncf
        import openvino as ov
    except ImportError as error:
        raise InvalidRequest(
            f"int8 for OpenVINO needs a package: .venv/bin/pip install nncf openvino ({error})."
        ) from error
    from hindi_stt.inference.openvino_graph import rewrite_for_openvino

    spec = bundle.manifest.acoustic
    model = ov.Core().read_model(bundle.path("acoustic", "fp32"))
    rewrite_for_openvino(model)
    inputs = [
        {spec.features_input: clip.values[None], spec.length_input: np.array([clip.n_frames], np.int64)}
        for clip in clips
    ]
    quiet = logging.getLogger("nncf")
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it lists every node that it was told to leave alone
    try:
        quantized = nncf.quantize(
            model,
            nncf.Dataset(inputs),
            model_type=nncf.ModelType.TRANSFORMER,
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(inputs),
            ignored_scope=nncf.IgnoredScope(names=_kept(model)),
            # Without SmoothQuant, whose products of activations by channel cost more time than the error they save.
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=-1)
            ),
        )
    finally:
        quiet.setLevel(level)
    ov.save_model(quantized, target, compress_to_fp16=False)


def _kept(model: Any) -> list[str]:
    """Names of the nodes that stay as they are."""
    from hindi_stt.inference.openvino_nodes import type_of

    return [node.get_friendly_name() for node in model.get_ordered_ops() if _stays(node, type_of(node))]


def _stays(node: Any, kind: str) -> bool:
    from hindi_stt.inference.openvino_nodes import constant_value

    if kind == "Convolution":
        # The first one reads the features and, in a second channel, the mask, whose weights are so large (SUPPRESS in
        # `passes.masks`) that a scale for both would make zeros of all others.
        return int(node.get_input_partial_shape(0)[1].get_length()) <= _MASKED_CHANNELS
    if kind == "MatMul":
        return all(constant_value(node.input_value(i)) is None for i in range(2))
    return kind == "GroupConvolution"
