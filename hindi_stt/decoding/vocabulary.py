"""The vocabulary of a model: its pieces as letters, and texts in its form."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from hindi_stt.types import WORD_MARK

__all__ = ["UNKNOWN", "UNKNOWN_TEXT", "Vocabulary"]

UNKNOWN: Final = "<unk>"
# What SentencePiece writes for an unknown piece, and therefore NeMo too.
UNKNOWN_TEXT: Final = "\u2047"
# Pieces that SentencePiece reserves: they stand for no letters.
_RESERVED: Final = frozenset({"<unk>", "<s>", "</s>", "<pad>"})


class Vocabulary:
    """The pieces of a model, in order of class id.

    Args:
        tokens: The piece of each class, with its word mark.
        blank_id: Id of the CTC blank.
        special_ids: Further classes that stand for no text.

    Attributes:
        letters: Each piece without its word mark.
        starts: Whether each piece begins a word.
        alphabet: Every letter that the pieces can spell, without punctuation marks.
    """

    def __init__(self, tokens: Sequence[str], blank_id: int, special_ids: Sequence[int] = ()) -> None:
        self.tokens = tuple(tokens)
        self.blank_id = blank_id
        self.letters = tuple(UNKNOWN_TEXT if t == UNKNOWN else t.replace(WORD_MARK, "") for t in tokens)
        self.starts = tuple(t == UNKNOWN or t.startswith(WORD_MARK) for t in tokens)
        silent = {blank_id, *special_ids}
        spelling = (t for i, t in enumerate(tokens) if i not in silent and t not in _RESERVED)
        # Marks part words, even where a model has a piece for one.
        letters = set("".join(spelling)) - {WORD_MARK}
        self.alphabet = frozenset(letter for letter in letters if unicodedata.category(letter)[0] != "P")

    def words(self, text: str) -> list[str]:
        """Split a text into words, in the form of the model's own output.

        Unicode is in canonical form (NFC). Punctuation and symbols that the model cannot write separate words;
        invisible format characters that it cannot write are removed.

        Args:
            text: Any text.

        Returns:
            The words.
        """
        return "".join(map(self._plain, unicodedata.normalize("NFC", text))).split()

    def _plain(self, char: str) -> str:
        if char in self.alphabet:
            return char
        category = unicodedata.category(char)
        if category[0] == "P":
            return " "
        return "" if category == "Cf" else char

    def can_spell(self, word: str) -> bool:
        """Whether every letter of the word is in the model's alphabet."""
        return self.alphabet.issuperset(word)
