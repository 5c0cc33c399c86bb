"""Language models over the acoustic model's pieces, asked as models over words.

A word counts as its likeliest cut into pieces. Models of this kind are trained on the tokenizer's own cuts, to which
they give nearly all of a word's probability, so no tokenizer is needed here.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from hindi_stt.decoding.ngram import LanguageModel
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.types import WORD_MARK

__all__ = ["PieceModel", "names_of_pieces"]

# NeMo's train_kenlm.py writes piece i as the character 100 + i.
_NEMO_OFFSET: Final = 100
_CACHED_WORDS: Final = 2**16


def names_of_pieces(words: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...] | None:
    """Find out how a language model names the classes of the acoustic model.

    Args:
        words: The language model's words.
        vocabulary: Of the acoustic model.

    Returns:
        The name of each class; None for a model over words.
    """
    if any(WORD_MARK in word for word in words):
        return vocabulary.tokens
    nemo = tuple(chr(_NEMO_OFFSET + i) for i in range(len(vocabulary.tokens)))
    is_nemo = len(words) > 0 and set(nemo).issuperset(words) and not all(map(vocabulary.can_spell, words))
    return nemo if is_nemo else None


class PieceModel:
    """A language model over words, made of one over pieces. Thread-safe if that one is.

    `alpha` weighs the sum over a word's pieces; `beta` is a reward per word, whereas NeMo's is per piece.

    Args:
        model: The model over pieces.
        vocabulary: Of the acoustic model.
        names: How the model names each class of the vocabulary.
    """

    def __init__(self, model: LanguageModel, vocabulary: Vocabulary, names: Sequence[str]) -> None:
        self.alpha, self.beta, self.unknown = model.alpha, model.beta, model.unknown
        self.clear_unknown = model.clear_unknown
        self._model = model
        self._first: dict[str, list[str]] = defaultdict(list)
        self._later: dict[str, list[str]] = defaultdict(list)
        for class_, name in enumerate(names):
            if class_ != vocabulary.blank_id:
                pieces = self._first if vocabulary.starts[class_] else self._later
                pieces[vocabulary.letters[class_]].append(name)
        self._longest = max(map(len, (*self._first, *self._later)))
        self._spells = vocabulary.can_spell
        self._cached_score = functools.lru_cache(_CACHED_WORDS)(self._score)

    @property
    def start(self) -> Any:
        """The state before the first word."""
        return self._model.start

    def score(self, state: Any, word: str) -> tuple[float, Any, bool]:
        """Score the next word by its most likely segmentation into pieces.

        Args:
            state: The state before the word.
            word: The next word.

        Returns:
            Natural log-probability of the word, the state after it, and whether there is a segmentation.
        """
        return self._cached_score(state, word)

    def end(self, state: Any) -> float:
        """Natural log-probability that the sentence ends here."""
        return self._model.end(state)

    def has_prefix(self, letters: str) -> bool:
        """Whether the pieces can spell these letters: what they spell can go on."""
        return self._spells(letters)

    def _score(self, state: Any, word: str) -> tuple[float, Any, bool]:
        # Per number of letters spelled: the states that cuts of them lead to, each with its best score.
        reached: list[dict[Any, float]] = [{} for _ in range(len(word) + 1)]
        self._extend(reached, word, 0, {state: 0.0}, self._first)
        for at in range(len(word)):
            self._extend(reached, word, at, reached[at], self._later)
        if not reached[-1]:
            return self._model.score(state, word)
        after = max(reached[-1], key=reached[-1].__getitem__)
        return reached[-1][after], after, True

    def _extend(
        self,
        reached: list[dict[Any, float]],
        word: str,
        at: int,
        states: dict[Any, float],
        pieces: dict[str, list[str]],
    ) -> None:
        for end in range(at, min(at + self._longest, len(word)) + 1):
            for name in pieces.get(word[at:end], ()):
                for state, score in list(states.items()):
                    log_p, after, _ = self._model.score(state, name)
                    if score + log_p > reached[end].get(after, -float("inf")):
                        reached[end][after] = score + log_p
