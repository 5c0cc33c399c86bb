"""Which runtime and precision run: equal for equal CPUs, never one the model was not verified with, or as asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.bundle import forms
from hindi_stt.bundle.forms import FORMS, Form, choose_form, form_files, forms_of, select_form
from hindi_stt.bundle.manifest import EMBEDDED, Bundle, Manifest
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import BundleInvalid, InvalidSetting, UnknownModel
from hindi_stt.settings import Settings
from hindi_stt.settings.cpu import cpu_features, parse_cpu_features

FP32, INT8 = Form("onnxruntime", "fp32"), Form("onnxruntime", "int8")
OV_BF16, OV_INT8 = Form("openvino", "bf16"), Form("openvino", "int8")
# Flags of CPUs as they are sold.
ZEN_5 = {"avx2", "avx512_vnni", "avx512_bf16", "avx_vnni"}
SAPPHIRE_RAPIDS = {"avx2", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_bf16", "amx_int8"}
ICE_LAKE = {"avx2", "avx512_vnni"}
ZEN_2 = {"avx2"}


@pytest.mark.parametrize(
    ("features", "verified", "expected"),
    [
        (ZEN_5, [OV_BF16, OV_INT8], OV_INT8),
        (ZEN_5, [OV_BF16], OV_BF16),
        (SAPPHIRE_RAPIDS, [OV_BF16], OV_BF16),
        (ICE_LAKE, [OV_BF16], FP32),
        (ICE_LAKE, [OV_BF16, OV_INT8], OV_INT8),
        (ZEN_2, [OV_BF16, OV_INT8], FP32),
        (ZEN_5, [], FP32),
        (set(), [OV_BF16, OV_INT8], FP32),
    ],
)
def test_the_table(features: set[str], verified: list[Form], expected: Form) -> None:
    assert choose_form(features, verified, "fp32", openvino=True) == expected
    assert choose_form(features, verified, "int8", openvino=False) == INT8


@given(st.sets(st.sampled_from(sorted(SAPPHIRE_RAPIDS))), st.lists(st.sampled_from(FORMS[2:])), st.booleans())
def test_only_verified_forms_are_chosen(features: set[str], verified: list[Form], openvino: bool) -> None:
    chosen = choose_form(features, verified, "fp32", openvino=openvino)
    assert chosen == FP32 or (openvino and chosen in verified)
    assert chosen == choose_form(sorted(features), [*verified, *verified[::-1]], "fp32", openvino=openvino)


def test_flags_are_those_that_all_processors_have() -> None:
    text = "processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n\nprocessor\t: 1\nflags\t\t: fpu avx2\n"
    assert parse_cpu_features(text) == {"fpu", "avx2"}
    assert parse_cpu_features("processor\t: 0\nFeatures\t: fp asimd bf16\n") == {"fp", "asimd", "bf16"}
    assert parse_cpu_features("") == frozenset()


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="Linux only")
def test_this_cpu_has_flags() -> None:
    assert cpu_features()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"backend": "openvino-bf16"}, OV_BF16),
        ({"backend": "openvino-bf16", "models": ""}, OV_BF16),
        ({"backend": "onnxruntime-int8"}, INT8),
        ({"backend": "onnxruntime-int8", "precision": "int8"}, INT8),
        ({"precision": "int8"}, INT8),
        ({"precision": "fp32"}, FP32),
        ({"provider": "openvino"}, FP32),
    ],
)
def test_settings_pin_the_form(bundle: Bundle, environment: dict[str, str], expected: Form) -> None:
    assert select_form(bundle, Settings(**environment)).form == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "environment",
    [
        {"backend": "openvino-bf16", "precision": "fp32"},
        {"backend": "onnxruntime-fp32", "precision": "int8"},
        {"backend": "openvino-bf16", "provider": "openvino"},
        {"backend": "openvino-int8"},
    ],
)
def test_settings_that_cannot_be_followed_are_refused(bundle: Bundle, environment: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting, match=r"HINDI_STT_BACKEND=|HINDI_STT_PROVIDER="):
        select_form(bundle, Settings(**environment))  # type: ignore[arg-type]


def test_a_missing_package_is_named(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "has_openvino", lambda: False)
    with pytest.raises(InvalidSetting, match="pip install openvino"):
        select_form(bundle, Settings(backend="openvino-bf16"))
    assert select_form(bundle, Settings()).form == FP32


def test_a_manifest_of_earlier_versions_runs_as_before() -> None:
    """Without the new field, nothing but ONNX Runtime is chosen, on any CPU."""
    text = (EMBEDDED / "bundle.json").read_text(encoding="utf-8")
    manifest = Manifest.model_validate_json(text).model_copy(update={"verified_forms": ()})
    assert (
        choose_form(SAPPHIRE_RAPIDS, [Form.parse(name) for name in manifest.verified_forms], "fp32", openvino=True)
        == FP32
    )
    assert set(forms_of(manifest)) == set(FORMS) - {OV_INT8}


def test_a_label_says_what_is_not_usual(bundle: Bundle) -> None:
    assert bundle.with_form(FP32).label == bundle.tag
    assert bundle.with_form(INT8).label == f"{bundle.tag}+onnxruntime-int8"
    assert bundle.with_form(OV_BF16).label == f"{bundle.tag}+openvino-bf16"
    assert bundle.with_form(OV_BF16).with_form(FP32).form == FP32


def test_a_request_may_name_what_an_answer_called_the_model(bundle: Bundle) -> None:
    registry = Registry([bundle.with_form(OV_BF16)])
    assert registry.choose(f"{bundle.tag}+openvino-bf16", []).bundles == registry.choose(bundle.tag, []).bundles
    with pytest.raises(UnknownModel):
        registry.choose(f"{bundle.tag}+onnxruntime-int8", [])


def test_files_of_a_form(bundle: Bundle) -> None:
    assert [path.name for path in form_files(bundle, INT8)] == ["model.int8.onnx"]
    assert [path.name for path in form_files(bundle, OV_BF16)] == ["model.fp32.onnx"]
    with pytest.raises(BundleInvalid):
        form_files(bundle, OV_INT8)
