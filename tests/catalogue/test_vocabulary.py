"""Vocabularies as they are published: with ids or without, with a blank or without."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindi_stt.catalogue.vocabulary import read_vocabulary
from hindi_stt.errors import CorruptModel, UnsupportedModel

PIECES = ("<unk>", "▁क", "ा")


@pytest.mark.parametrize(
    "text",
    [
        "<unk> 0\n▁क 1\nा 2\n<blk> 3\n",
        "<unk> 0\n▁क 1\nा 2\n<blank> 3",
        "\ufeff<unk> 0\r\n▁क 1\r\nा 2\r\n<blk> 3\r\n",
        "<blk> 3\nा 2\n<unk> 0\n▁क 1\n",
        "<unk>\t0\n▁क\t1\nा\t2\n<blk>\t3\n",
        "<unk> 0\n▁क 1\nा 2\n",
        "<unk> 0 \n▁क 1 \nा 2 \n",
        "<unk>\n▁क\nा\n",
        "<unk>\n▁क\nा\n<blk>\n",
    ],
)
def test_forms(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.txt"
    file.write_bytes(text.encode())
    assert read_vocabulary(file, 4) == ((*PIECES, "<blk>"), 3)


def test_a_blank_that_is_first_and_a_space(tmp_path: Path) -> None:
    """Characters as sherpa-onnx's export writes them: the space between words is a space before the id."""
    file = tmp_path / "tokens.txt"
    file.write_text("<blk> 0\n  1\nक 2\n", encoding="utf-8")
    assert read_vocabulary(file, 3) == (("<blk>", "▁", "क"), 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "cannot be read"),
        ("<unk> 0\n▁क 1\nा 2\n<blk> 4\n".encode(), "each id"),
        ("<unk> 0\n▁क 1\nा 1\n<blk> 2\n".encode(), "each id"),
        ("<unk> 0\n▁क 1\n<blk> 2\n".encode(), "3 entries"),
        ("<unk> 0\n▁क 1\n".encode(), "2 entries"),
        ("<unk> 0\n▁क 1\n2\n".encode(), "none on the line '2'"),
        ("<unk> 0\n▁क 1\nा 2\nी 3\n".encode(), "0 blanks"),
        ("<unk> 0\n<blk> 1\nा 2\n<blank> 3\n".encode(), "2 blanks"),
    ],
)
def test_damaged_ones(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "tokens.txt"
    file.write_bytes(content)
    with pytest.raises(CorruptModel, match=said):
        read_vocabulary(file, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [("<unk> 0\nक 1\nक 2\n<blk> 3\n", "several languages"), ("[UNK]\nक\n##ा\n", "##")],
)
def test_lists_of_something_else(tmp_path: Path, text: str, said: str) -> None:
    """A head for several languages repeats their common letters; ## marks stand in a by-product of the tokenizer."""
    file = tmp_path / "vocab.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UnsupportedModel, match=said):
        read_vocabulary(file, 4)
