"""Numerals against NeMo-text-processing's Hindi inverse normalisation, whose answers lie in reference.tsv.

Compared is what the two mean, not how they print it: `canonical` says what makes no difference. docs/hindi-text.md
explains every class of disagreement; this test knows them too, and a new one fails it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from pathlib import Path

from hindi_stt.text.hi.numerals import rewrite_numerals
from tests.itn.cases import cases
from tests.support.text_words import spoken

REFERENCE = Path(__file__).with_name("reference.tsv")
TO_LATIN = str.maketrans("०१२३४५६७८९", "0123456789")

KNOWN = {
    "NeMo does not know the spelling सरसठ (67)": ".*सरसठ.*",
    "NeMo reads a part of a lakh or crore as a part of one": "((सवा|साढ़े|पौने) .*|डेढ़|ढाई) (हज़ार|लाख|करोड़)",
    "NeMo writes five paise as .5": ".* (रुपये|रुपए) (एक|दो|तीन|चार|पाँच|छः|सात|आठ|नौ) पैसे.*",
    "a lone एक, दो or शून्य stays a word": "एक|दो|शून्य",
    "एक as an article, दो as a verb": "(.* )?(एक (दिन|बात|लड़का) .*|मुझे दो|जाने दो)",
}


def canonical(text: str) -> str:
    """Latin digits, no grouping, no comma after a month, 3:00 for "3 बजे" and "3:00 बजे", % for प्रतिशत."""
    text = text.translate(TO_LATIN)
    text = re.sub(r"(?<=\d),(?=\d)|(?<=[ऀ-ॿ]),", "", text)
    text = re.sub(r"(\d+:\d\d) बजे", r"\1", text)
    text = re.sub(r"\b(\d+) बजे", r"\1:00", text)
    return " ".join(text.replace(" प्रतिशत", "%").split())


def rows() -> list[tuple[str, str, str]]:
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    return [(kind, said, answer) for kind, said, answer in (line.split("\t") for line in lines)]


def numerals(said: str) -> str:
    return " ".join(word.text for word in rewrite_numerals(spoken(said), "latin"))


def test_the_reference_answers_the_cases() -> None:
    assert [(kind, said) for kind, said, _ in rows()] == list(dict.fromkeys(cases()))


def explanation(said: str) -> str:
    said = unicodedata.normalize("NFC", said)
    return next(
        (name for name, pattern in KNOWN.items() if re.fullmatch(unicodedata.normalize("NFC", pattern), said)),
        "unexplained",
    )


def test_agreement() -> None:
    compared = [(said, numerals(said), answer) for _, said, answer in rows()]
    differing = [row for row in compared if canonical(row[1]) != canonical(row[2])]
    explained = Counter(explanation(said) for said, _, _ in differing)
    assert len(compared) >= 1000
    assert "unexplained" not in explained, [row for row in differing if explanation(row[0]) == "unexplained"]
    assert set(explained) == set(KNOWN)
    assert 1 - len(differing) / len(compared) >= 0.95, explained
