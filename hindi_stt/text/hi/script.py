"""Hindi in other letters: all of it in Latin, or English loan-words alone (मीटिंग → meeting)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from importlib import resources

from hindi_stt.text.hi.latin import romanise
from hindi_stt.text.hi.spelling import plain
from hindi_stt.text.words import map_texts
from hindi_stt.types import Script, Word

__all__ = ["loan_words", "rewrite_script"]


@functools.cache
def loan_words() -> Mapping[str, str]:
    """Plain Devanagari spelling → English word, from loan_words.tsv."""
    lines = (resources.files(__package__) / "loan_words.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {plain(spelling): english for english, spellings in rows for spelling in spellings.split()}


def rewrite_script(words: Sequence[Word], script: Script) -> tuple[Word, ...]:
    """Write words in another script; in "latin" and "mixed" loan-words are spelled as in English.

    Args:
        words: The words, in Devanagari.
        script: The script.

    Returns:
        The words in the script.
    """
    if script == "devanagari":
        return tuple(words)
    loans = loan_words()

    def rewrite(text: str) -> str:
        return loans.get(plain(text)) or (romanise(text) if script == "latin" else text)

    return map_texts(words, rewrite)
