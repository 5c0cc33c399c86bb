"""Devanagari → Latin letters as Hindi is commonly typed: लड़का → larka, समझना → samajhna, ज़िंदगी → zindagi.

For reading, not for going back. The vowel that is written but not said is left out by the rule of Ohala (1983): between
a vowel and one consonant before it and one consonant and a vowel after it, from the end of the word; and at the end.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

__all__ = ["romanise"]

_SCHWA: Final = "a"


def _table(pairs: str) -> dict[str, str]:
    items = pairs.split()
    return dict(zip(items[::2], items[1::2], strict=True))


_VOWELS: Final = _table("अ a आ aa इ i ई ee उ u ऊ oo ऋ ri ऌ li ऍ e ऎ e ए e ऐ ai ऑ o ऒ o ओ o औ au")
_SIGNS: Final = _table("ा aa ि i ी ee ु u ू oo ृ ri ॄ ri ॅ e ॆ e े e ै ai ॉ o ॊ o ो o ौ au")
_CONSONANTS: Final = _table(
    "क k ख kh ग g घ gh ङ n च ch छ chh ज j झ jh ञ n ट t ठ th ड d ढ dh ण n त t थ th द d ध dh न n"
    " प p फ ph ब b भ bh म m य y र r ल l ळ l व v श sh ष sh स s ह h"
)
_WITH_NUKTA: Final = _table("क q ख kh ग gh ज z ड r ढ rh फ f")
_CONJUNCTS: Final = (("ज्ञ", "gy"), ("च्छ", "chh"), ("च्च", "cch"))
_FINAL: Final = {"aa": "a", "ee": "i", "oo": "u"}
_WORDS: Final = {"में": "mein"}

_SYLLABLE: Final = re.compile(
    "(?P<onset>(?:[क-ह]\u093c?\u094d)*[क-ह]\u093c?)(?P<sign>[\u093e-\u094c]|\u094d)?(?P<coda>[ँंः]*)"
    "|(?P<vowel>[अ-औ])(?P<vowel_coda>[ँंः]*)"
)
_WORD: Final = re.compile("[\u0900-\u0963\u0971-\u097f\u200c\u200d]+")


@dataclass(slots=True)
class _Syllable:
    """A syllable.

    Attributes:
        onset: Its consonants in Latin letters.
        letters: How many consonants it has in Devanagari.
        keeps_schwa: Whether the last one may end a word in -a.
    """

    onset: str
    letters: int
    vowel: str
    coda: str
    unwritten: bool = False
    keeps_schwa: bool = False


def romanise(text: str) -> str:
    """The text with its Devanagari words in Latin letters; anything else stays."""
    return unicodedata.normalize("NFC", _WORD.sub(lambda match: _romanise_word(match[0]), text))


def _romanise_word(word: str) -> str:
    word = unicodedata.normalize("NFD", re.sub("[\u200c\u200d]", "", word)).replace("ॐ", "ओम")
    if word in _WORDS:
        return _WORDS[word]
    latin: list[str] = []
    done = 0
    syllables: list[_Syllable] = []
    for match in _SYLLABLE.finditer(word):
        if match.start() > done:  # a stray sign: what stands before it is a word of its own
            latin += [_join(syllables), word[done : match.start()]]
            syllables = []
        syllables.append(_syllable(match))
        done = match.end()
    return "".join([*latin, _join(syllables), word[done:]])


def _syllable(match: re.Match[str]) -> _Syllable:
    if match["vowel"]:
        return _Syllable("", 0, _VOWELS[match["vowel"]], match["vowel_coda"])
    onset, sign = match["onset"], match["sign"]
    vowel = "" if sign == "\u094d" else _SIGNS.get(sign, sign) if sign else _SCHWA
    letters = onset.replace("\u093c", "").split("\u094d")
    cluster = len(letters) > 1 and letters[-1] in "यरलवनण" and letters[-2] not in {"र", letters[-1]}
    return _Syllable(_consonants(onset), len(letters), vowel, match["coda"], not sign, cluster)


def _consonants(onset: str) -> str:
    for conjunct, latin in _CONJUNCTS:
        onset = onset.replace(conjunct, latin)
    onset = re.sub("([कखगजडढफ])\u093c", lambda match: _WITH_NUKTA[match[1]], onset)
    return "".join(_CONSONANTS.get(letter, letter) for letter in onset if letter not in "\u093c\u094d")


def _join(syllables: list[_Syllable]) -> str:
    _drop_schwas(syllables)
    parts: list[str] = []
    for i, syllable in enumerate(syllables):
        after = syllables[i + 1] if i + 1 < len(syllables) else None
        vowel = syllable.vowel
        if not after and not syllable.coda and (i or syllable.onset):
            vowel = _FINAL.get(vowel, vowel)
        elif vowel == "ee" and ((not after and "ः" not in syllable.coda) or (after and after.onset == "y")):
            vowel = "i"
        parts += [syllable.onset, vowel, _coda(syllable.coda, after)]
    return "".join(parts)


def _drop_schwas(syllables: list[_Syllable]) -> None:
    for i in range(len(syllables) - 1, 0, -1):
        syllable, before = syllables[i], syllables[i - 1]
        if not syllable.unwritten or syllable.coda:
            continue
        if i == len(syllables) - 1:
            ends_in_a = syllable.keeps_schwa or (syllable.onset == "y" and before.vowel in {"i", "ee"})
            syllable.vowel = _SCHWA if ends_in_a else ""
            continue
        after = syllables[i + 1]
        alone = syllable.letters == 1 and after.letters == 1
        if alone and after.vowel and before.vowel and "ं" not in before.coda:  # ँ is no consonant
            syllable.vowel = ""


def _coda(signs: str, after: _Syllable | None) -> str:
    if not signs:
        return ""
    if "ः" in signs:
        return "" if after else "h"
    return "m" if "ं" in signs and after and after.onset[:1] in {"p", "b", "m"} else "n"
