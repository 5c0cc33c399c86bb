"""One key for the spellings of a word that differ only in habit; for looking words up, never for writing them."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

__all__ = ["key", "plain"]

_NUKTA: Final = "\u093c"
_JOINERS: Final = re.compile("[\u200b-\u200d]")
# पाँच पान्च पाञ्च → पांच: chandrabindu, and a nasal letter before another consonant, as anusvara.
_NASAL: Final = re.compile("\u0901|[ङञणनम]\u094d(?=[कखगघचछजझटठडढतथदधपफबभ])")
# सत्तर सतर, अट्ठारह अठारह: of a doubled consonant, the second.
_DOUBLED: Final = re.compile("([कचटतपबजदगसनलमव])\u094d(?=\\1)|क\u094d(?=ख)|च\u094d(?=छ)|[टठ]\u094d(?=ठ)|त\u094d(?=थ)")
# चालिस चालीस, बाइस बाईस; the colon is typed for visarga.
_LENGTH: Final = str.maketrans("ि" + "इ" + "ु" + "उ" + ":", "ी" + "ई" + "ू" + "ऊ" + "ः")


def plain(word: str) -> str:
    """The word without nukta and joiners, with anusvara for every nasal: ज़ and ज, पाँच and पान्च are one."""
    return _NASAL.sub("\u0902", unicodedata.normalize("NFC", _JOINERS.sub("", word)).replace(_NUKTA, ""))


# The words of speech repeat: most keys are looked up, not made.
@functools.lru_cache(maxsize=8192)
def key(word: str) -> str:
    """The plain word with long ī and ū and single consonants: चालिस and चालीस, अट्ठारह and अठारह are one."""
    return _DOUBLED.sub("", plain(word)).translate(_LENGTH)
