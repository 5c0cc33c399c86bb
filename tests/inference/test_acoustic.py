"""The model in this process: a clip's numbers do not depend on its neighbours, and failures stay alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import InferenceFailed, InvalidSetting
from hindi_stt.inference.acoustic import LocalAcoustic, group_by_length, padding_share
from hindi_stt.inference.onnxruntime_backend import SLOWER_FUSIONS
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs
from tests.conftest import DATA

MODULES_UNDER_TEST = ("hindi_stt/inference/onnxruntime_backend.py",)

PROVIDERS = {"openvino": "OpenVINOExecutionProvider", "cuda": "CUDAExecutionProvider"}


@pytest.fixture(scope="module")
def clips(pipeline: Pipeline) -> list[Features]:
    rain = next(pipeline.prepare(DATA / "rain.flac")).features
    family = next(pipeline.prepare(DATA / "family.flac")).features
    rng = np.random.default_rng(0)
    noise = [Features(rng.standard_normal((80, n)).astype(np.float32), n / 100) for n in (37, 203, 518)]
    return [rain, family, *noise, Features(rain.values[:, :101], 1.01)]


def values(result: object) -> np.ndarray:
    assert isinstance(result, LogProbs), result
    return result.values


def test_padded_batch_equals_alone(bundle: Bundle, clips: list[Features]) -> None:
    """All in one run: 97 % padding for the shortest."""
    together = LocalAcoustic(bundle, threads=1, max_padding=0.99)
    assert len(together.groups(clips)) == 1
    for clip, result in zip(clips, together(clips), strict=True):
        (alone,) = together([clip])
        assert len(values(result)) == -(-clip.n_frames // 4)
        np.testing.assert_allclose(values(result), values(alone), atol=1e-4)


def test_results_come_in_the_order_of_the_batch(acoustic: LocalAcoustic, clips: list[Features]) -> None:
    for clip, result in zip(clips, acoustic(clips), strict=True):
        np.testing.assert_allclose(values(result), values(acoustic([clip])[0]), atol=1e-4)


def test_probabilities_sum_to_one(acoustic: LocalAcoustic, clips: list[Features]) -> None:
    for result in acoustic(clips):
        np.testing.assert_allclose(np.exp(values(result)).sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize(
    "poison",
    [
        Features(np.full((80, 300), np.nan, np.float32), 3.0),
        Features(np.zeros((7, 300), np.float32), 3.0),
    ],
)
def test_a_poisonous_clip_fails_alone(bundle: Bundle, clips: list[Features], poison: Features) -> None:
    together = LocalAcoustic(bundle, threads=1, max_padding=0.99)
    first, failed, last = together([clips[0], poison, clips[1]])
    assert isinstance(failed, InferenceFailed)
    np.testing.assert_allclose(values(first), values(together([clips[0]])[0]), atol=1e-4)
    np.testing.assert_allclose(values(last), values(together([clips[1]])[0]), atol=1e-4)


@pytest.mark.parametrize("provider", ["openvino", "cuda"])
def test_a_provider_that_is_not_there_is_named(bundle: Bundle, provider: str) -> None:
    if PROVIDERS[provider] in onnxruntime.get_available_providers():
        pytest.skip(f"{provider} is there")
    with pytest.raises(InvalidSetting, match="another build of ONNX Runtime: onnxruntime-"):
        LocalAcoustic(bundle, threads=1, provider=provider)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("provider", ["openvino", "cuda"])
def test_another_provider_gives_the_same(bundle: Bundle, clips: list[Features], provider: str, precision: str) -> None:
    """fp32 within 1e-4, alone and together; int8 decides each frame alike."""
    if PROVIDERS[provider] not in onnxruntime.get_available_providers():
        pytest.skip(f"this build of ONNX Runtime has no {provider}")
    usual = LocalAcoustic(bundle, threads=1, precision=precision)(clips)
    other = LocalAcoustic(bundle, threads=1, precision=precision, provider=provider)
    for expected, result in zip(usual, other(clips), strict=True):
        if precision == "fp32":
            np.testing.assert_allclose(values(result), values(expected), atol=1e-4)
        else:
            assert (values(result).argmax(1) == values(expected).argmax(1)).mean() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_slower_fusions_are_off(bundle: Bundle, tmp_path: Path, precision: str) -> None:
    """ONNX Runtime makes them unless it is told their names, and says nothing of a name that it does not know."""

    def optimised(disabled: tuple[str, ...]) -> bytes:
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        options.log_severity_level = 3
        onnxruntime.InferenceSession(
            str(bundle.path("acoustic", precision)),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=disabled,
        )
        return (tmp_path / "optimised.onnx").read_bytes()

    assert b"SkipLayerNormalization" in optimised(())
    assert b"SkipLayerNormalization" not in optimised(SLOWER_FUSIONS)


def test_a_session_has_their_warnings(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    real = onnxruntime.InferenceSession

    def session(*arguments: Any, **options: Any) -> onnxruntime.InferenceSession:
        told.append(options.get("disabled_optimizers"))
        return real(*arguments, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    LocalAcoustic(bundle, threads=1)
    assert told == [SLOWER_FUSIONS]


def test_an_empty_batch(acoustic: LocalAcoustic) -> None:
    assert acoustic([]) == []


@given(st.lists(st.integers(1, 2000), max_size=30), st.floats(0, 0.9))
def test_groups_hold_every_clip_once_within_the_bound(lengths: list[int], bound: float) -> None:
    groups = group_by_length(lengths, bound)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        assert padding_share([lengths[i] for i in group]) <= bound + 1e-9


def with_positions(bundle: Bundle, max_frames: int) -> Bundle:
    """The bundle as if its graph had a table of so many positions."""
    spec = bundle.manifest.acoustic.model_copy(update={"max_frames": max_frames})
    manifest = bundle.manifest.model_copy(update={"acoustic": spec, "default_precision": "fp32"})
    return Bundle(bundle.folder, manifest, bundle.version)


def test_a_clip_beyond_the_positions_is_refused_alone(bundle: Bundle, clips: list[Features]) -> None:
    """The others of its batch have results; a clip of exactly so many frames has one, too."""
    lengths = [clip.n_frames for clip in clips]
    bounded = LocalAcoustic(with_positions(bundle, 203), threads=1, max_padding=0.99)
    for n_frames, result in zip(lengths, bounded(clips), strict=True):
        assert isinstance(result, InferenceFailed) == (n_frames > 203)
        if isinstance(result, InferenceFailed):
            assert "up to 2 s" in result.message


def test_recordings_are_cut_before_the_positions_end(bundle: Bundle) -> None:
    pipeline = Pipeline(with_positions(bundle, 450), Settings(model="", max_segment_s=60))
    prepared = list(pipeline.prepare(DATA / "family.flac"))
    assert max(clip.features.n_frames for clip in prepared) <= 450
    assert pipeline.max_segment_s == pytest.approx(4.49)
    assert Pipeline(bundle, Settings(model="", max_segment_s=60)).max_segment_s == 60
