"""OpenVINO's int8 form of a bundle: made by NNCF, where that is installed (the extra quantize)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.forms import Form, form_files, forms_of
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.errors import InvalidRequest
from hindi_stt.export.openvino_int8 import add_openvino_int8, calibration_clips
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs
from tests.conftest import DATA

FORM = Form("openvino", "int8")
SPOKEN = ("rain.flac", "family.flac")


@pytest.fixture(scope="module")
def quantized(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    pytest.importorskip("nncf")
    clips = calibration_clips(bundle, [DATA / name for name in SPOKEN])
    return add_openvino_int8(bundle, clips, tmp_path_factory.mktemp("int8") / "bundle")


def test_the_bundle_has_the_form_beside_the_others(bundle: Bundle, quantized: Bundle) -> None:
    assert forms_of(quantized.manifest) == (*forms_of(bundle.manifest), FORM)
    assert [path.name for path in form_files(quantized, FORM)] == ["model.openvino-int8.xml", "model.openvino-int8.bin"]
    assert quantized.manifest.default_precision == bundle.manifest.default_precision
    assert str(FORM) not in quantized.manifest.verified_forms


def test_texts_are_those_of_fp32_whatever_stands_beside(quantized: Bundle, pipeline: Pipeline) -> None:
    clips = [next(pipeline.prepare(DATA / name)).features for name in SPOKEN]
    clips.append(Features(np.random.default_rng(0).standard_normal((80, 2700)).astype(np.float32), 27.0))
    int8, fp32 = (LocalAcoustic(quantized, threads=1, form=form) for form in (FORM, Form("onnxruntime", "fp32")))
    decode = GreedyDecoder(quantized.tokens, quantized.manifest.acoustic.blank_id)
    for clip, result, expected in zip(clips[:2], int8(clips), fp32(clips), strict=False):
        (alone,) = int8([clip])
        assert isinstance(result, LogProbs)
        assert isinstance(alone, LogProbs)
        assert isinstance(expected, LogProbs)
        np.testing.assert_array_equal(result.values, alone.values)
        assert decode(result).text == decode(expected).text != ""


def test_scales_need_speech(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="No clip has speech"):
        add_openvino_int8(bundle, [], tmp_path / "bundle")
