"""The plot of compared models: a mark and a label for each, and refusals before any work."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from hindi_stt.errors import InvalidRequest
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.model_plot import check_plot, plot_models
from hindi_stt.evaluation.model_table import ModelRun, ModelTable

SPOKEN = ("क ख ग", "घ च") * 10


def model_run(name: str, texts: tuple[str, ...], compute_s: float, memory_bytes: int) -> ModelRun:
    return ModelRun(name, f"{name}:1", "onnxruntime-fp32", texts, 120.0, compute_s, 0.5, 100_000_000, memory_bytes)


def test_each_model_is_named_with_its_memory(tmp_path: Path) -> None:
    half_wrong = tuple(text.replace("क", "प") for text in SPOKEN)
    runs = [model_run("small", half_wrong, 1.0, 200_000_000), model_run("large", SPOKEN, 6.0, 1_500_000_000)]
    table = ModelTable([Utterance(Path("x.wav"), text) for text in SPOKEN], runs, "normalised")
    with mpl.rc_context({"svg.fonttype": "none"}):  # text as text
        plot_models(table, tmp_path / "p.svg")
    texts = [element.text for element in ET.parse(tmp_path / "p.svg").iter() if element.tag.endswith("}text")]
    assert {"small:1 onnxruntime-fp32, 200 MB", "large:1 onnxruntime-fp32, 1,500 MB"} <= set(texts)
    assert "word error rate, %, with 95 % interval" in texts
    plot_models(table, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["p.png", "p.SVG", "p.pdf"])
def test_a_plot_that_can_be_drawn(tmp_path: Path, name: str) -> None:
    check_plot(tmp_path / name)


@pytest.mark.parametrize(("name", "why"), [("p.txt", ".png, .svg, .pdf"), ("p", ".png"), ("no/p.png", "no folder")])
def test_a_plot_that_cannot_be_drawn(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(why)):
        check_plot(tmp_path / name)
