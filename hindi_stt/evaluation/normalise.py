"""The declared forms in which texts are compared. Reference and hypothesis go through the same one.

raw: as written; runs of white space are one space, and Unicode is in its canonical form (NFC).
normalised: besides, punctuation and invisible characters are gone and Latin letters are small. What a reader would call
    the same spelling.
lenient: besides, alternative spellings of Hindi are made equal: the nukta is dropped (ज़ → ज), chandrabindu is
    anusvara (हँ → हं), a nasal consonant before its class is anusvara (हिन्दी → हिंदी), Devanagari digits are ASCII.
vistaar: that of the Vistaar benchmarks' own script, for the comparison with published figures: ASCII punctuation and
    dandas are deleted (so "आज-कल" becomes one word), then comes indic-nlp-library's Devanagari normalisation.
"""

from __future__ import annotations

import re
import string
import unicodedata
from typing import Final, Literal, get_args

__all__ = ["FORMS", "Form", "apply_form"]

Form = Literal["raw", "normalised", "lenient", "vistaar"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)

_NUKTA: Final = "\u093c"
_VIRAMA: Final = "\u094d"
_CHANDRABINDU, _ANUSVARA = "\u0901", "\u0902"
# Each nasal with the consonants of its class: ङ before क–घ, ञ before च–झ, ण before ट–ढ, न before त–ध, म before प–भ.
_HOMORGANIC: Final = re.compile(
    f"ङ{_VIRAMA}(?=[क-घ])|ञ{_VIRAMA}(?=[च-झ])|ण{_VIRAMA}(?=[ट-ढ])|न{_VIRAMA}(?=[त-ध])|म{_VIRAMA}(?=[प-भ])"
)
_VISTAAR_DELETED: Final = str.maketrans("", "", string.punctuation + "।۔॥")
_INDIC_NLP: Final = str.maketrans(
    {
        **dict.fromkeys("\ufeff\ufffe\u2060\u00ad\u200c\u200d", ""),
        **dict.fromkeys("\u200b\u00a0", " "),
        **{
            char: unicodedata.normalize("NFD", char)
            for char in "\u0929\u0931\u0934" + "".join(map(chr, range(0x958, 0x960)))
        },
        **dict.fromkeys("„“”", '"'),
        **dict.fromkeys("´‘‚’", "'"),
        "–": "-",
        "—": " - ",
        "…": "...",
        "ॲ": "ए",
    }
)
_DIGITS: Final = str.maketrans("०१२३४५६७८९", "0123456789")


def apply_form(text: str, form: Form) -> str:
    """Normalise a text for comparison.

    Args:
        text: Any text.
        form: One of the forms that this module defines.

    Returns:
        The text in this form.
    """
    if form == "vistaar":
        plain = text.translate(_VISTAAR_DELETED).translate(_INDIC_NLP).replace("''", '"')
        return " ".join(plain.split())
    text = unicodedata.normalize("NFC", text)
    if form != "raw":
        text = "".join(_plain(char) for char in text).casefold()
    if form == "lenient":
        text = unicodedata.normalize("NFD", text).replace(_NUKTA, "")
        text = unicodedata.normalize("NFC", text).replace(_CHANDRABINDU, _ANUSVARA).translate(_DIGITS)
        text = _HOMORGANIC.sub(_ANUSVARA, text)
    return " ".join(text.split())


def _plain(char: str) -> str:
    """Punctuation and symbols become a space, invisible format characters (joiners, marks of direction) nothing."""
    category = unicodedata.category(char)
    if category[0] in "PS":
        return " "
    return "" if category == "Cf" else char
