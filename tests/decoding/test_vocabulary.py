"""What a model can spell, for pieces whose letters are known, and texts in its form."""

from __future__ import annotations

import unicodedata

import pytest

from hindi_stt.decoding.vocabulary import UNKNOWN_TEXT, Vocabulary

PIECES = ["<unk>", "▁क", "ल", "▁", "ि", "▁a", ",", "<s>", "", "blank"]
MODEL = Vocabulary(PIECES, len(PIECES) - 1)


def test_letters_and_beginnings_of_words() -> None:
    assert MODEL.letters[:6] == (UNKNOWN_TEXT, "क", "ल", "", "ि", "a")
    assert [piece for piece, starts in zip(PIECES, MODEL.starts, strict=True) if starts] == ["<unk>", "▁क", "▁", "▁a"]


def test_the_alphabet_has_no_marks_and_nothing_of_reserved_pieces() -> None:
    assert MODEL.alphabet == {"क", "ल", "ि", "a"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("कल  लकि", ["कल", "लकि"]),
        ("कल,लक—कल!", ["कल", "लक", "कल"]),
        ("क\u200dल\ufeff", ["कल"]),
        ("", []),
        ("कल ख", ["कल", "ख"]),
    ],
    ids=["spaces", "punctuation parts words", "format characters are gone", "empty", "other letters stay"],
)
def test_a_text_in_the_models_form(text: str, words: list[str]) -> None:
    assert MODEL.words(text) == words


def test_texts_are_composed() -> None:
    model = Vocabulary(["▁é"], 0 + 1)
    assert model.words(unicodedata.normalize("NFD", "é")) == ["é"]


def test_what_it_can_spell() -> None:
    assert MODEL.can_spell("कल")
    assert not MODEL.can_spell("कख")
    assert MODEL.can_spell("")
