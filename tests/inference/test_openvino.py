"""OpenVINO as a runtime: the same texts as ONNX Runtime, whatever stands beside a clip, and only it is imported."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13
from openvino.properties import hint

from hindi_stt.bundle.forms import Form, form_files
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.errors import BundleInvalid, InferenceFailed
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.inference.openvino_graph import rewrite_for_openvino
from hindi_stt.inference.openvino_positions import tabulate_positions
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs
from tests.conftest import DATA

MODULES_UNDER_TEST = (
    "hindi_stt/inference/backend.py",
    "hindi_stt/inference/openvino_backend.py",
    "hindi_stt/inference/openvino_graph.py",
    "hindi_stt/inference/openvino_nodes.py",
    "hindi_stt/inference/openvino_positions.py",
)

FP32, BF16 = Form("openvino", "fp32"), Form("openvino", "bf16")
# Without it a CPU with bfloat16 would compute in it.
EXACT = {hint.inference_precision(): ov.Type.f32}
# The last ones are as long as the table of positions, and longer.
LENGTHS = (1, 2, 7, 37, 203, 518, 2045, 2048, 2049, 2700)


@pytest.fixture(scope="module")
def clips(pipeline: Pipeline) -> list[Features]:
    spoken = [next(pipeline.prepare(DATA / name)).features for name in ("rain.flac", "family.flac")]
    rng = np.random.default_rng(0)
    noise = [Features(rng.standard_normal((80, n)).astype(np.float32), n / 100) for n in LENGTHS]
    return [*spoken, *noise]


@pytest.fixture(scope="module")
def fp32(bundle: Bundle) -> LocalAcoustic:
    return LocalAcoustic(bundle, threads=1, form=FP32, max_padding=0.99)


@pytest.fixture(scope="module")
def bf16(bundle: Bundle) -> LocalAcoustic:
    return LocalAcoustic(bundle, threads=1, form=BF16)


def values(result: object) -> np.ndarray:
    assert isinstance(result, LogProbs), result
    return result.values


@pytest.mark.slow
def test_fp32_equals_onnx_runtime(bundle: Bundle, fp32: LocalAcoustic, clips: list[Features]) -> None:
    usual = LocalAcoustic(bundle, threads=1, form=Form("onnxruntime", "fp32"), max_padding=0.99)
    for expected, result in zip(usual(clips), fp32(clips), strict=True):
        np.testing.assert_allclose(values(result), values(expected), atol=1e-4)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("neighbours", [slice(0, 12), slice(3, 6), slice(5, 9)])
def test_a_padded_batch_equals_alone(fp32: LocalAcoustic, clips: list[Features], neighbours: slice) -> None:
    batch = clips[neighbours]
    assert len(fp32.groups(batch)) < len(batch)
    for clip, result in zip(batch, fp32(batch), strict=True):
        assert len(values(result)) == -(-clip.n_frames // 4)
        np.testing.assert_allclose(values(result), values(fp32([clip])[0]), atol=1e-4)


@pytest.mark.slow
@pytest.mark.long
def test_bf16_runs_each_clip_alone(bf16: LocalAcoustic, clips: list[Features]) -> None:
    """What stands beside a clip, and how many threads run, change no number of its log-probs."""
    many = LocalAcoustic(bf16.bundle, threads=2, form=BF16)
    assert bf16.groups(clips) == [[i] for i in range(len(clips))]
    for clip, beside, threads in zip(clips, bf16(clips), many(clips[::-1])[::-1], strict=True):
        np.testing.assert_array_equal(values(bf16([clip])[0]), values(beside))
        np.testing.assert_array_equal(values(beside), values(threads))


def test_bf16_writes_the_texts_of_fp32(bundle: Bundle, bf16: LocalAcoustic, clips: list[Features]) -> None:
    decode = GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)
    usual = LocalAcoustic(bundle, threads=1, form=Form("onnxruntime", "fp32"))
    for expected, result in zip(usual(clips[:2]), bf16(clips[:2]), strict=True):
        assert isinstance(expected, LogProbs)
        assert isinstance(result, LogProbs)
        assert decode(result).text == decode(expected).text != ""


@pytest.mark.slow
def test_positions_of_long_clips_are_exact(bundle: Bundle, bf16: LocalAcoustic, clips: list[Features]) -> None:
    """Past the table of positions nothing is rounded to bfloat16, which has 8 bits for their numbers."""
    usual = LocalAcoustic(bundle, threads=1, form=Form("onnxruntime", "fp32"))
    np.testing.assert_allclose(values(bf16([clips[-1]])[0]), values(usual([clips[-1]])[0]), atol=1e-4)


@pytest.mark.slow
def test_runs_of_several_threads_keep_apart(bf16: LocalAcoustic, clips: list[Features]) -> None:
    alone = [values(result) for clip in clips for result in bf16([clip])]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda clip: values(bf16([clip])[0]), clips * 4))
    for i, result in enumerate(together):
        np.testing.assert_array_equal(result, alone[i % len(clips)])


def test_results_outlive_the_next_run(bf16: LocalAcoustic, clips: list[Features]) -> None:
    first = values(bf16([clips[0]])[0])
    kept = first.copy()
    bf16([clips[1]])
    np.testing.assert_array_equal(first, kept)


def test_a_clip_of_another_width_fails_alone(bf16: LocalAcoustic, clips: list[Features]) -> None:
    good, bad, nan = bf16(
        [clips[0], Features(np.zeros((7, 300), np.float32), 3.0), Features(np.full((80, 300), np.nan, np.float32), 3.0)]
    )
    assert isinstance(bad, InferenceFailed)
    assert isinstance(nan, InferenceFailed)
    np.testing.assert_array_equal(values(good), values(bf16([clips[0]])[0]))


def test_the_layout_leaves_no_copy(bundle: Bundle) -> None:
    """Every place that the rewriting knows is found in the embedded model: one subsampling, and a layer's two keys."""
    model = ov.Core().read_model(form_files(bundle, FP32)[0])
    n_layers = sum(node.get_type_name() == "Softmax" for node in model.get_ordered_ops())
    counts = rewrite_for_openvino(model)
    # Whether the exporter already wrote these convolutions in two dimensions depends on its version.
    assert counts.pop("depthwise") + counts.pop("activations") == n_layers
    assert counts == {"subsampling": 1, "keys": 2 * n_layers}
    assert rewrite_for_openvino(model) == {"subsampling": 0, "depthwise": 0, "activations": 0, "keys": 0}


