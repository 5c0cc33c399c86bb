"""A speaker bundle whose embedding is how much each band varies: voices are told apart by the bands that they use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from hindi_stt.bundle.manifest import MANIFEST_FILE, Asset, Source, sha256_of
from hindi_stt.bundle.speakers import EMBEDDING_ROLE, FbankSpec, SpeakerBundle, SpeakerManifest

RATE = 16_000
N_MELS = 20


def write_speaker_bundle(folder: Path, *, name: str = "speakers") -> SpeakerBundle:
    folder.mkdir(parents=True)
    floats = onnx.TensorProto.FLOAT
    axes = onnx.numpy_helper.from_array(np.array([1]), "axes")
    graph = helper.make_graph(
        [helper.make_node("ReduceL2", ["features", "axes"], ["embedding"], keepdims=0)],
        "bands",
        [helper.make_tensor_value_info("features", floats, ["windows", "frames", N_MELS])],
        [helper.make_tensor_value_info("embedding", floats, ["windows", N_MELS])],
        [axes],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "m.onnx")
    manifest = SpeakerManifest(
        kind="speakers",
        name=name,
        licence="CC0-1.0",
        source=Source(file="m.onnx", sha256="0" * 64, framework="test"),
        features=FbankSpec(sample_rate=RATE, window_samples=400, hop_samples=160, n_mels=N_MELS),
        dimension=N_MELS,
        same_speaker=0.9,
        window_similarity=0.98,
        assets=(Asset(role=EMBEDDING_ROLE, name="fp32", file="m.onnx", sha256=sha256_of(folder / "m.onnx")),),
    )
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(), encoding="utf-8")
    return SpeakerBundle.open(folder)


def voice(low_hz: float, high_hz: float, duration_s: float, seed: int) -> np.ndarray:
    """Noise between two frequencies whose loudness changes as that of syllables does."""
    n = round(duration_s * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    noise = np.fft.irfft(spectrum, n)
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * np.arange(n) / RATE)
    background = np.random.default_rng(seed + 1).standard_normal(n) * 1e-3
    return (0.3 * syllables * noise / np.abs(noise).max() + background).astype(np.float32)
