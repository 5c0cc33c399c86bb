"""A punctuation model as an asset: a real ONNX file and a real tokenizer, made here so that its marks are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.cli.models import add_punctuation
from hindi_stt.errors import BundleInvalid
from hindi_stt.settings import Settings
from hindi_stt.text import TextOptions, Writer
from hindi_stt.text.punctuation_model import ModelPunctuator
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Segment, Word

pytestmark = pytest.mark.oracle

MARKS = ["", ",", "।", "?"]
# Word pieces and the label of each: a word gets that of its last piece.
PIECES = {"[UNK]": 0, "नमस्ते": 1, "क्या": 0, "हाल": 1, "##ात": 3, "है": 2, "भारत": 0}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordPiece(dict(zip(PIECES, range(len(PIECES)), strict=True)), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "marks.json").write_text(json.dumps(MARKS), encoding="utf-8")
    write_model(tmp_path / "model.onnx", len(MARKS))
    return {name: tmp_path / file for name, file in FILES.items()}


FILES = {"model": "model.onnx", "tokenizer": "tokenizer.json", "marks": "marks.json"}


def write_model(path: Path, n_labels: int) -> None:
    """Scores are a row of a table for each token, times its attention."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    table = np.full((len(PIECES), n_labels), -1.0, np.float32)
    for row, label in enumerate(PIECES.values()):
        table[row, min(label, n_labels - 1)] = 1.0
    ids = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "t"]) for name in ("input_ids", "attention_mask")]
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, "t", n_labels])
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["found"]),
        helper.make_node("Cast", ["attention_mask"], ["weight"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["weight", "last"], ["weights"]),
        helper.make_node("Mul", ["found", "weights"], ["scores"]),
    ]
    constants = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([2]), "last")]
    graph = helper.make_graph(nodes, "marks", ids, [scores], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, i, i + 0.5, 0.9, (word,)) for i, word in enumerate(text.split()))


def test_a_word_gets_the_mark_of_its_last_piece(files: dict[str, Path]) -> None:
    punctuator = ModelPunctuator(**files)
    assert punctuator(words("नमस्ते क्या हाल हालात है कुछ"), "।") == [",", "", ",", "?", "।", ""]
    assert punctuator(words("है"), ".") == ["."]
    assert punctuator((), "।") == []
    assert punctuator(words("है भारत " * 120), "।") == ["।", ""] * 120


def test_from_the_bundle_to_the_text(files: dict[str, Path], tmp_path: Path) -> None:
    embedded, folder = Bundle.open(EMBEDDED), tmp_path / "with"
    add_punctuation(embedded, files["model"], files["tokenizer"], json.dumps(MARKS), folder)
    pipeline = Pipeline(Bundle.open(folder), Settings())
    options = pipeline.options({"punctuation": "model"})
    assert options.text == TextOptions(punctuation="model")
    writer = Writer("hi", ModelPunctuator(**files))
    (segment,) = writer([Segment(0.0, 3.0, words("नमस्ते क्या हालात है"))], options.text)
    assert [word.text for word in segment.words] == ["नमस्ते,", "क्या", "हालात?", "है।"]
    # The bundle's own, instead of the network of its language.
    (own,) = pipeline.writer([Segment(0.0, 3.0, words("नमस्ते क्या हालात है"))], options.text)
    assert own.text == segment.text


def test_what_does_not_fit_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    write_model(tmp_path / "three.onnx", 3)
    for broken in (
        {"model": tmp_path / "three.onnx"}, {"model": files["marks"]}, {"tokenizer": files["marks"]},
        {"marks": files["model"]}, {"model": EMBEDDED / "none.onnx"},
    ):  # fmt: skip
        with pytest.raises(BundleInvalid):
            ModelPunctuator(**{**files, **broken})
