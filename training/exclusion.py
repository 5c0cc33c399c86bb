"""Which sentences must not be trained on: what is measured with, and whatever is nearly the same.

Spelling varies (nukta or none, chandrabindu or anusvara), so words are compared without those. A text is excluded when
it is a measured sentence, when one of the two holds the other as it stands (from four words up), when three quarters of
the words of the longer of the two are in both, or three quarters of the shorter's if that has six words or more. Looser
bounds would exclude much everyday speech, whose short sentences share their pronouns and verbs.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from .alphabet import CHARACTERS, normalise

NEAR = 0.75  # share of common words from which two sentences are nearly the same
LEAST_HELD, LEAST_SHORTER = 4, 6  # words from which a shorter sentence counts when held as it stands, or by its words
_FOLD = str.maketrans({"़": "", "ँ": "ं"})


def folded(text: str) -> list[str]:
    """The words of a text as they are compared: no marks, no nukta, anusvara for chandrabindu."""
    return re.sub(f"[^{CHARACTERS} ]", " ", normalise(text)).translate(_FOLD).split()


def transcripts(folder: Path) -> list[str]:
    """The texts of a folder of recordings with `transcripts.tsv`."""
    with (folder / "transcripts.tsv").open(encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


class Exclusion:
    """Answers whether a text is, holds or nearly repeats one of the measured sentences."""

    def __init__(self, measured: Iterable[str]):
        self._sentences = [words for words in map(folded, measured) if words]
        self._equal = {" ".join(words) for words in self._sentences}
        self._where: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, words in enumerate(self._sentences):
            for word, count in Counter(words).items():
                self._where[word].append((number, count))

    def __len__(self) -> int:
        return len(self._sentences)

    def match(self, text: str) -> str | None:
        """The measured sentence that a text repeats, folded, or None."""
        words = folded(text)
        joined = " ".join(words)
        if joined in self._equal:
            return joined
        common: Counter[int] = Counter()
        for word, count in Counter(words).items():
            for number, other in self._where.get(word, ()):
                common[number] += min(count, other)
        for number, shared in common.items():
            measured = self._sentences[number]
            shorter, longer = sorted((len(words), len(measured)))
            near = shared >= NEAR * longer or (shorter >= LEAST_SHORTER and shared >= NEAR * shorter)
            if shorter >= LEAST_HELD and (near or _holds(joined, " ".join(measured))):
                return " ".join(measured)
        return None


def _holds(one: str, other: str) -> bool:
    """Whether one of two sentences is part of the other, by whole words."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
