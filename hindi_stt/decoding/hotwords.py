"""Hotwords: words and phrases to listen for, as a tree of their letters.

The tree stands on letters, not on one cut into pieces, because a model may spell a word with any pieces that fit. A
hypothesis collects `weight` (natural log) per letter while it follows a hotword, keeps it when the hotword ends where a
word does, and gives it back otherwise: the shallow fusion with refund of Zhao et al., "Shallow-Fusion End-to-End
Contextual Biasing" (2019).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.errors import InvalidHotwords
from hindi_stt.settings import Settings

__all__ = [
    "DEFAULT_WEIGHT",
    "MAX_WEIGHT",
    "PROMPT_LETTERS",
    "PROMPT_WEIGHT",
    "Hotword",
    "HotwordBounds",
    "HotwordNode",
    "build_tree",
    "follow",
    "parse_hotwords",
    "read_hotwords",
]

DEFAULT_WEIGHT: Final = 5.0
MAX_WEIGHT: Final = 10.0
# Words of a prompt were not chosen for their sound, and most of them are not spoken.
PROMPT_WEIGHT: Final = 2.0
PROMPT_LETTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Hotword:
    """A word or phrase that decoding prefers.

    Attributes:
        text: The word or phrase.
        weight: Bonus per letter in natural log, above 0 and at most MAX_WEIGHT.
    """

    text: str
    weight: float = DEFAULT_WEIGHT


@dataclass(frozen=True, slots=True)
class HotwordBounds:
    """Bounds on the hotwords of one request, those of the server among them.

    Attributes:
        max_hotwords: Largest number of them.
        max_letters: Letters of the longest one.
    """

    max_hotwords: int = 1000
    max_letters: int = 100

    @classmethod
    def from_settings(cls, settings: Settings) -> HotwordBounds:
        """Return the server's bounds."""
        return cls(max_hotwords=settings.max_hotwords)


_BOUNDS: Final = HotwordBounds()


class HotwordNode:
    """One letter in the tree of hotwords.

    Attributes:
        children: Next node by letter.
        bonus: Of all letters from the root to here, natural log.
        end_bonus: Of the hotword that ends here; 0 if none does.
    """

    __slots__ = ("bonus", "children", "end_bonus")

    def __init__(self) -> None:
        self.children: dict[str, HotwordNode] = {}
        self.bonus = 0.0
        self.end_bonus = 0.0


def parse_hotwords(entries: Iterable[str], default_weight: float = DEFAULT_WEIGHT) -> tuple[Hotword, ...]:
    """Parse "WORD" and "WORD:WEIGHT".

    Args:
        entries: One hotword each.
        default_weight: Weight of entries without one, natural log per letter.

    Returns:
        The hotwords in the same order.

    Raises:
        InvalidHotwords: The text behind the last colon is not a number.
    """
    hotwords = []
    for entry in entries:
        text, colon, weight = entry.rpartition(":")
        try:
            hotwords.append(Hotword(text, float(weight)) if colon else Hotword(entry, default_weight))
        except ValueError:
            raise InvalidHotwords(f"The weight of hotword {entry[:60]!r} is not a number.") from None
    return tuple(hotwords)


def read_hotwords(path: Path) -> tuple[Hotword, ...]:
    """Read a file with one WORD[:WEIGHT] per line.

    Args:
        path: A UTF-8 text file.

    Returns:
        The hotwords in the file's order.

    Raises:
        InvalidHotwords: The file cannot be read, or a weight is not a number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidHotwords(f"{path} cannot be read as text: {error}.") from error
    return parse_hotwords(line.strip() for line in lines if line.strip())


def build_tree(
    hotwords: Sequence[Hotword], vocabulary: Vocabulary, bounds: HotwordBounds = _BOUNDS
) -> HotwordNode | None:
    """Build the tree of hotwords by letter.

    Args:
        hotwords: The hotwords.
        vocabulary: Of the acoustic model.
        bounds: On their number and length.

    Returns:
        The root; None without hotwords.

    Raises:
        InvalidHotwords: There are too many, one is too long, a weight is out of bounds, or the model cannot write one
            of them.
    """
    if len(hotwords) > bounds.max_hotwords:
        raise InvalidHotwords(f"{len(hotwords)} hotwords were given; the limit is {bounds.max_hotwords}.")
    if not hotwords:
        return None
    root = HotwordNode()
    for hotword in hotwords:
        _insert(root, _spelling(hotword, vocabulary, bounds), hotword.weight)
    return root


def _spelling(hotword: Hotword, vocabulary: Vocabulary, bounds: HotwordBounds) -> str:
    shown = repr(hotword.text[:60])
    if not (math.isfinite(hotword.weight) and 0 < hotword.weight <= MAX_WEIGHT):
        raise InvalidHotwords(
            f"The weight of hotword {shown} is {hotword.weight:g}: not above 0, at most {MAX_WEIGHT:g}."
        )
    if len(hotword.text) > bounds.max_letters:
        raise InvalidHotwords(f"Hotword {shown} has {len(hotword.text)} letters; the limit is {bounds.max_letters}.")
    words = vocabulary.words(hotword.text)
    if not words:
        raise InvalidHotwords(f"Hotword {shown} is empty.")
    for word in words:
        if not vocabulary.can_spell(word):
            letter = next(letter for letter in word if letter not in vocabulary.alphabet)
            raise InvalidHotwords(f"Hotword {shown} has {letter!r}, which this model cannot write.")
    return " ".join(words)


def _insert(root: HotwordNode, spelling: str, weight: float) -> None:
    node, bonus = root, 0.0
    for letter in spelling:
        node = node.children.setdefault(letter, HotwordNode())
        bonus += weight
        node.bonus = max(node.bonus, bonus)
    node.end_bonus = max(node.end_bonus, bonus)


def follow(node: HotwordNode | None, letters: str) -> HotwordNode | None:
    """Follow letters down the tree.

    Args:
        node: Where to start; None outside the tree.
        letters: The letters to follow.

    Returns:
        The node that they lead to; None where they leave the tree.
    """
    for letter in letters:
        if node is None:
            return None
        node = node.children.get(letter)
    return node
