"""Reads the vocabularies that are published with ONNX models."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hindi_stt.bundle.manifest import BLANK
from hindi_stt.errors import CorruptModel, UnsupportedModel
from hindi_stt.types import WORD_MARK

__all__ = ["read_vocabulary"]

_MAX_BYTES: Final = 8 * 2**20
_WITH_ID: Final = re.compile(r"(.*)[ \t](\d{1,9})[ \t]*")
_BLANKS: Final = frozenset({BLANK, "<blank>"})


def read_vocabulary(file: Path, n_classes: int) -> tuple[tuple[str, ...], int]:
    """Read "piece id" lines, or one piece a line in the order of classes.

    Args:
        file: tokens.txt or vocab.txt.
        n_classes: Classes of the model.

    Returns:
        The piece of each class, the blank among them as <blk>, and the class of the blank. A vocabulary without a
        blank leaves it to the last class, as all of NeMo's CTC models have it.

    Raises:
        CorruptModel: The file is missing or damaged, or has other classes than the model.
        UnsupportedModel: It lists the pieces of several languages, or is no list of classes.
    """
    pieces = _pieces(file)
    if any(piece.startswith("##") for piece in pieces):
        raise UnsupportedModel(
            f"{file.name} has ## marks: NeMo's tokenizer writes it beside its model, and it does not list the classes "
            "of the head. tokens.txt, with a piece and its class on each line, is needed."
        )
    blanks = [i for i, piece in enumerate(pieces) if piece in _BLANKS]
    if not blanks and len(pieces) == n_classes - 1:
        blanks = [len(pieces)]
        pieces = [*pieces, BLANK]
    if len(pieces) != n_classes:
        raise CorruptModel(f"{file.name} has {len(pieces)} entries, but the model has {n_classes} classes.")
    if len(blanks) != 1:
        raise CorruptModel(f"{file.name} has {len(blanks)} blanks ({', '.join(sorted(_BLANKS))}), expected one.")
    blank = blanks[0]
    pieces[blank] = BLANK
    _refuse_repeated(file, pieces)
    return tuple(WORD_MARK if piece == " " else piece for piece in pieces), blank


def _pieces(file: Path) -> list[str]:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise CorruptModel(f"{file.name} has more than {_MAX_BYTES:,} bytes, too many for a vocabulary.")
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorruptModel(f"{file} cannot be read as a vocabulary: {error}.") from error
    lines = [line.removesuffix("\r") for line in lines]
    lines = [line for line in lines if line]
    if not lines:
        raise CorruptModel(f"{file} is empty.")
    found = [_WITH_ID.fullmatch(line) for line in lines]
    if not any(found):
        return lines
    if None in found:
        line = lines[found.index(None)]
        raise CorruptModel(f"{file.name} has a class on other lines, but none on the line {line!r}.")
    by_id = sorted((int(match[2]), match[1]) for match in found if match)
    if [number for number, _ in by_id] != list(range(len(by_id))):
        raise CorruptModel(f"{file.name} must have each id from 0 to {len(by_id) - 1} once.")
    return [piece for _, piece in by_id]


def _refuse_repeated(file: Path, pieces: Sequence[str]) -> None:
    piece, n = Counter(pieces).most_common(1)[0]
    if n > 1:
        raise UnsupportedModel(
            f"{file.name} has the piece {piece!r} {n} times: a head for several languages, each with pieces of its "
            "own. Its classes have to be cut to those of one language first."
        )
