"""Word n-gram language models with back-off, as an automaton in flat arrays.

Scores are those of the ARPA back-off recursion (Katz, 1987), and so of KenLM (Heafield, 2011):

    log p(w | context) = log p(context w)                               where that n-gram is listed,
                         backoff(context) + log p(w | shorter context)  otherwise.

Each n-gram is a state, numbered level by level: 0 is the empty one, then all words, then all pairs, …; the n-grams that
lengthen a state by one word are neighbours, in order of word id. Scoring follows `suffix` links, each to the longest
listed n-gram that a state ends with (Aho and Corasick, 1975), and bisects among the neighbours.
"""

from __future__ import annotations

import json
import math
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from hindi_stt.errors import LanguageModelInvalid

__all__ = [
    "DEFAULT_ALPHA",
    "DEFAULT_BETA",
    "DEFAULT_UNKNOWN",
    "LN10",
    "LanguageModel",
    "NGramModel",
    "NGrams",
    "any_begins",
    "read_ngrams",
    "write_ngrams",
]

LN10: Final = math.log(10)
# Weights for a model that was not tuned; pyctcdecode and NeMo start from the same order of magnitude.
DEFAULT_ALPHA: Final = 0.5
DEFAULT_BETA: Final = 1.0
DEFAULT_UNKNOWN: Final = -6.0
_FORMAT: Final = "hindi-stt n-grams 1"
_ARRAYS: Final = ("words", "first_child", "word", "log10_prob", "log10_backoff", "suffix")


class LanguageModel(Protocol):
    """What the beam search needs of a language model. States are opaque and hashable.

    Attributes:
        alpha: Weight of its log-probability.
        beta: Reward per word, natural log.
        unknown: Additional score of a word that it does not know, at most 0, natural log.
        clear_unknown: The same where the best path writes the word clearly (`clear_words`); None for `unknown`.
    """

    alpha: float
    beta: float
    unknown: float
    clear_unknown: float | None

    @property
    def start(self) -> Any:
        """The state before the first word."""
        ...

    def score(self, state: Any, word: str) -> tuple[float, Any, bool]:
        """Score the next word.

        Args:
            state: The state before the word.
            word: The next word.

        Returns:
            Natural log-probability of the word, the state after it, and whether the model knows the word.
        """
        ...

    def end(self, state: Any) -> float:
        """Natural log-probability that the sentence ends here."""
        ...

    def has_prefix(self, letters: str) -> bool:
        """Whether a word that the model knows begins with these letters."""
        ...


@dataclass(frozen=True, slots=True)
class NGrams:
    """The arrays of an automaton of n states, and the weights of the model.

    Attributes:
        words: By word id; id 0 is <unk>.
        first_child: int32 [n + 1]; the children of state s are the states first_child[s] to first_child[s + 1].
        word: int32 [n], the last word of each state.
        log10_prob: float32 [n], log10 probability of the last word.
        log10_backoff: float32 [n], log10 backoff weight.
        suffix: int32 [n], the state of the same n-gram without its first word.
        order: Words in the longest n-gram.
        alpha: See `LanguageModel`.
        beta: See `LanguageModel`.
        unknown: See `LanguageModel`.
    """

    words: tuple[str, ...]
    first_child: NDArray[np.int32]
    word: NDArray[np.int32]
    log10_prob: NDArray[np.float32]
    log10_backoff: NDArray[np.float32]
    suffix: NDArray[np.int32]
    order: int
    alpha: float = DEFAULT_ALPHA
    beta: float = DEFAULT_BETA
    unknown: float = DEFAULT_UNKNOWN

    def with_weights(self, alpha: float, beta: float, unknown: float = DEFAULT_UNKNOWN) -> NGrams:
        """Return the same model with other weights.

        Args:
            alpha: See `LanguageModel`.
            beta: See `LanguageModel`.
            unknown: See `LanguageModel`.

        Returns:
            A model that shares the arrays.
        """
        return replace(self, alpha=alpha, beta=beta, unknown=unknown)


