"""Finds the classes of one language in a model that has one head for several.

AI4Bharat publishes its multilingual ONNX models with `language_masks.json`, which says of each language which classes
of the head are its own (the last one is the blank of all), and `vocab.json` with the pieces of these classes, after
which an entry follows that fills the blank's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hindi_stt.bundle.json_files import read_json
from hindi_stt.bundle.manifest import BLANK
from hindi_stt.errors import CorruptModel, LanguageNotInModel

__all__ = ["LanguageClasses", "find_language", "read_language_classes"]

# 22 languages of 5,633 classes take 0.8 MB.
_MAX_BYTES: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class LanguageClasses:
    """The part of a head that belongs to a language.

    Attributes:
        language: The language's code in the model's files.
        classes: Its classes in ascending order; the last one is the blank.
        n_classes: Classes of the whole head.
        pieces: The piece of each of its classes, the blank as <blk>.
    """

    language: str
    classes: tuple[int, ...]
    n_classes: int
    pieces: tuple[str, ...]


def find_language(wanted: str, codes: Sequence[str]) -> str:
    """Find a language among those of a model.

    Args:
        wanted: BCP 47 tag: "hi" and "hi-IN" are the same language.
        codes: The model's languages, in its own order.

    Returns:
        The code of the language in the model.

    Raises:
        LanguageNotInModel: The model has no such language.
    """
    primary = wanted.replace("_", "-").partition("-")[0].lower()
    for code in codes:
        if code.lower() in {wanted.lower(), primary}:
            return code
    raise LanguageNotInModel(f"The model has no language {wanted!r}; it has {', '.join(codes)}.")


def read_language_classes(masks_file: Path, vocabulary_file: Path, language: str) -> LanguageClasses:
    """Read which classes are a language's, and their pieces.

    Args:
        masks_file: language_masks.json: per language a list of booleans, one for each class of the head.
        vocabulary_file: vocab.json: per language its pieces, and an entry for the blank.
        language: BCP 47 tag.

    Returns:
        The language's part of the head.

    Raises:
        LanguageNotInModel: The model has no such language.
        CorruptModel: A file is missing or damaged, or the two do not fit each other.
    """
    masks, vocabularies = _read(masks_file), _read(vocabulary_file)
    code = find_language(language, sorted(masks, key=lambda one: _first(masks[one])))
    mask, pieces = masks[code], vocabularies.get(code)
    if not isinstance(mask, list) or not all(isinstance(own, bool) for own in mask):
        raise CorruptModel(f"{masks_file.name}: {code} is not a list of booleans.")
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise CorruptModel(f"{vocabulary_file.name} has no list of pieces for {code}.")
    classes = tuple(i for i, own in enumerate(mask) if own)
    if len(classes) != len(pieces) or len(classes) < 2:
        raise CorruptModel(
            f"{code} has {len(classes)} classes in {masks_file.name}, but {len(pieces)} in {vocabulary_file.name}."
        )
    if classes[-1] != len(mask) - 1:
        raise CorruptModel(f"{masks_file.name}: the last class, the blank, is not one of {code}.")
    own_pieces = pieces[:-1]
    if len(set(own_pieces)) != len(own_pieces) or not all(own_pieces):
        raise CorruptModel(f"{vocabulary_file.name}: {code} has an empty piece, or one twice.")
    return LanguageClasses(code, classes, len(mask), (*own_pieces, BLANK))


def _first(mask: Any) -> int:
    """Place of a language in the head."""
    return mask.index(True) if isinstance(mask, list) and True in mask else 0


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise CorruptModel(f"{file.name} is missing beside the graphs: it tells the languages' classes.")
    content = read_json(file, max_bytes=_MAX_BYTES)
    if not content:
        raise CorruptModel(f"{file} names no languages.")
    return content
