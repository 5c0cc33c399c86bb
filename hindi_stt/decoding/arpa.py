"""ARPA files, the text form in which every n-gram tool reads and writes its models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from hindi_stt.decoding.ngram import NGrams
from hindi_stt.errors import LanguageModelInvalid

__all__ = ["read_arpa", "write_arpa"]

MAX_ORDER: Final = 10
# KenLM's value for an unknown word that the file does not list.
_NO_UNKNOWN: Final = -100.0
# Beyond any logarithm of a probability, and within float32.
_LARGEST: Final = 1e30


def read_arpa(path: Path) -> NGrams:
    """Read a model from an ARPA file.

    Args:
        path: The file.

    Returns:
        The model as arrays.

    Raises:
        LanguageModelInvalid: The file cannot be read or is malformed; the message names the line.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return _Reader(path, file).read()
    except UnicodeDecodeError as error:
        raise LanguageModelInvalid(f"{path} is not UTF-8 text: {error}.") from error
    except OSError as error:
        raise LanguageModelInvalid(f"{path} cannot be read: {error.strerror}.") from error


class _Reader:
    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self._number = 0

    def read(self) -> NGrams:
        counts = self._counts()
        levels = [self._level(order, count, len(counts)) for order, count in enumerate(counts, 1)]
        if self._line() != "\\end\\":
            raise self._error("\\end\\ expected: there are more n-grams than the head says")
        return _assemble(levels)

    def _line(self) -> str:
        """The next line that is not empty."""
        for line in self._file:
            self._number += 1
            if stripped := line.strip():
                return stripped
        raise self._error("the file ends here, before \\end\\")

    def _error(self, what: str) -> LanguageModelInvalid:
        return LanguageModelInvalid(f"{self._path}, line {self._number}: {what}.")

    def _counts(self) -> list[int]:
        if self._line() != "\\data\\":
            raise self._error("\\data\\ expected, with which an ARPA file begins")
        counts: list[int] = []
        while True:
            line = self._line()
            if line == "\\1-grams:":
                break
            head, _, count = line.partition("=")
            if head.split() != ["ngram", str(len(counts) + 1)] or not count.strip().isdecimal():
                raise self._error(f"'ngram {len(counts) + 1}=COUNT' expected, found {line[:60]!r}")
            counts.append(int(count))
        if not 1 <= len(counts) <= MAX_ORDER:
            raise self._error(f"the order is {len(counts)}, expected 1 to {MAX_ORDER}")
        return counts

    def _level(self, order: int, count: int, top: int) -> list[tuple[tuple[str, ...], float, float]]:
        if order > 1 and (line := self._line()) != f"\\{order}-grams:":
            raise self._error(f"\\{order}-grams: expected, found {line[:60]!r}")
        level = []
        for _ in range(count):
            fields = self._line().split()
            try:
                prob, words = float(fields[0]), tuple(fields[1 : order + 1])
                backoff = float(fields[order + 1]) if len(fields) == order + 2 else 0.0
            except ValueError:
                raise self._error(f"probability, {order} words and perhaps a back-off expected") from None
            if len(words) != order or len(fields) > order + 1 + (order < top):
                raise self._error(f"an n-gram of {order} words expected, found {' '.join(fields)[:60]!r}")
            if not (-_LARGEST <= prob <= 0 and abs(backoff) <= _LARGEST):
                raise self._error(f"log-probability {prob} or back-off {backoff} is not one")
            level.append((words, prob, backoff))
        return level


def _assemble(levels: list[list[tuple[tuple[str, ...], float, float]]]) -> NGrams:
    """Number the states: level by level, children of one state together, in order of word id."""
    unigrams = {words[0]: (prob, backoff) for words, prob, backoff in levels[0]}
    if len(unigrams) != len(levels[0]):
        raise LanguageModelInvalid("An ARPA file lists a word twice.")
    unigrams.setdefault("<unk>", unigrams.pop("<UNK>", (_NO_UNKNOWN, 0.0)))
    words = ("<unk>", *(word for word in unigrams if word != "<unk>"))
    ids = {word: i for i, word in enumerate(words)}
    ids["<UNK>"] = 0
    states: dict[tuple[int, ...], int] = {(): 0} | {(i,): 1 + i for i in range(len(words))}
    parents, last = [0] * len(words), list(range(len(words)))
    probs, backoffs = ([unigrams[word][side] for word in words] for side in (0, 1))
    suffixes = [0] * len(words)
    for level in levels[1:]:
        rows = []
        for text, prob, backoff in level:
            try:
                key = tuple(ids[word] for word in text)
                rows.append((states[key[:-1]], key[-1], key, prob, backoff))
            except KeyError:
                raise LanguageModelInvalid(
                    f"The ARPA file lists {' '.join(text)!r} but not what it begins with, or not its words."
                ) from None
        rows.sort()
        for parent, word, key, prob, backoff in rows:
            if key in states:
                raise LanguageModelInvalid(f"The ARPA file lists {' '.join(words[i] for i in key)!r} twice.")
            states[key] = 1 + len(parents)
            parents.append(parent)
            last.append(word)
            probs.append(prob)
            backoffs.append(backoff)
            suffixes.append(next(states[key[k:]] for k in range(1, len(key) + 1) if key[k:] in states))
    return NGrams(
        words,
        first_child_of(np.array(parents, np.int64), len(parents) + 1),
        np.array([-1, *last], np.int32),
        np.array([0, *probs], np.float32),
        np.array([0, *backoffs], np.float32),
        np.array([0, *suffixes], np.int32),
        len(levels),
    )


def first_child_of(parents: NDArray[np.int64], n_states: int) -> NDArray[np.int32]:
    """Return where the children of each state begin.

    Args:
        parents: Parent of each state but the first, int64 [n_states - 1], not decreasing.
        n_states: Number of states.

    Returns:
        int32 [n_states + 1]: the children of state s are the states from entry s to entry s + 1.
    """
    return (1 + np.searchsorted(parents, np.arange(n_states + 1))).astype(np.int32)


def write_arpa(path: Path, ngrams: NGrams) -> None:
    """Write a model as an ARPA file, which KenLM reads as well.

    Args:
        path: The file.
        ngrams: The model.
    """
    with path.open("w", encoding="utf-8") as file:
        file.writelines(_lines(ngrams))


def _lines(ngrams: NGrams) -> Iterator[str]:
    bounds = [1, 1 + len(ngrams.words)]
    while len(bounds) <= ngrams.order:
        bounds.append(int(ngrams.first_child[bounds[-1]]))
    yield "\\data\\\n"
    for order in range(1, ngrams.order + 1):
        yield f"ngram {order}={bounds[order] - bounds[order - 1]}\n"
    n_states = len(ngrams.word)
    parent = np.repeat(np.arange(n_states), np.diff(ngrams.first_child))
    names = [""] * bounds[-2] if ngrams.order > 1 else [""] * n_states
    for order in range(1, ngrams.order + 1):
        yield f"\n\\{order}-grams:\n"
        for state in range(bounds[order - 1], bounds[order]):
            word = ngrams.words[ngrams.word[state]]
            name = f"{names[parent[state - 1]]} {word}" if order > 1 else word
            line = f"{ngrams.log10_prob[state]:.7g}\t{name}"
            if order < ngrams.order:
                names[state] = name
                line += f"\t{ngrams.log10_backoff[state]:.7g}"
            yield line + "\n"
    yield "\n\\end\\\n"
