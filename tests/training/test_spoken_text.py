"""The text of the natural synthesiser: what it may hold, what it must not hold, the same on every call."""

from __future__ import annotations

import lzma
import os
from pathlib import Path

import pytest

from tests.support import evaluation_set
from training import bulletins, spoken_text
from training.alphabet import is_sentence
from training.exclusion import Exclusion, folded, transcripts

MEASURED = "पिछले हफ़्ते की बारिश में हमारे घर की दीवार गिर गई"


@pytest.mark.parametrize(
    "text",
    [
        MEASURED,
        "पिछले हफ्ते की बारिश में हमारे घर की दीवार गिर गई।",  # no nukta, an end mark
        "हाँ, पिछले हफ़्ते की बारिश में हमारे घर की दीवार गिर गई, और अब हम मामा के यहाँ रहते हैं",
        "हमारे घर की दीवार गिर गई",  # a part as it stands
        "पिछले महीने की बारिश में हमारे घर की छत गिर गई",  # two words of eleven differ
    ],
)
def test_a_repetition_of_a_measured_sentence_is_found(text: str) -> None:
    assert Exclusion(["कुछ और", MEASURED]).match(text) == " ".join(folded(MEASURED))


@pytest.mark.parametrize(
    "text", ["बारिश में", "दीवार गिर गई", "हमारे घर की छत पर बिल्ली बैठी है", "पिछले हफ़्ते हम बाज़ार गए थे", ""]
)
def test_a_sentence_that_shares_some_words_is_not(text: str) -> None:
    assert Exclusion([MEASURED]).match(text) is None


def test_short_measured_sentences_exclude_only_themselves() -> None:
    excluded = Exclusion(["जी हाँ"])
    assert excluded.match("जी हां।") == "जी हां"
    assert excluded.match("जी हाँ, मैं आ रहा हूँ") is None


@pytest.mark.parametrize(
    ("line", "spoken"),
    [
        ("वह बोला- धीरे-धीरे चलो ।", "वह बोला धीरे धीरे चलो।"),
        ("“क्या हुआ?” माँ ने पूछा", "क्या हुआ? माँ ने पूछा"),
        ("रुको , … देखो !!", "रुको, देखो!"),
        ("सन 1947 में", None),
        ("मेरा email लिखो", None),
        ("उसने 50% कहा", None),
    ],
)
def test_a_line_in_its_spoken_form(line: str, spoken: str | None) -> None:
    assert spoken_text.spoken_form(line) == spoken


def test_long_lines_are_cut_at_commas() -> None:
    clause = "एक दो तीन चार पाँच छह सात आठ"
    assert list(spoken_text.pieces(f"{clause}, {clause}, {clause}।")) == [f"{clause}, {clause}", f"{clause}।"]


def test_bulletins_are_sentences_without_repetitions() -> None:
    sentences = bulletins.sentences(20)
    assert len(sentences) == len(set(sentences)) > 800
    assert [text for text in sentences if not is_sentence(text)] == []
    assert sentences == bulletins.sentences(20)


@pytest.fixture
def text_folder(tmp_path: Path) -> Path:
    """The text folder's files, one of them with measured sentences in it."""
    lines = [f"{name} ने {thing} {verb}।" for name in "रवि सीमा मोहन गीता".split() for thing in "आम सेब केला".split()
             for verb in ("खाया", "ख़रीद कर माँ को दिया", "पेड़ से तोड़ा और छुपा दिया")]  # fmt: skip
    for names in spoken_text.FILES.values():
        for name in names:
            own = [f"{line[:-1]} {len(name)} बार" for line in lines]  # with a digit: not spoken
            more = [MEASURED, evaluation_set.SENTENCES[0], *lines, *own] if name == "ccby_tatoeba" else own
            (tmp_path / f"{name}.txt.xz").write_bytes(lzma.compress("\n".join(more).encode()))
    return tmp_path


@pytest.mark.slow
def test_no_measured_sentence_is_spoken_and_held_ones_are_kept_apart(
    text_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_text, "HELD_SHARE", 0.2)
    excluded = Exclusion([MEASURED, *evaluation_set.SENTENCES])
    kept, held = spoken_text.build(text_folder, excluded)
    assert (kept, held) == spoken_text.build(text_folder, excluded)
    assert set(kept) == set(spoken_text.SHARES)
    everything = [text for texts in kept.values() for text in texts]
    assert any(text.startswith("रवि ने") for text in everything)
    assert [text for text in everything if excluded.match(text)] == []
    assert held
    near_held = Exclusion(text for _, text in held)
    assert [text for text in everything if near_held.match(text)] == []


@pytest.mark.slow
def test_written_sentences_are_read_back(text_folder: Path, tmp_path: Path) -> None:
    kept, held = spoken_text.build(text_folder, Exclusion([MEASURED]))
    spoken_text.write(tmp_path / "out", kept, held)
    assert spoken_text.load(tmp_path / "out") == {kind: texts for kind, texts in kept.items() if texts}


@pytest.mark.skipif("HINDI_STT_TEST_TEXT" not in os.environ, reason="HINDI_STT_TEST_TEXT names no folder of text")
def test_no_recording_for_measuring_is_in_the_whole_text(speech: Path) -> None:
    measured = spoken_text.measured([speech])
    assert len(measured) > len(set(evaluation_set.SENTENCES))
    kept, held = spoken_text.build(Path(os.environ["HINDI_STT_TEST_TEXT"]), measured)
    spoken = {" ".join(folded(text)) for texts in [*kept.values(), [text for _, text in held]] for text in texts}
    assert len(spoken) > 20_000
    said = {" ".join(folded(text)) for text in (*transcripts(speech), *evaluation_set.SENTENCES)}
    assert said & spoken == set()
    longest = {text for text in said if len(text.split()) >= 6}
    assert [text for text in spoken if any(part in text for part in longest)] == []
