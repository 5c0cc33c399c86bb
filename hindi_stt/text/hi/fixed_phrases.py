"""Idioms, proverbs and names with a number in them, from fixed_phrases.tsv; their words stay as they were spoken."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources

from hindi_stt.text.hi.spelling import key

__all__ = ["fixed_phrase_end", "fixed_phrases"]


@functools.cache
def fixed_phrases() -> Mapping[str, Sequence[tuple[str, ...]]]:
    """Spelling key of the first word → the phrases that begin with it as tuples of keys, the longest first."""
    lines = (resources.files(__package__) / "fixed_phrases.tsv").read_text("utf-8").splitlines()
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for line in lines:
        if not line or line.startswith("#"):
            continue
        _, _, phrase = line.partition("\t")
        alternatives = [[key(word) for word in words.split("|")] for words in phrase.split()]
        for words in itertools.product(*alternatives):
            found[words[0]].add(words)
    return {first: sorted(phrases, key=len, reverse=True) for first, phrases in found.items()}


def fixed_phrase_end(keys: Sequence[str], start: int) -> int | None:
    """The end (excluded) of the longest fixed phrase that begins at this word; None where there is none."""
    for phrase in fixed_phrases().get(keys[start], ()):
        if tuple(keys[start : start + len(phrase)]) == phrase:
            return start + len(phrase)
    return None