class NGramModel:
    """A LanguageModel over NGrams. Thread-safe."""

    def __init__(self, ngrams: NGrams) -> None:
        self.alpha, self.beta, self.unknown = ngrams.alpha, ngrams.beta, ngrams.unknown
        self.clear_unknown: float | None = None
        self.ngrams = ngrams
        self._ids = {word: i for i, word in enumerate(ngrams.words)}
        self._sorted = sorted(word for word in ngrams.words if not word.startswith("<"))
        # Memory views hand out Python numbers, several times faster than NumPy's own indexing does.
        self._first_child: Any = ngrams.first_child.data
        self._word: Any = ngrams.word.data
        self._prob: Any = ngrams.log10_prob.data
        self._backoff: Any = ngrams.log10_backoff.data
        self._suffix: Any = ngrams.suffix.data
        self.start: int = 1 + self._ids["<s>"] if "<s>" in self._ids else 0

    @property
    def words(self) -> list[str]:
        """The words it knows, sorted, without sentence marks."""
        return self._sorted

    def score(self, state: int, word: str) -> tuple[float, int, bool]:
        """See `LanguageModel.score`.

        Args:
            state: Number of the state before the word.
            word: The next word.

        Returns:
            Natural log-probability of the word, the state after it, and whether the model knows the word.
        """
        word_id = self._ids.get(word, 0)
        log10, state = self._step(state, word_id)
        return log10 * LN10, state, word_id != 0

    def end(self, state: int) -> float:
        """Natural log-probability that the sentence ends here."""
        return self.score(state, "</s>")[0]

    def has_prefix(self, letters: str) -> bool:
        """Whether a word that the model knows begins with these letters."""
        return any_begins(self._sorted, letters)

    def _step(self, state: int, word_id: int) -> tuple[float, int]:
        total = 0.0
        while state:
            low, high = self._first_child[state], self._first_child[state + 1]
            if low < high:
                at = bisect_left(self._word, word_id, low, high)
                if at < high and self._word[at] == word_id:
                    return total + self._prob[at], self._after(at)
            total += self._backoff[state]
            state = self._suffix[state]
        return total + self._prob[1 + word_id], self._after(1 + word_id)

    def _after(self, state: int) -> int:
        """Forget words that no listed n-gram continues and that cost nothing: equal futures are equal states."""
        while state and self._first_child[state] == self._first_child[state + 1] and not self._backoff[state]:
            state = self._suffix[state]
        return state


def any_begins(words: Sequence[str], letters: str) -> bool:
    """Tell whether one of these words begins with these letters.

    Args:
        words: Sorted words.
        letters: The beginning to look for.

    Returns:
        Whether one does.
    """
    at = bisect_left(words, letters)
    return at < len(words) and words[at].startswith(letters)


def write_ngrams(path: Path, ngrams: NGrams) -> None:
    """Write a model as an .npz file, compressed to a fifth.

    Args:
        path: The file.
        ngrams: The model.
    """
    weights = {"alpha": ngrams.alpha, "beta": ngrams.beta, "unknown": ngrams.unknown}
    meta = {"format": _FORMAT, "order": ngrams.order, **weights}
    arrays = {name: getattr(ngrams, name) for name in _ARRAYS if name != "words"}
    with path.open("wb") as file:
        np.savez_compressed(file, meta=_bytes(json.dumps(meta)), words=_bytes("\n".join(ngrams.words)), **arrays)


def read_ngrams(path: Path) -> NGrams:
    """Read a file that `write_ngrams` wrote.

    Args:
        path: The file.

    Returns:
        The model.

    Raises:
        LanguageModelInvalid: The file cannot be read, or its arrays do not fit together.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            meta = json.loads(file["meta"].tobytes())
            words = tuple(file["words"].tobytes().decode().split("\n"))
            arrays = {name: file[name] for name in _ARRAYS if name != "words"}
        _check_format(meta["format"])
        weights = (float(meta["alpha"]), float(meta["beta"]), float(meta.get("unknown", DEFAULT_UNKNOWN)))
        ngrams = NGrams(words, order=int(meta["order"]), **arrays).with_weights(*weights)
        _check(ngrams)
    # RuntimeError: an archive that says that it is encrypted, or packed in an unknown way.
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        EOFError,
        MemoryError,
        zlib.error,
        BadZipFile,
    ) as error:
        raise LanguageModelInvalid(f"{path} is not a whole n-gram file: {error}") from error
    return ngrams


def _check_format(name: object) -> None:
    if name != _FORMAT:
        raise ValueError(f"format {name!r}")


def _check(ngrams: NGrams) -> None:
    """Raise ValueError if following the arrays could leave them or never end."""
    n = len(ngrams.word)
    whole: dict[str, tuple[int, Any]] = {"first_child": (n + 1, np.int32), "word": (n, np.int32)}
    whole |= {"suffix": (n, np.int32), "log10_prob": (n, np.float32), "log10_backoff": (n, np.float32)}
    for name, (length, dtype) in whole.items():
        array = getattr(ngrams, name)
        if array.shape != (length,) or array.dtype != dtype:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} ({length},)")
    n_words, states = len(ngrams.words), np.arange(n)
    sound = (
        n > n_words > 0
        and ngrams.words[0] == "<unk>"
        and np.array_equal(ngrams.word[1 : n_words + 1], np.arange(n_words))
        and ngrams.first_child[0] == 1
        and ngrams.first_child[1] == n_words + 1
        and ngrams.first_child[-1] == n
        and bool((np.diff(ngrams.first_child) >= 0).all())
        and bool((ngrams.suffix[1:] < states[1:]).all() and (ngrams.suffix >= 0).all())
        and bool(np.isfinite(ngrams.log10_prob).all() and np.isfinite(ngrams.log10_backoff).all())
        and math.isfinite(ngrams.alpha)
        and math.isfinite(ngrams.beta)
        and -math.inf < ngrams.unknown <= 0
    )
    if not sound:
        raise ValueError("its arrays contradict each other")


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)
