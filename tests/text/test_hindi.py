"""Hindi numerals, scripts and spellings, against what a reader of Hindi would write."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.text import TextOptions, Writer
from hindi_stt.text.hi.cardinals import parse
from hindi_stt.text.hi.latin import romanise
from hindi_stt.text.hi.number_words import UNITS
from hindi_stt.text.hi.numerals import group_digits, rewrite_numerals
from hindi_stt.text.hi.script import loan_words, rewrite_script
from hindi_stt.text.hi.spelling import key
from hindi_stt.types import Numerals, Segment
from tests.prove_text import round_trips, strata
from tests.support.server import ROOT
from tests.support.text_words import spoken

MODULES_UNDER_TEST = (
    "hindi_stt/text/hi/fixed_phrases.py",
    "hindi_stt/text/hi/latin.py",
    "hindi_stt/text/hi/numerals.py",
    "hindi_stt/text/hi/script.py",
    "hindi_stt/text/punctuation.py",
    "hindi_stt/text/unicode_form.py",
)


def numerals(text: str, style: Numerals = "latin") -> str:
    return " ".join(word.text for word in rewrite_numerals(spoken(text), style))


def test_a_sample_of_all_integers_round_trips() -> None:
    rng = random.Random(20)
    sample = [*range(1000), *rng.sample(range(1000, 100_000), 1000), *strata(1000)]
    failed = [(number, words, got) for number, words, got in round_trips(sample)]
    assert not failed, failed[:10]


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        *zip("छह छः छ: छे छै".split(), [6] * 5, strict=True),
        *zip("पाँच पांच पान्च".split(), [5] * 3, strict=True),
        *zip("चालीस चालिस".split(), [40] * 2, strict=True),
        *zip("उन्नीस उनीस".split(), [19] * 2, strict=True),
        *zip("अट्ठारह अठारह अठ्ठारह".split(), [18] * 3, strict=True),
        *zip("पंद्रह पन्द्रह".split(), [15] * 2, strict=True),
        *zip("उन्यासी उनासी उन्नासी".split(), [79] * 3, strict=True),
        *zip("इक्यानवे इक्यानबे".split(), [91] * 2, strict=True),
        *zip("निन्यानवे निन्यानबे निन्यान्वे".split(), [99] * 3, strict=True),
        *zip("तिरपन तिरेपन त्रेपन".split(), [53] * 3, strict=True),
        *zip("बयासी ब्यासी बियासी".split(), [82] * 3, strict=True),
    ],
)
def test_spellings_of_a_number(spelling: str, value: int) -> None:
    assert UNITS[key(spelling)] == value


def test_every_number_below_a_hundred_has_a_word_of_its_own() -> None:
    by_value = defaultdict(set)
    for spelling, value in UNITS.items():
        by_value[value].add(spelling)
    assert set(by_value) == set(range(100))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("सवा सौ", 125),
        ("डेढ़ सौ", 150),
        ("ढाई हज़ार", 2500),
        ("साढ़े तीन लाख", 350_000),
        ("पौने दो करोड़", 17_500_000),
        ("साढ़े सात", Decimal("7.5")),
        ("उन्नीस सौ सैंतालीस", 1947),
        ("दो लाख करोड़", 2 * 10**12),
        ("डेढ़ लाख करोड़", 15 * 10**11),
        ("निन्यानवे करोड़ निन्यानवे लाख निन्यानवे हज़ार नौ सौ निन्यानवे", 99_99_99_999),
    ],
)
def test_values(said: str, value: Decimal) -> None:
    words = [key(word) for word in said.split()]
    number = parse(words, 0)
    assert number
    assert (number.value, number.end) == (value, len(words))


@pytest.mark.parametrize(
    ("said", "written"),
    [
        # amounts, Indian grouping from five digits on
        ("एक लाख तेईस हज़ार चार सौ छप्पन लोग", "1,23,456 लोग"),
        ("दस हज़ार के दो नोट", "10,000 के 2 नोट"),
        ("बारह करोड़ चौंतीस लाख छप्पन हज़ार सात सौ नवासी", "12,34,56,789"),
        ("एक दशमलव पाँच लाख", "1,50,000"),
        ("साढ़े पाँच किलो आटा", "5.5 किलो आटा"),
        ("माइनस पाँच डिग्री", "-5 डिग्री"),
        ("एक बटा चार", "1/4"),
        ("माइनस दो सौ रुपये", "-₹200"),
        # dates and years
        ("पंद्रह अगस्त उन्नीस सौ सैंतालीस को", "15 अगस्त 1947 को"),
        ("एक जनवरी दो हज़ार पच्चीस", "1 जनवरी 2025"),
        # times
        ("साढ़े तीन बजे", "3:30 बजे"),
        ("सवा पाँच बजे", "5:15 बजे"),
        ("पौने छह बजे", "5:45 बजे"),
        ("पौने एक बजे", "12:45 बजे"),
        ("डेढ़ बजे", "1:30 बजे"),
        ("ढाई बजे", "2:30 बजे"),
        ("एक बजे", "1 बजे"),
        ("तीन बजकर पाँच मिनट पर", "3:05 पर"),
        # money
        ("एक रुपया", "₹1"),
        ("ढाई रुपये", "₹2.50"),
        ("दो रुपये पाँच पैसे", "₹2.05"),
        ("पौने दो लाख रुपये", "₹1,75,000"),
        ("दो दशमलव पाँच करोड़ रुपये", "₹2,50,00,000"),
        ("सौ रुपये", "₹100"),
        # per cent, decimals
        ("पचास प्रतिशत", "50%"),
        ("शून्य दशमलव पाँच फ़ीसदी", "0.5%"),
        ("तीन दशमलव एक चार", "3.14"),
        ("तीन दशमलव चौदह", "3.14"),
        ("नौ दशमलव पाँच शून्य", "9.50"),
        # ordinals
        ("पाँचवाँ दिन", "5वाँ दिन"),
        ("इक्कीसवीं सदी", "21वीं सदी"),
        ("एक सौ पच्चीसवें", "125वें"),
        ("नवाँ अध्याय", "9वाँ अध्याय"),
        ("छठवीं कक्षा", "6वीं कक्षा"),
        ("पहली मंज़िल", "1ली मंज़िल"),
        ("दूसरे स्थान", "2रे स्थान"),
        ("चौथी कक्षा", "4थी कक्षा"),
        # digit by digit
        ("नौ आठ सात छह पाँच चार तीन दो एक शून्य", "9876543210"),
        ("प्लस नौ एक नौ आठ डबल सात छह पाँच चार तीन दो एक", "+919877654321"),
        ("नंबर अट्ठानवे दस तेईस पैंतालीस साठ", "नंबर 9810234560"),
        ("सात ट्रिपल शून्य पाँच", "70005"),
        ("पिन कोड एक एक शून्य शून्य शून्य एक", "पिन कोड 110001"),
        ("ओटीपी चार सात दो नौ", "ओटीपी 4729"),
        ("एक दो तीन चार पाँच", "1 2 3 4 5"),
    ],
)
def test_numbers(said: str, written: str) -> None:
    assert numerals(said) == written


@pytest.mark.parametrize(
    "said",
    [
        "एक लड़का आया",
        "मुझे एक बात कहनी है",
        "यह किताब मुझे दो",
        "उसे जाने दो यार",
        "बता दो ना",
        "दो तीन लोग",
        "दो तीन सौ लोग",
        "दस बीस रुपये",
        "दो दो रुपये",
        "नौ दो ग्यारह हो गया",
        "उन्नीस बीस का फ़र्क",
        "चार चाँद लगा दिए",
        "पहले आओ",
        "दूसरे लोग",
        "हज़ार बातें",
        "लाख कोशिश की",
        "ढाई आखर प्रेम का",
        "अरब देश",
        "दोनों भाई सातों दिन",
        "छठी मैया",
        "नवी मुंबई",
        "तीन चौथाई लोग",
        "मेरी नवासी आई",
        "शून्य में देखना",
        "दवा का सेवन करो",
        "वन में मोर",
        "डबल रोटी",
    ],
)
def test_what_stays_words(said: str) -> None:
    assert numerals(said) == said


def test_a_verb_and_a_number_in_one_sentence() -> None:
    assert numerals("राम को दो किताबें दो") == "राम को 2 किताबें दो"


def test_styles() -> None:
    assert numerals("दो हज़ार पाँच सौ रुपये", "devanagari") == "₹२५००"
    assert numerals("दो हज़ार पाँच सौ रुपये", "off") == "दो हज़ार पाँच सौ रुपये"


def test_a_number_ends_at_a_long_pause() -> None:
    words = rewrite_numerals(spoken("बीस हज़ार लोग", [1.5]), "latin")
    assert [word.text for word in words] == ["20", "हज़ार", "लोग"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**15))
def test_grouping_only_adds_commas(number: int) -> None:
    grouped = group_digits(Decimal(number))
    assert grouped.replace(",", "") == str(number)
    head, *rest = grouped.split(",")
    assert all(len(part) == 2 for part in rest[:-1])
    assert not rest or (len(rest[-1]) == 3 and 1 <= len(head) <= 2)


@pytest.mark.parametrize(
    ("hindi", "latin"),
    [
        ("नमस्ते", "namaste"),
        ("लड़का", "larka"),
        ("समझना", "samajhna"),
        ("समझ", "samajh"),
        ("मतलब", "matlab"),
        ("जनता", "janta"),
        ("ज़िंदगी", "zindagi"),
        ("कृष्ण", "krishna"),
        ("विज्ञान", "vigyaan"),
        ("राज्य", "raajya"),
        ("धर्म", "dharm"),
        ("अच्छा", "achha"),
        ("हूँ", "hoon"),
        ("नहीं", "nahin"),
        ("संबंध", "sambandh"),
        ("दुःख", "dukh"),
        ("मौसम", "mausam"),
        ("भारतीय", "bhaartiya"),
        ("पहुँचते", "pahunchte"),
    ],
)
def test_readable_latin(hindi: str, latin: str) -> None:
    assert romanise(hindi) == latin


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(min_codepoint=0x900, max_codepoint=0x97F), max_size=8))
def test_any_devanagari_becomes_something(text: str) -> None:
    assert bool(romanise(text)) == bool(text)


def test_loan_words_alone_are_latin_in_mixed_script() -> None:
    words = rewrite_script(spoken("कल कम्प्यूटर की मीटिंग में डॉक्टर ने फ़िल्म की बात की"), "mixed")
    assert " ".join(word.text for word in words) == "कल computer की meeting में doctor ने film की बात की"
    assert romanise("कम्प्यूटर") != "computer"
    assert [word.text for word in rewrite_script(spoken("कम्प्यूटर"), "latin")] == ["computer"]


def test_the_lexicon_has_no_hindi_words() -> None:
    hindi = "पास बस गोल पुल मिल बीच डोर बेल सूट चीज़ सर लव लेट कम पर हाल नल मन सेब बल जो रहा साल काम नाम राम शाम".split()
    written = rewrite_script(spoken(" ".join(hindi)), "latin")
    assert [word.text for word in written] == [romanise(word) for word in hindi]
    assert len(loan_words()) > 500


def documented_examples() -> list[tuple[str, str, str]]:
    page = (ROOT / "docs" / "hindi-text.md").read_text(encoding="utf-8")
    section = page.partition("## Examples")[2].partition("\n## ")[0]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in section.splitlines() if "=" in line]
    return [(chosen, heard, written) for chosen, heard, written in cells]


@pytest.mark.parametrize(("chosen", "heard", "written"), documented_examples())
def test_the_pages_examples(chosen: str, heard: str, written: str) -> None:
    options = TextOptions().updated(dict(part.split("=") for part in chosen.split()))
    words = spoken(heard)
    got = Writer("hi")([Segment(0, words[-1].end_s, words)], options)
    assert got[0].text == written