def test_depthwise_convolutions_of_one_dimension_are_rewritten() -> None:
    """Bundles that were exported by 0.1 have them."""
    channels, kernel = 16, 5
    weights = np.random.default_rng(0).standard_normal((channels, 1, 1, kernel)).astype(np.float32)
    frames = opset13.parameter([-1, -1, channels], np.float32, name="frames")
    swapped = opset13.transpose(frames, np.array([0, 2, 1]))
    convolution = opset13.group_convolution(swapped, opset13.constant(weights), [1], [2], [2], [1])
    biased = opset13.add(convolution, opset13.constant(np.ones((1, channels, 1), np.float32)))
    product = opset13.multiply(biased, opset13.sigmoid(biased))
    model = ov.Model([opset13.transpose(product, np.array([0, 2, 1]))], [frames])
    x = np.random.default_rng(1).standard_normal((2, 40, channels)).astype(np.float32)
    before = ov.compile_model(model, "CPU", EXACT)(x)[0].copy()
    assert rewrite_for_openvino(model) == {"subsampling": 0, "depthwise": 1, "activations": 0, "keys": 0}
    np.testing.assert_allclose(ov.compile_model(model, "CPU", EXACT)(x)[0], before, rtol=1e-5, atol=1e-6)


def test_activations_move_before_the_layout_change() -> None:
    channels, kernel = 16, 5
    weights = np.random.default_rng(0).standard_normal((channels, 1, 1, 1, kernel)).astype(np.float32)
    wide = opset13.parameter([-1, channels, 1, -1], np.float32, name="wide")
    convolution = opset13.group_convolution(wide, opset13.constant(weights), [1, 1], [0, 2], [0, 2], [1, 1])
    biased = opset13.add(convolution, opset13.constant(np.ones((1, channels, 1, 1), np.float32)))
    frames = opset13.squeeze(opset13.transpose(biased, np.array([0, 2, 3, 1])), np.array([1]))
    model = ov.Model([opset13.multiply(frames, opset13.sigmoid(frames))], [wide])
    x = np.random.default_rng(1).standard_normal((2, channels, 1, 40)).astype(np.float32)
    before = ov.compile_model(model, "CPU", EXACT)(x)[0].copy()
    assert rewrite_for_openvino(model) == {"subsampling": 0, "depthwise": 0, "activations": 1, "keys": 0}
    kinds = [node.get_type_name() for node in model.get_ordered_ops()]
    assert kinds.index("Multiply") < kinds.index("Transpose")
    np.testing.assert_allclose(ov.compile_model(model, "CPU", EXACT)(x)[0], before, rtol=1e-5, atol=1e-6)


def test_positions_become_a_table(bundle: Bundle) -> None:
    model = ov.Core().read_model(form_files(bundle, FP32)[0])
    n_layers = sum(node.get_type_name() == "Softmax" for node in model.get_ordered_ops())
    rewrite_for_openvino(model)
    assert tabulate_positions(model) == n_layers
    assert not any(node.get_type_name() in {"Sin", "Cos"} for node in model.get_ordered_ops())


def test_a_file_that_is_no_model_is_named(bundle: Bundle, tmp_path: Path) -> None:
    broken = bundle.copy_with(tmp_path / "bundle", [])
    broken.path("acoustic", "fp32").write_bytes(b"no model")
    with pytest.raises(BundleInvalid, match="cannot be loaded by OpenVINO"):
        LocalAcoustic(broken, threads=1, form=BF16)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "loaded", "other"),
    [(BF16, "openvino", "onnxruntime"), (Form("onnxruntime", "fp32"), "onnxruntime", "openvino")],
)
def test_only_the_chosen_runtime_is_imported(form: Form, loaded: str, other: str) -> None:
    script = (
        "import sys; from hindi_stt.bundle.forms import Form; from hindi_stt.bundle.manifest import Bundle;"
        "from hindi_stt.inference.acoustic import LocalAcoustic;"
        f"LocalAcoustic(Bundle.open({str(EMBEDDED)!r}), threads=1, form=Form({form.backend!r}, {form.precision!r}));"
        f"print({loaded!r} in sys.modules, {other!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
