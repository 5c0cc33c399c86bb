"""The text of the punctuation network: what its labels are, and that nothing held out is trained on."""

from __future__ import annotations

import lzma
import random
from pathlib import Path

import numpy as np
import pytest

from training.exclusion import folded
from training.punctuation import pauses, text
from training.punctuation.errors import recognised
from training.punctuation.text import COMMA, DANDA, INNER, NONE, OUTER, QUESTION, Sentence

LETTERS = "कखगघचछजझटठडढतथदधनपफबभमयरलवसह"


def line(generator: random.Random, mark: str) -> str:
    """A line of words that hardly any other line has."""
    words = ["".join(generator.choices(LETTERS, k=3)) for _ in range(7)]
    return f"{' '.join(words[:3])}, {' '.join(words[3:])}{mark}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every source, and unmarked prose that repeats a passage of each marked one."""
    path = tmp_path_factory.mktemp("text")
    generator = random.Random(1)
    everything: list[str] = []
    for source in text.SOURCES:
        n_lines = 4000 if source.gap > 100 else 600
        lines = [line(generator, "?" if n % 5 == 0 else "।") for n in range(n_lines)]
        everything += lines
        write(path / f"{source.name}.txt.xz", lines)
    for name in text.PROSE:
        write(path / f"{name}.txt.xz", [one.strip("।?").replace(",", "") for one in everything])
    return path


def write(path: Path, lines: list[str]) -> None:
    with lzma.open(path, "wt", encoding="utf-8", preset=0) as file:
        file.write("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("written", "words", "labels"),
    [
        ("तुम कौन हो?", "तुम कौन हो", [NONE, NONE, QUESTION]),
        ("रुको! राम, तुम भी।", "रुको राम तुम भी", [DANDA, COMMA, NONE, DANDA]),
        ("“हाँ”, उसने कहा — चलो॥", "हाँ उसने कहा चलो", [COMMA, NONE, NONE, DANDA]),
        ("क्या?!", "क्या", [QUESTION]),
    ],
)
def test_labels_of_a_line(written: str, words: str, labels: list[int]) -> None:
    assert text.parse(written) == Sentence(tuple(words.split()), tuple(labels))


@pytest.mark.parametrize("written", ["", "।", "बिना अंत के", "Latin words।", "अंक 12 हैं।"])
def test_lines_that_are_left_out(written: str) -> None:
    assert text.parse(written) is None


def test_a_stretch_that_lost_its_marks_teaches_only_where_sentences_end() -> None:
    plain = Sentence(("वह", "गया"), (NONE, DANDA))
    question = Sentence(("कौन", "गया"), (NONE, QUESTION))
    short = text.with_lost_marks([question, *[plain] * (text.UNMARKED_RUN - 1), question])
    assert all(map(text.has_marks, short))
    long = text.with_lost_marks([question, *[plain] * text.UNMARKED_RUN, question])
    assert [text.has_marks(one) for one in long] == [True, *[False] * text.UNMARKED_RUN, True]
    assert long[1].labels == (INNER, OUTER)


@pytest.mark.slow
def test_nothing_held_out_is_trained_on(folder: Path) -> None:
    texts = text.load(folder)
    held = {one.words for part in (texts.dev, texts.test) for sentences in part.values() for one in sentences}
    trained = {one.words for sentences in texts.train.values() for one in sentences}
    assert held
    assert not held & trained
    folds = {tuple(folded(" ".join(words))) for words in held}
    prose = [one for name in text.PROSE for one in texts.train[name]]
    assert prose
    assert not folds & {tuple(folded(" ".join(one.words))) for one in prose}
    assert not texts.train["ccby_africanstorybook"]
    for name in text.UNSEEN:
        assert texts.test[name]


def test_a_gap_lies_before_what_is_held_out(folder: Path) -> None:
    source = next(one for one in text.SOURCES if one.gap and one.test and one.dev)
    texts = text.load_marked(folder)
    with lzma.open(folder / f"{source.name}.txt.xz", "rt", encoding="utf-8") as file:
        order = [text.parse(one) for one in file]
    last, first = order.index(texts.train[source.name][-1]), order.index(texts.dev[source.name][0])
    assert first - last > source.gap
    last, first = order.index(texts.dev[source.name][-1]), order.index(texts.test[source.name][0])
    assert first - last > source.gap


def test_paragraphs_are_sentences_in_a_row() -> None:
    sentences = [Sentence((f"क{'ा' * (n % 2)}", str(n)), (NONE, DANDA)) for n in range(100)]
    found = list(text.paragraphs(sentences, random.Random(2)))
    numbers = [[int(word) for word in one.words[1::2]] for one in found]
    assert all(3 <= len(part) <= 8 for part in numbers)
    joined = [number for part in numbers for number in part]
    assert joined == list(range(joined[0], joined[-1] + 1))


def test_errors_lose_words_but_no_marks() -> None:
    generator = random.Random(3)
    sentence = Sentence(tuple("राम घर गया क्या तुम भी चलोगे नहीं मैं यहीं रहूँगा".split()), (0, 0, 2, 1, 0, 0, 3, 1, 0, 0, 2))
    marks = [label for label in sentence.labels if label]
    changed = 0
    for _ in range(300):
        heard = recognised(sentence, generator)
        assert [label for label in heard.labels if label] == marks
        assert len(heard.words) == len(heard.labels)
        changed += heard.words != sentence.words
    assert 100 < changed < 300


def test_pauses_are_longer_where_sentences_end() -> None:
    numbers = np.random.default_rng(4)
    labels = np.array([NONE, NONE, COMMA, NONE, DANDA, NONE, QUESTION, NONE, NONE, DANDA])
    drawn = np.stack([pauses.draw(labels, numbers) for _ in range(500)])
    assert (drawn >= 0).all()
    median = np.median(drawn, axis=0)
    assert median[0] < median[2] < median[4]
    assert abs(median[4] - median[6]) < 0.1
