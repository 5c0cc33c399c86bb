"""hindi-stt bench: every form runs, and what is chosen is fast, verified, and a value that the server takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindi_stt.bundle.forms import Form, forms_of
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.bench import choose_fastest
from hindi_stt.cli.main import main
from hindi_stt.settings import Settings

FP32, OV_FP32, OV_BF16 = Form("onnxruntime", "fp32"), Form("openvino", "fp32"), Form("openvino", "bf16")


def test_the_fastest_is_chosen_where_it_pays() -> None:
    assert choose_fastest({FP32: 1.0, OV_FP32: 0.9, OV_BF16: 0.5}, FP32) == OV_BF16
    assert choose_fastest({FP32: 1.0, OV_FP32: 0.97}, FP32) == FP32
    assert choose_fastest({OV_FP32: 0.9, FP32: 0.8}, FP32) == FP32


@pytest.mark.slow
@pytest.mark.parametrize("unverified", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_choice_is_a_value_of_the_setting(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str], unverified: bool
) -> None:
    file = tmp_path / "choice.env"
    assert main(["bench", "--rounds", "1", "--choose", str(file), *(["--unverified"] if unverified else [])]) == 0
    shown = capsys.readouterr().out
    for form in forms_of(bundle.manifest):
        assert str(form) in shown
    variable, _, value = file.read_text().strip().partition("=")
    assert variable == "HINDI_STT_BACKEND"
    assert Settings(backend=value).backend == value  # type: ignore[arg-type]  # one of its values, or an error
    allowed = {"onnxruntime-fp32", "openvino-fp32", *bundle.manifest.verified_forms}
    assert unverified or value in allowed


def test_senseless_rounds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--rounds", "0"]) == 1
    assert "--rounds" in capsys.readouterr().err
