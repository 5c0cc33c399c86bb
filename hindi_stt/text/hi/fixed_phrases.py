"""Idioms, proverbs and names with a number in them, from fixed_phrases.tsv; their words stay as they were spoken."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

from hindi_stt.text.hi.number_words import UNITS
from hindi_stt.text.hi.spelling import key

__all__ = ["fixed_phrase_end", "fixed_phrases"]

_ANY_ENDING: Final = "~"


@functools.cache
def fixed_phrases() -> Mapping[str, Sequence[tuple[str, ...]]]:
    """Read the list of fixed phrases.

    A form is a word's spelling key, or for a number its value in digits, so that all its spellings are equal.

    Returns:
        For the form of the first word, the phrases that begin with it, as tuples of forms, the longest first.
    """
    lines = (resources.files(__package__) / "fixed_phrases.tsv").read_text("utf-8").splitlines()
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for line in lines:
        if not line or line.startswith("#"):
            continue
        _, _, phrase = line.partition("\t")
        alternatives = [[_form(key(word)) for word in words.split("|")] for words in phrase.split()]
        for words in itertools.product(*alternatives):
            found[words[0]].add(words)
    return {first: sorted(phrases, key=len, reverse=True) for first, phrases in found.items()}


def fixed_phrase_end(keys: Sequence[str], start: int) -> int | None:
    """Find the longest fixed phrase that begins at a word.

    Args:
        keys: The words' spelling keys.
        start: Position of the first word.

    Returns:
        Position of the word behind it; None without one.
    """
    for phrase in fixed_phrases().get(_form(keys[start]), ()):
        end = start + len(phrase)
        if end <= len(keys) and all(map(_fits, phrase[1:], keys[start + 1 : end])):
            return end
    return None


def _form(word: str) -> str:
    return str(UNITS[word]) if word in UNITS else word


def _fits(form: str, word: str) -> bool:
    if form.endswith(_ANY_ENDING):
        return word.startswith(form.removesuffix(_ANY_ENDING))
    return form == _form(word)
