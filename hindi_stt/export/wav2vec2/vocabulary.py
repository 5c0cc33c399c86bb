"""The classes of a Wav2Vec2ForCTC model from the files of its tokenizer.

Source: Wav2Vec2CTCTokenizer of transformers: vocab.json maps a text to its class, "|" separates words, the padding
token is CTC's blank, and further special tokens are no text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hindi_stt.bundle.json_files import read_json, read_optional
from hindi_stt.bundle.manifest import BLANK
from hindi_stt.errors import CorruptModel, UnsupportedModel
from hindi_stt.types import WORD_MARK

__all__ = ["Vocabulary", "read_vocabulary"]

# Names of the tokenizer's special tokens and their defaults.
_SPECIAL: Final = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
_MAX_CLASSES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The classes of a model.

    Attributes:
        pieces: Text of each class, the mark of words where the tokenizer has its delimiter, and `BLANK`.
        blank_id: Class of the blank.
        special_ids: Classes that stand for no text.
    """

    pieces: tuple[str, ...]
    blank_id: int
    special_ids: tuple[int, ...]


def read_vocabulary(folder: Path, config: Mapping[str, Any]) -> Vocabulary:
    """Read the classes of a model.

    Args:
        folder: Of the model; vocab.json, and where they are there added_tokens.json, special_tokens_map.json and
            tokenizer_config.json.
        config: The content of config.json.

    Returns:
        The classes.

    Raises:
        CorruptModel: A file is missing or cannot be read, or the classes are not those of the configuration.
        UnsupportedModel: The vocabulary has parts for several languages.
    """
    classes = _classes(folder)
    n_classes = config.get("vocab_size")
    if not isinstance(n_classes, int) or not 1 < n_classes <= _MAX_CLASSES:
        raise CorruptModel(f"config.json: vocab_size is {n_classes!r}.")
    by_id = {id_: text for text, id_ in classes.items()}
    if sorted(by_id) != list(range(n_classes)) or len(by_id) < len(classes):
        raise CorruptModel(
            f"vocab.json has {len(classes)} tokens, and the model {n_classes} classes: each class needs one token."
        )
    settings = read_optional(folder / "tokenizer_config.json")
    special = _special_tokens(folder, settings)
    blank = classes.get(special["pad_token"])
    if blank is None or blank != config.get("pad_token_id", blank):
        raise CorruptModel(
            f"The blank is class {config.get('pad_token_id')} in config.json, "
            f"and {special['pad_token']!r} is class {blank} of vocab.json."
        )
    delimiter = str(settings.get("word_delimiter_token") or "|")
    lower = bool(settings.get("do_lower_case"))
    silent = {classes[text] for text in special.values() if text in classes and text != delimiter} - {blank}
    pieces = [_piece(by_id[i], delimiter, lower=lower) for i in range(n_classes)]
    pieces[blank] = BLANK
    if any(not piece or piece != piece.strip() or "\n" in piece for piece in pieces):
        raise CorruptModel("vocab.json has a token that is empty, or begins or ends with white space.")
    return Vocabulary(tuple(pieces), blank, tuple(sorted(silent)))


def _classes(folder: Path) -> dict[str, int]:
    vocabulary = read_json(folder / "vocab.json")
    if any(isinstance(value, dict) for value in vocabulary.values()):
        raise UnsupportedModel("vocab.json has a vocabulary for each of several languages (MMS), unknown here.")
    classes = vocabulary | read_optional(folder / "added_tokens.json")
    if not all(isinstance(id_, int) and not isinstance(id_, bool) for id_ in classes.values()):
        raise CorruptModel("vocab.json: a class is not a number.")
    return classes


def _special_tokens(folder: Path, settings: Mapping[str, Any]) -> dict[str, str]:
    """Text of each special token: of the two files the map counts, as in transformers."""
    named = {**settings, **read_optional(folder / "special_tokens_map.json")}
    special = {name: _text(named.get(name)) or default for name, default in _SPECIAL.items()}
    more = named.get("additional_special_tokens") or []
    return special | {f"additional {i}": text for i, token in enumerate(more) if (text := _text(token))}


def _text(token: Any) -> str:
    """A token is written as its text, or as an object with the text in "content"."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else ""


def _piece(text: str, delimiter: str, *, lower: bool) -> str:
    if text in {delimiter, " "}:
        return WORD_MARK
    return text.lower() if lower else text
