"""The Unicode form of every text that leaves the server.

Always: NFC, and no joiners in Devanagari. NFC writes क़ ख़ ग़ ज़ ड़ ढ़ फ़ य़ as letter + nukta (U+093C), since Unicode excludes
U+0958…095F from composition, and ऩ ऱ ऴ as one code point. On request: no nukta except in ड़ ढ़, which are letters of
their own; anusvara for chandrabindu. Neither is a default: both lose part of the pronunciation.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from hindi_stt.types import Nasals, Nukta

__all__ = ["unicode_form"]

_DEVANAGARI: Final = "\u0900-\u097f\ua8e0-\ua8ff"
# Joiners choose how a conjunct is drawn; between other signs (emoji) they carry meaning and stay.
_JOINERS: Final = re.compile(f"(?<=[{_DEVANAGARI}])[\u200c\u200d]+|[\u200c\u200d]+(?=[{_DEVANAGARI}])")
_NUKTA: Final = re.compile("(?<![डढ])\u093c")
_WITHOUT_NUKTA: Final = str.maketrans({"\u0929": "न", "\u0931": "र", "\u0934": "ळ"})
_CHANDRABINDU, _ANUSVARA = "\u0901", "\u0902"


def unicode_form(text: str, nukta: Nukta = "keep", nasals: Nasals = "keep") -> str:
    """Normalise a text to the form that this module describes. The function is idempotent.

    Args:
        text: Any text.
        nukta: "drop" removes nuktas, except those of ड़ and ढ़.
        nasals: "anusvara" replaces ँ by ं.

    Returns:
        The text in NFC.
    """
    text = unicodedata.normalize("NFC", _JOINERS.sub("", text))
    if nukta == "drop":
        text = _NUKTA.sub("", text.translate(_WITHOUT_NUKTA))
    if nasals == "anusvara":
        text = text.replace(_CHANDRABINDU, _ANUSVARA)
    # Without the sign that was between them, two others may now compose.
    return unicodedata.normalize("NFC", text)
