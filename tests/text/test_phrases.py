"""Numbers in everyday phrases: the rows of phrases.tsv, further phrases outside the repository, and each kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from hindi_stt.text.hi.number_words import UNITS
from hindi_stt.text.hi.numerals import rewrite_numerals
from hindi_stt.text.hi.spelling import key
from hindi_stt.types import Numerals
from tests.support.phrases import PHRASES, Case, read_cases
from tests.support.server import ROOT
from tests.support.text_words import spoken

MODULES_UNDER_TEST = (
    "hindi_stt/text/hi/amounts.py",
    "hindi_stt/text/hi/cardinals.py",
    "hindi_stt/text/hi/clock.py",
    "hindi_stt/text/hi/counts.py",
    "hindi_stt/text/hi/digits.py",
    "hindi_stt/text/hi/give.py",
    "hindi_stt/text/hi/names.py",
    "hindi_stt/text/hi/numerals.py",
    "hindi_stt/text/hi/ordinals.py",
    "hindi_stt/text/hi/ranges.py",
    "hindi_stt/text/hi/script.py",
    "hindi_stt/text/hi/years.py",
)


def numerals(said: str, style: Numerals = "latin") -> str:
    return " ".join(word.text for word in rewrite_numerals(spoken(said), style))


def by_kind() -> dict[str, list[Case]]:
    kinds: defaultdict[str, list[Case]] = defaultdict(list)
    for case in read_cases(PHRASES):
        kinds[case.kind].append(case)
    return kinds


@pytest.mark.parametrize("kind", sorted(by_kind()))
def test_phrases_of_each_kind(kind: str) -> None:
    wrong = [(said, numerals(said), forms) for said, forms, _ in by_kind()[kind] if numerals(said) not in forms]
    assert not wrong, wrong


def test_there_are_phrases_of_each_kind() -> None:
    counts = Counter(case.kind for case in read_cases(PHRASES))
    assert sum(counts.values()) >= 300
    assert sum(count for kind, count in counts.items() if kind.startswith("keep:")) >= 300
    assert min(counts.values()) >= 20, counts


def test_phrases_from_outside_the_repository(number_cases: Path) -> None:
    cases = read_cases(number_cases)
    assert len(cases) > 300
    wrong = [(said, numerals(said), forms) for said, forms, _ in cases if numerals(said) not in forms]
    assert len(wrong) <= len(cases) // 100, wrong


# --- the kinds, one by one


@pytest.mark.parametrize(
    "said",
    [
        "कई लाख रुपये",
        "कुछ हज़ार",
        "हज़ारों करोड़",
        "कई सौ किलोमीटर",
        "आधा करोड़",
        "फ़ाइव लाख रुपये",
        "चंद हज़ार लोग",
        "कितने सौ रुपये",
        "नाइनटी हज़ार",
        "10 लाख रुपये",
    ],
)
def test_a_scale_that_no_number_counts_stays_a_word(said: str) -> None:
    assert numerals(said) == said


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("दो से तीन लाख लोग", "2 से 3 लाख लोग"),
        ("दस से बारह हज़ार रुपये", "10 से 12 हज़ार रुपये"),
        ("एक सौ से दो सौ करोड़", "100 से 200 करोड़"),
        ("दो या तीन करोड़ रुपये", "2 या 3 करोड़ रुपये"),
        ("ढाई से तीन लाख करोड़", "2.5 से 3 लाख करोड़"),
        ("दो दशमलव पाँच से तीन लाख", "2.5 से 3 लाख"),
        ("पाँच सौ से दो हज़ार करोड़", "500 से 2000 करोड़"),
        ("दो से तीन सौ रुपये", "₹200 से ₹300"),
        ("पाँच सौ से हज़ार", "500 से 1000"),
        ("पचास से दो सौ लोग", "50 से 200 लोग"),
        ("एक लाख से डेढ़ लाख", "1,00,000 से 1,50,000"),
        ("दस से बीस रुपये", "₹10 से ₹20"),
        ("एक से दस तक", "1 से 10 तक"),
        ("एक से बढ़कर एक", "एक से बढ़कर एक"),
    ],
)
def test_ranges(said: str, written: str) -> None:
    assert numerals(said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("एक दशमलव पाँच लाख करोड़ रुपये", "₹15,00,00,00,00,000"),
        ("साढ़े नौ से साढ़े छह बजे", "9:30 से 6:30 बजे"),
        ("साढ़े तीन बज गए", "3:30 बज गए"),
        ("साढ़े दस ग्यारह बजे", "साढ़े दस ग्यारह बजे"),
        ("तीन बज कर दस मिनट", "3:10"),
        ("तीन बज के दस मिनट", "3:10"),
        ("सुबह साढ़े नौ से शाम साढ़े पाँच बजे तक", "सुबह 9:30 से शाम 5:30 बजे तक"),
        ("साढ़े सात बजे और साढ़े सात किलो", "7:30 बजे और 7.5 किलो"),
        ("दो चार सौ", "दो चार सौ"),
        ("तीन पाँच सौ", "तीन पाँच सौ"),
        ("उन्नीस बीस हज़ार", "उन्नीस बीस हज़ार"),
        ("डेढ़ सौवीं जयंती", "150वीं जयंती"),
        ("साढ़े सात सौवीं वर्षगाँठ", "750वीं वर्षगाँठ"),
        ("वित्त वर्ष दो हज़ार चौबीस पच्चीस", "वित्त वर्ष 2024-25"),
        ("साल उन्नीस सौ निन्यानवे", "साल 1999"),
        ("एक एक दो पर कॉल करें", "112 पर कॉल करें"),
        ("आखिरी चार अंक पाँच छह सात आठ", "आखिरी 4 अंक 5678"),
        ("पाँच माइनस दो", "5 - 2"),
        ("वर्जन दो पॉइंट तीन पॉइंट एक", "वर्जन 2.3.1"),
        ("सन उन्नीस सैंतालीस में", "सन 1947 में"),
        ("छाछठ बयानवे चउवन", "66 92 54"),
    ],
)
def test_times_years_codes_and_sums(said: str, written: str) -> None:
    assert numerals(said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("पानी दो मुझे", "पानी दो मुझे"),
        ("पैसे दो या जाओ", "पैसे दो या जाओ"),
        ("वोट दो हमें", "वोट दो हमें"),
        ("गाली मत दो उसे", "गाली मत दो उसे"),
        ("उसके दो भाई हैं", "उसके 2 भाई हैं"),
        ("पानी दो भाई", "पानी दो भाई"),
        ("मुझे दो किताबें दो", "मुझे 2 किताबें दो"),
        ("मुझे दो हज़ार दो", "मुझे 2000 दो"),
        ("साल दो हज़ार दो", "साल 2002"),
        ("पानी दो दिन से नहीं आया", "पानी 2 दिन से नहीं आया"),
        ("दो और लोग घायल", "2 और लोग घायल"),
        ("किताब दो और जाओ", "किताब दो और जाओ"),
        ("गेट नंबर दो", "गेट नंबर 2"),
        ("मुझे अपना नंबर दो", "मुझे अपना नंबर दो"),
    ],
)
def test_two_and_give(said: str, written: str) -> None:
    assert numerals(said) == written


@pytest.mark.parametrize(
    "said",
    [
        "दो जून की रोटी",
        "इसमें दो राय नहीं",
        "नौ नकद न तेरह उधार",
        "पौ बारह",
        "सातवें आसमान पर",
        "चार सौ बीसी",
        "तीस हज़ारी कोर्ट",
        "तीन मूर्ति भवन",
        "तीन तलाक़",
        "न तीन में न तेरह में",
        "पाँच बत्ती चौराहा",
        "सात दूनी चौदह",
        "चौसठ योगिनी",
        "एक की छे लगाना",
        "चार आँखें हो गईं",
    ],
)
def test_idioms_and_names_stay(said: str) -> None:
    assert numerals(said) == said


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("दो जून को सुनवाई है", "2 जून को सुनवाई है"),
        ("तीन मूर्तियाँ मिलीं", "3 मूर्तियाँ मिलीं"),
        ("चार दिन की छुट्टी", "4 दिन की छुट्टी"),
        ("सात लोग पार गए", "7 लोग पार गए"),
        ("बारह बज गए", "12 बज गए"),
        ("चार लोग आए", "4 लोग आए"),
        ("दो आने वाले हैं", "2 आने वाले हैं"),
        ("पाँच अरब लोग", "5,00,00,00,000 लोग"),
    ],
)
def test_true_counts_that_resemble_them_are_rewritten(said: str, written: str) -> None:
    assert numerals(said) == written


def listed_phrases() -> list[str]:
    """One phrase for each line of fixed_phrases.tsv, with the first of its alternatives."""
    lines = (ROOT / "hindi_stt/text/hi/fixed_phrases.tsv").read_text(encoding="utf-8").splitlines()
    phrases = [line.partition("\t")[2] for line in lines if line and not line.startswith("#")]
    return [" ".join(words.split("|")[0].removesuffix("~") for words in phrase.split()) for phrase in phrases]


def test_every_fixed_phrase_stays_and_has_a_number() -> None:
    phrases = listed_phrases()
    assert len(phrases) > 300
    changed = [phrase for phrase in phrases if numerals(phrase) != phrase]
    assert not changed, changed
    assert all(len(phrase.split()) > 1 for phrase in phrases)


def test_no_fixed_phrase_is_listed_twice() -> None:
    phrases = [tuple(map(key, phrase.split())) for phrase in listed_phrases()]
    assert [phrase for phrase, count in Counter(phrases).items() if count > 1] == []


def test_devanagari_digits_keep_the_colon() -> None:
    assert numerals("साढ़े तीन बजे", "devanagari") == "३:३० बजे"
    assert numerals("तीन बजकर दस मिनट", "devanagari") == "३:१०"


def test_a_range_keeps_times_and_sources() -> None:
    words = spoken("लगभग दो से साढ़े तीन लाख लोग")
    written = rewrite_numerals(words, "latin")
    assert [word.text for word in written] == ["लगभग", "2", "से", "3.5", "लाख", "लोग"]
    assert written[3].sources == ("साढ़े", "तीन")
    assert (written[3].start_s, written[3].end_s) == (words[3].start_s, words[4].end_s)
    assert written[3].confidence == min(words[3].confidence, words[4].confidence)
    assert [source for word in written for source in word.decoded] == [word.text for word in words]


def test_spelling_variants_are_one_number() -> None:
    variants = {66: "छियासठ छाछठ छासठ", 92: "बानवे बयानवे बानबे", 54: "चौवन चउवन चव्वन", 79: "उन्यासी उन्नासी उनासी"}
    assert all(UNITS[key(word)] == value for value, words in variants.items() for word in words.split())
