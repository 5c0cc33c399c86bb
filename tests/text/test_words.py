"""Rewrites of words keep times, confidences and sources; nothing that a decoder may say makes them raise."""

from __future__ import annotations

import unicodedata
from itertools import chain, pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.errors import InvalidRequest
from hindi_stt.text import TextOptions, Writer
from hindi_stt.text.options import FIELDS
from hindi_stt.text.unicode_form import unicode_form
from hindi_stt.types import Mask, Nasals, Nukta, Numerals, Script, Segment, Word
from tests.support.text_words import segment, spoken, word_lists

MODULES_UNDER_TEST = (
    "hindi_stt/text/hi/digits.py",
    "hindi_stt/text/hi/script.py",
    "hindi_stt/text/punctuation.py",
    "hindi_stt/text/unicode_form.py",
)

HINDI = Writer("hi")
ALL_KINDS: frozenset[Mask] = frozenset(get_args(Mask))

options = st.builds(
    TextOptions,
    numerals=st.sampled_from(get_args(Numerals)),
    script=st.sampled_from(get_args(Script)),
    punctuation=st.sampled_from(["off", "pauses"]),
    nukta=st.sampled_from(get_args(Nukta)),
    nasals=st.sampled_from(get_args(Nasals)),
)


def write(text: str, **chosen: object) -> str:
    (written,) = HINDI([segment(spoken(text))], TextOptions(**chosen))
    return written.text


def check_times(heard: tuple[Word, ...], written: tuple[Word, ...]) -> None:
    """Each written word is some heard words in a row: their time, the least of their confidences."""
    position = 0
    for word in written:
        behind = heard[position : position + len(word.decoded)]
        position += len(behind)
        assert tuple(w.text for w in behind) == word.decoded
        assert (word.start_s, word.end_s) == (behind[0].start_s, behind[-1].end_s)
        assert word.confidence == min(w.confidence for w in behind)
        assert word.text
    assert position == len(heard)


@settings(max_examples=120, deadline=None)
@given(word_lists(), options)
def test_joined_sources_are_the_decoded_words(words: tuple[Word, ...], chosen: TextOptions) -> None:
    (written,) = HINDI([segment(words)], chosen)
    check_times(words, written.words)
    assert all(before.end_s <= after.start_s for before, after in pairwise(written.words))


@settings(max_examples=60, deadline=None)
@given(st.lists(word_lists(6), max_size=4), options, st.frozensets(st.sampled_from(get_args(Mask))))
def test_masking_keeps_times_and_segments(
    lists: list[tuple[Word, ...]], chosen: TextOptions, kinds: frozenset[Mask]
) -> None:
    segments = [segment(words) for words in lists]
    masked = HINDI(segments, TextOptions(mask=kinds))
    assert [(s.start_s, s.end_s) for s in masked] == [(s.start_s, s.end_s) for s in segments]
    for before, after in zip(segments, masked, strict=True):
        starts, ends = {w.start_s for w in before.words}, {w.end_s for w in before.words}
        assert {w.start_s for w in after.words} <= starts
        assert {w.end_s for w in after.words} <= ends
        assert [w.start_s for w in after.words] == sorted(w.start_s for w in after.words)
        assert min((w.confidence for w in after.words), default=0) == min(
            (w.confidence for w in before.words), default=0
        )


@settings(max_examples=60, deadline=None)
@given(word_lists())
def test_nothing_asked_for_changes_the_unicode_form_alone(words: tuple[Word, ...]) -> None:
    (written,) = HINDI([segment(words)], TextOptions())
    assert len(written.words) == len(words)
    for before, after in zip(words, written.words, strict=True):
        joined = before.text if before.text.strip("\u200c\u200d") == "" else after.text
        assert unicodedata.normalize("NFC", joined) == joined or joined == before.text


def test_no_words() -> None:
    chosen = TextOptions(numerals="latin", script="latin", punctuation="pauses", mask=ALL_KINDS)
    assert HINDI([], chosen) == ()
    assert HINDI([Segment(1, 1, ())], chosen) == (Segment(1, 1, ()),)


# --- Unicode form


@pytest.mark.parametrize("letter", "क़ ख़ ग़ ज़ ड़ ढ़ फ़ य़".split())
def test_nukta_letters_are_two_code_points(letter: str) -> None:
    composed = {"क": "\u0958", "ख": "\u0959", "ग": "\u095a", "ज": "\u095b", "ड": "\u095c", "ढ": "\u095d"}
    composed |= {"फ": "\u095e", "य": "\u095f"}
    assert unicode_form(composed[letter[0]]) == letter[0] + "\u093c"


def test_composed_letters_of_nfc_stay_composed() -> None:
    assert unicode_form("न\u093cर\u093cळ\u093c") == "\u0929\u0931\u0934"


def test_dropped_nukta_spares_the_flaps() -> None:
    assert unicode_form("ज़िंदगी क़लम सड़क पढ़ाई \u0929", nukta="drop") == "जिंदगी कलम सड\u093cक पढ\u093cाई न"


def test_nasal_signs_are_untouched_unless_asked() -> None:
    assert unicode_form("पाँच चांद हूँ") == "पाँच चांद हूँ"
    assert unicode_form("पाँच चांद हूँ", nasals="anusvara") == "पांच चांद हूं"


def test_joiners_go_from_devanagari_and_stay_in_emoji() -> None:
    assert unicode_form("क्\u200dष र्\u200cक \u200dक") == "क्ष र्क क"
    assert unicode_form("👩\u200d👧") == "👩\u200d👧"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12), st.sampled_from(get_args(Nukta)), st.sampled_from(get_args(Nasals)))
