"""Numbers said with pauses to a live stream: each utterance is written at once, and no digit of them is shown."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.streaming import LocalBackend, Stream, Utterance
from hindi_stt.text import TextOptions, UtteranceMasker, Writer
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Mask, Segment
from tests.support.masking import is_hidden, synthetic
from tests.support.text_words import segment, spoken

HINDI = Writer("hi")
PHONE = "नौ आठ सात छह पाँच चार तीन दो एक शून्य".split()
AADHAAR = "दो तीन चार पाँच छह सात आठ नौ शून्य एक दो तीन".split()
IN_ENGLISH = "नाइन एट ओ वन टू थ्री फोर फाइव सिक्स सेवन".split()
IN_PAIRS = "नाइनटी एट सेवनटी सिक्स फिफ्टी फोर थर्टी टू टेन".split()


def heard(utterances: Sequence[str], kinds: set[Mask], pause_s: float = 1.5) -> list[str]:
    """Texts of utterances with pauses of so many seconds between them."""
    masker, options, start_s = UtteranceMasker(), TextOptions(mask=frozenset(kinds)), 0.0
    texts = []
    for said in utterances:
        words = [replace(word, start_s=word.start_s + start_s, end_s=word.end_s + start_s) for word in spoken(said)]
        (written,) = HINDI([segment(words)], options, masker)
        texts.append(written.text)
        start_s = words[-1].end_s + pause_s
    return texts


@pytest.mark.parametrize("number", [PHONE, IN_ENGLISH], ids=["hindi", "english"])
@pytest.mark.parametrize("lead", ["मेरा नंबर", ""], ids=["announced", "alone"])
def test_a_telephone_number_with_a_pause_anywhere(number: list[str], lead: str) -> None:
    for cut in range(1, 10):
        texts = heard([f"{lead} {' '.join(number[:cut])}", f"{' '.join(number[cut:])} है"], {"phone"})
        assert is_hidden(texts, number), (cut, texts)
        assert texts == [f"{lead} {'X' * cut}".strip(), f"{'X' * (10 - cut)} है"]


def test_a_telephone_number_with_two_pauses_anywhere() -> None:
    for first, second in itertools.combinations(range(1, 10), 2):
        parts = [PHONE[:first], PHONE[first:second], PHONE[second:]]
        texts = heard([" ".join(part) for part in parts], {"phone"})
        assert texts == ["X" * len(part) for part in parts]


@pytest.mark.parametrize(
    ("utterances", "kinds"),
    [
        (PHONE, {"phone"}),
        (AADHAAR, {"aadhaar"}),
        ([" ".join(AADHAAR[i : i + 4]) for i in (0, 4, 8)], {"aadhaar"}),
        ([" ".join(AADHAAR[i : i + 3]) for i in (0, 3, 6, 9)], {"aadhaar"}),
        ([" ".join(IN_PAIRS[i : i + 2]) for i in (0, 2, 4, 6, 8)], {"phone"}),
        (["मेरा कार्ड नंबर है चार एक", "एक एक एक", "एक एक एक एक एक", "एक एक एक एक एक", "एक जी"], {"card"}),
        (["नौ आठ और", "जी सात छह", "फिर पाँच चार तीन", "दो एक शून्य"], {"phone"}),
        (["नौ आठ सात", "हाँ जी", "छह पाँच चार", "बोलिए", "तीन दो एक शून्य"], {"phone"}),
    ],
)
def test_numbers_in_many_pieces(utterances: list[str], kinds: set[Mask]) -> None:
    digits = {word for said in utterances for word in said.split()} & {*PHONE, *AADHAAR, *IN_PAIRS}
    texts = heard(utterances, kinds)
    assert is_hidden(texts, [*digits]), texts


@pytest.mark.parametrize(
    "utterances",
    [
        ["मुझे दो", "ठीक है"],
        ["गिनो एक दो", "हो गया"],
        ["उम्र सत्तर", "ठीक है"],
        ["नंबर नहीं पता", "दो लोग आए"],
        ["सन 1947", "कुल 12,34,567"],
        ["ओटीपी चार पाँच छह सात", "ठीक है"],
    ],
)
def test_what_is_no_piece_of_a_number_is_shown(utterances: list[str]) -> None:
    assert heard(utterances, {"phone", "aadhaar", "card"}) == utterances


def test_a_long_pause_ends_a_number() -> None:
    parts = ["मेरा नंबर नौ आठ", "सात लोग आए"]
    assert heard(parts, {"phone"}, pause_s=5) == ["मेरा नंबर XX", "X लोग आए"]
    assert heard(parts, {"phone"}, pause_s=30) == ["मेरा नंबर XX", "सात लोग आए"]


def test_kinds_that_are_not_asked_for_stay() -> None:
    parts = ["मोबाइल नंबर नौ आठ सात छह पाँच चार तीन दो एक शून्य", "ठीक है"]
    assert heard(parts, {"aadhaar"}) == parts


def test_a_masked_piece_forgets_its_digits() -> None:
    options = TextOptions(mask=frozenset({"phone"}))
    (written,) = HINDI([segment(spoken("मेरा नंबर नौ आठ"))], options, UtteranceMasker())
    assert isinstance(written, Segment)
    assert "नौ" not in repr(written)


@pytest.mark.parametrize("cut", [2, 3, 7])
def test_a_stream_of_speech_with_a_pause(pipeline: Pipeline, acoustic: LocalAcoustic, cut: int) -> None:
    """What the model writes without a mask tells which digits were spoken; with it, no utterance has one of them."""
    rate = pipeline.sample_rate
    silence = np.zeros(round(1.5 * rate), np.float32)
    first, second = ("मेरा नंबर है " + " ".join(PHONE[:cut])), " ".join(PHONE[cut:])
    audio = np.concatenate([synthetic(first, rate), silence, synthetic(second, rate), silence])

    async def texts(mask: str) -> list[str]:
        stream = Stream(pipeline, LocalBackend(acoustic), pipeline.options({"mask": mask}))
        found = []
        for packet in np.array_split(audio, len(audio) // 3200):
            found += [event.text async for event in stream.push(packet) if isinstance(event, Utterance)]
        return found + [event.text async for event in stream.commit() if isinstance(event, Utterance)]

    plain, masked = (asyncio.run(texts(mask)) for mask in ("off", "phone"))
    assert len(plain) == len(masked) > 1
    digits = [word for word in " ".join(plain).split() if word in PHONE]
    assert len(digits) > 6, plain
    assert is_hidden(masked, PHONE), (plain, masked)
