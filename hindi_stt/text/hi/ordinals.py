"""पाँचवाँ → 5वाँ, एक सौ पच्चीसवीं → 125वीं, and पहला → 1ला before what has a rank."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from hindi_stt.text.hi.cardinals import parse
from hindi_stt.text.hi.contexts import POSTPOSITIONS, RANKED, keys_of
from hindi_stt.text.hi.number_words import FRACTIONS, SCALES, UNITS
from hindi_stt.text.hi.spelling import key

__all__ = ["IRREGULAR_ORDINALS", "ORDINAL_ENDINGS", "ordinal_at"]

_SUFFIXES: Final = ("वाँ", "वां", "वीं", "वें", "वी", "वे")
_IRREGULAR: Final = {
    key(stem + ending): (digit, last + ending)
    for stem, digit, last in (
        ("पहल", 1, "ल"),
        ("दूसर", 2, "र"),
        ("तीसर", 3, "र"),
        ("चौथ", 4, "थ"),
        ("छठ", 6, "ठ"),
    )
    for ending in ("ा", "ी", "े")
}
# Keys of पहला, दूसरे, …
IRREGULAR_ORDINALS: Final = frozenset(_IRREGULAR)

# How the key of any other ordinal ends.
ORDINAL_ENDINGS: Final = tuple(key(suffix) for suffix in _SUFFIXES)

# तेरहवीं is also the rite on the thirteenth day, and then counts nothing.
_RITES: Final = keys_of("तेरहवीं")
_BEHIND_A_RITE: Final = POSTPOSITIONS | keys_of("है हैं थी थीं हुई होगी और भी रस्म संस्कार भोज")
_SIXTH: Final = frozenset(word for word, (digit, _) in _IRREGULAR.items() if digit == 6)
_SIX: Final = key("छह")


def ordinal_at(texts: Sequence[str], keys: Sequence[str], start: int) -> tuple[Decimal, str, int] | None:
    """Read the ordinal that begins at a word.

    Args:
        texts: The words as they were spoken.
        keys: Their spelling keys.
        start: Position of the first word.

    Returns:
        Its value, its suffix as it was said, and the position of the word behind it; None without one.
    """
    if keys[start] in _IRREGULAR:
        if start + 1 < len(keys) and keys[start + 1] in RANKED:
            digit, suffix = _IRREGULAR[keys[start]]
            return Decimal(digit), suffix, start + 1
        return None
    if keys[start] in _RITES and start + 1 < len(keys) and keys[start + 1] in _BEHIND_A_RITE:
        return None
    last = start
    while last < len(keys) and (keys[last] in UNITS or keys[last] in SCALES or keys[last] in FRACTIONS):
        last += 1
    stem, suffix = _ending(texts, keys, start, last) if last < len(keys) else ("", "")
    number = parse([*keys[:last], stem], start) if stem else None
    return (number.value, suffix, last + 1) if number and number.end == last + 1 else None


def _ending(texts: Sequence[str], keys: Sequence[str], start: int, last: int) -> tuple[str, str]:
    """Key of the cardinal of an ordinal's last word, and its suffix; empty where the word ends none."""
    if last > start and keys[last] in _SIXTH:  # "एक सौ छठा"; but "सौ दूसरे" are other ones
        return _SIX, _IRREGULAR[keys[last]][1]
    stem, suffix = _split(texts[last])
    # एक … चार have ordinals of their own; with -वाँ they only end longer numbers.
    if start == last and 0 <= UNITS.get(stem, 5) < 5:
        return "", ""
    return stem, suffix


def _split(text: str) -> tuple[str, str]:
    """Spelling key of the number in an ordinal, and its suffix; empty where the word is no ordinal."""
    text = unicodedata.normalize("NFC", text)
    for suffix in _SUFFIXES:
        if text.endswith(suffix):
            stem = key(text.removesuffix(suffix))
            if stem == "न" and suffix not in {"वी", "वे"}:  # नवाँ; but नवी मुंबई
                return key("नौ"), suffix
            if stem == "छठ":
                return key("छह"), suffix
            if key(text) not in UNITS and (stem in UNITS or stem in SCALES):  # निन्यानवे is 99
                return stem, suffix
    return "", ""
