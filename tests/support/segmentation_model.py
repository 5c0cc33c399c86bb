"""A segmentation model that hears two speakers: one at 400 Hz, one at 2,000 Hz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from hindi_stt.bundle.manifest import MANIFEST_FILE, Asset, sha256_of
from hindi_stt.bundle.speakers import SEGMENTATION_ROLE, SegmentationSpec, SpeakerBundle
from tests.support.speaker_model import RATE, write_speaker_bundle

FRAME, HOP = 800, 160
TONES_HZ = (400.0, 2000.0)
# The power of a tone of this amplitude is where the model doubts.
DOUBT = 0.1
SPEC = SegmentationSpec(
    sample_rate=RATE, chunk_s=4.0, frame_samples=FRAME, hop_samples=HOP, classes=((), (0,), (1,), (0, 1))
)


def add_segmentation(folder: Path, spec: SegmentationSpec = SPEC) -> SpeakerBundle:
    """Write a speaker bundle with this model."""
    bundle = write_speaker_bundle(folder)
    floats = onnx.TensorProto.FLOAT
    time_s = np.arange(FRAME) / RATE
    waves = [wave(2 * np.pi * hz * time_s) for hz in TONES_HZ for wave in (np.cos, np.sin)]
    filters = (np.stack(waves) * 2 / FRAME).astype(np.float32)[:, None]
    # From cosine and sine parts to amplitudes squared, and from these to classes whose speakers are independent.
    speakers = np.kron(np.eye(2), np.ones((1, 2))).astype(np.float32)
    classes = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32) * 2000
    bias = (-classes.sum(axis=1) * DOUBT**2).astype(np.float32)
    constants = {
        "channel": np.array([1]),
        "filters": filters,
        "to_classes": (classes @ speakers).T.copy(),
        "bias": bias,
    }
    graph = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["samples", "channel"], ["wave"]),
            helper.make_node("Conv", ["wave", "filters"], ["parts"], strides=[HOP]),
            helper.make_node("Mul", ["parts", "parts"], ["power"]),
            helper.make_node("Transpose", ["power"], ["by_frame"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["by_frame", "to_classes"], ["raised"]),
            helper.make_node("Add", ["raised", "bias"], ["logits"]),
            helper.make_node("LogSoftmax", ["logits"], ["log_probs"], axis=2),
        ],
        "tones",
        [helper.make_tensor_value_info("samples", floats, ["chunks", "n"])],
        [helper.make_tensor_value_info("log_probs", floats, ["chunks", "frames", 4])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = folder / "segmentation.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), model)
    assets = (
        *bundle.manifest.assets,
        Asset(role=SEGMENTATION_ROLE, name="fp32", file=model.name, sha256=sha256_of(model)),
    )
    manifest = bundle.manifest.model_copy(update={"segmentation": spec, "assets": assets})
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(), encoding="utf-8")
    return SpeakerBundle.open(folder)


def tones(*turns: tuple[float, float, int], duration_s: float) -> np.ndarray:
    """The tone of each turn (start, end, speaker), float32 [n]."""
    samples = np.zeros(round(duration_s * RATE), np.float32)
    for start_s, end_s, speaker in turns:
        time_s = np.arange(round(start_s * RATE), round(end_s * RATE)) / RATE
        samples[round(start_s * RATE) : round(end_s * RATE)] += 0.25 * np.sin(2 * np.pi * TONES_HZ[speaker] * time_s)
    return samples