def test_unicode_form_is_nfc_and_stable(text: str, nukta: Nukta, nasals: Nasals) -> None:
    form = unicode_form(text, nukta, nasals)
    assert unicodedata.is_normalized("NFC", form)
    assert unicode_form(form, nukta, nasals) == form


# --- punctuation, options


def test_marks_follow_pauses() -> None:
    words = spoken("आज बारिश हुई कल धूप थी", [0, 0.4, 0.8])
    (written,) = HINDI([segment(words)], TextOptions(punctuation="pauses"))
    assert written.text == "आज बारिश, हुई। कल धूप थी।"
    (written,) = HINDI([segment(words)], TextOptions(punctuation="pauses", script="latin"))
    assert written.text == "aaj baarish, hui. kal dhoop thi."


def test_a_mark_is_not_doubled() -> None:
    (written,) = HINDI([segment(spoken("अच्छा ठीक है।", [0.9]))], TextOptions(punctuation="pauses"))
    assert written.text == "अच्छा। ठीक है।"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"numerals": "roman"}, ["'numerals'", "devanagari", "latin", "'roman'"]),
        ({"script": ""}, ["'script'", "mixed"]),
        ({"mask": "phone,pan"}, ["'mask'", "aadhaar", "'phone,pan'"]),
        ({"mask": "off,phone"}, ["'mask'"]),
        ({"punctuation": "x" * 10_000}, ["'punctuation'", "pauses"]),
    ],
)
def test_a_bad_option_is_named_with_the_values_there_are(fields: dict[str, str], named: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        TextOptions().updated(fields)
    assert all(part in raised.value.message for part in named)
    assert len(raised.value.message) < 300


def test_options_are_read_from_fields() -> None:
    assert TextOptions().updated({"mask": "card, phone"}).mask == {"card", "phone"}
    assert TextOptions().updated({"mask": "all"}).mask == ALL_KINDS
    assert TextOptions(mask=ALL_KINDS).updated({"mask": "off", "numerals": "latin"}) == TextOptions(numerals="latin")
    every = chain.from_iterable(((name, value) for value in values) for name, values in FIELDS.items())
    assert all(TextOptions().updated({name: value}) for name, value in every)


def test_another_language_has_its_form_and_punctuation_only() -> None:
    marathi = Writer("mr")
    words = [segment(spoken("मी आलो"))]
    assert marathi(words, TextOptions(punctuation="pauses"))[0].text == "मी आलो."
    with pytest.raises(InvalidRequest, match=r"numerals, script.*'mr'"):
        marathi(words, TextOptions(numerals="latin", script="latin"))


# --- masking


@pytest.mark.parametrize(
    ("text", "kinds", "expected"),
    [
        ("नंबर नौ आठ सात छह पाँच चार तीन दो एक शून्य है", {"phone"}, "नंबर XXXXXXXXXX है"),
        ("नंबर प्लस नौ एक नौ आठ डबल सात छह पाँच चार तीन दो एक है", {"phone"}, "नंबर XXXXXXXXXXXX है"),
        ("नंबर अट्ठानवे दस और तेईस पैंतालीस साठ है", {"phone"}, "नंबर XXXXXXXXXX है"),
        ("नंबर नाइन एट सेवन सिक्स फ़ाइव फोर थ्री टू वन ज़ीरो है", {"phone"}, "नंबर XXXXXXXXXX है"),
        ("फ़ोन 98765 ४३२१० करो", {"phone"}, "फ़ोन XXXXXXXXXX करो"),
        ("फ़ोन +91-98765-43210 करो", {"phone"}, "फ़ोन XXXXXXXXXXXX करो"),
        ("आधार 2345 6789 0123", {"aadhaar"}, "आधार XXXXXXXXXXXX"),
        ("आधार 2345 6789 0123", {"phone", "card"}, "आधार 2345 6789 0123"),
        ("कार्ड 4111111111111111", {"card"}, "कार्ड XXXXXXXXXXXXXXXX"),
        ("दो लोग तीन सौ पाँच रुपये", {"phone", "aadhaar", "card"}, "दो लोग तीन सौ पाँच रुपये"),
    ],
)
def test_masks(text: str, kinds: set[Mask], expected: str) -> None:
    assert write(text, mask=frozenset(kinds)) == expected


def test_a_number_over_a_pause_between_segments_is_masked_whole() -> None:
    first, second = spoken("मेरा नंबर नौ आठ सात छह पाँच"), spoken("चार तीन दो एक शून्य है")
    masked = HINDI([segment(first), segment(second)], TextOptions(mask=frozenset({"phone"})))
    assert [s.text for s in masked] == ["मेरा नंबर XXXXXXXXXX", "XXXXX है"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=10, max_size=19), st.booleans())
def test_no_field_of_a_masked_word_tells_the_number(digits: list[int], pairs: bool) -> None:
    names = "शून्य एक दो तीन चार पाँच छह सात आठ नौ".split()
    numerals = "latin" if pairs else "off"
    text = " ".join(["देखो", *(names[digit] for digit in digits), "ठीक"])
    (masked,) = HINDI([segment(spoken(text))], TextOptions(mask=ALL_KINDS, numerals=numerals))
    expected = "देखो " + "X" * len(digits) + " ठीक"
    if len(digits) == 11 and digits[0]:
        return  # eleven digits without a leading 0 are none of the three
    assert masked.text == expected
    assert all(name not in repr(masked) for name in (f"'{name}'" for name in names))
