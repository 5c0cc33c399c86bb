"""Text with marks: sentences as words and labels, and what is kept from training.

Whole stories and whole books are held out: the ends of two collections, with a gap before them so that no story lies
on both sides, and a third collection as a whole. In the text without marks, passages that repeat a held-out one are
left out.
"""

import lzma
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from training.alphabet import is_word
from training.exclusion import folded
from training.open_text import PROSE
from training.spoken_text import spoken_form

# Labels: what stands behind a word. INNER is "none or a comma", OUTER "danda or question mark", where a source has
# lost the difference.
NONE, COMMA, DANDA, QUESTION, INNER, OUTER = range(6)
MARKS = ("", ",", "।", "?")
_LABEL = {",": COMMA, "।": DANDA, "!": DANDA, "?": QUESTION}
# From so many sentences in a row without a comma and a question mark on, the text's marks are taken for lost.
UNMARKED_RUN = 60
# Words in a row from which a sentence repeats a held-out one, and how many sentences around it are left out with it.
SHARED_WORDS, SHARED_AROUND = 6, 5


@dataclass(frozen=True)
class Source:
    """A file of sentences. Shares are of its end; the gaps before them, in sentences, belong to nobody.

    A source whose lines are not in order of a text (`shuffled`) is mixed before it is divided.
    """

    name: str
    dev: float = 0.0
    test: float = 0.0
    gap: int = 0
    shuffled: bool = False


SOURCES = (
    Source("pd_premchand_stories_punct", dev=0.04, test=0.09, gap=120),
    Source("ccby_prathambooks", dev=0.05, test=0.12, gap=40),
    Source("ccby_africanstorybook", test=1.0),
    Source("pd_godan_punct_aligned", dev=0.04, gap=120),
    Source("cc0_commonvoice_punct", dev=0.06, test=0.08, shuffled=True),
    Source("ccby_tatoeba", dev=0.06, test=0.08, shuffled=True),
    Source("ccby_opensourceguide", dev=0.05, gap=20),
    Source("cc0_tico19"),
    Source("ccby_reactdocs"),
)
# Sources whose held-out part is whole stories or books; the others hold out sentences of a kind that training knows.
UNSEEN = ("pd_premchand_stories_punct", "ccby_prathambooks", "ccby_africanstorybook")


@dataclass(frozen=True)
class Sentence:
    """Words and the label behind each."""

    words: tuple[str, ...]
    labels: tuple[int, ...]


@dataclass
class Texts:
    """Sentences by source, in order: for training, for choosing, and for reporting."""

    train: dict[str, list[Sentence]] = field(default_factory=dict)
    dev: dict[str, list[Sentence]] = field(default_factory=dict)
    test: dict[str, list[Sentence]] = field(default_factory=dict)


def parse(line: str) -> Sentence | None:
    """A line of text as words and labels; None where it has characters that are neither, or no end."""
    text = spoken_form(line)
    words: list[str] = []
    labels: list[int] = []
    for token in re.findall(r"[^\s,।?!]+|[,।?!]", text or ""):
        if token not in _LABEL:
            words.append(token)
            labels.append(NONE)
        elif words:
            labels[-1] = max(labels[-1], _LABEL[token])
    if not words or labels[-1] < DANDA or not all(map(is_word, words)):
        return None
    return Sentence(tuple(words), tuple(labels))


def unmarked(sentence: Sentence) -> Sentence:
    """The same where only the ends of sentences are known."""
    labels = [INNER if label in {NONE, COMMA} else OUTER for label in sentence.labels]
    return Sentence(sentence.words, tuple(labels))


def _lines(path: Path) -> Iterator[str]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        yield from file


def with_lost_marks(sentences: list[Sentence]) -> list[Sentence]:
    """The sentences, with those of stretches that lost their commas and question marks as `unmarked`."""
    result = list(sentences)
    start = 0
    for end in range(len(sentences) + 1):
        if end < len(sentences) and {COMMA, QUESTION}.isdisjoint(sentences[end].labels):
            continue
        if end - start >= UNMARKED_RUN:
            result[start:end] = map(unmarked, sentences[start:end])
        start = end + 1
    return result


def has_marks(sentence: Sentence) -> bool:
    """Whether all labels of a sentence are known."""
    return sentence.labels[-1] != OUTER


def _grams(words: Iterable[str]) -> Iterator[tuple[str, ...]]:
    plain = folded(" ".join(words))
    yield from (tuple(plain[at : at + SHARED_WORDS]) for at in range(len(plain) - SHARED_WORDS + 1))


def _prose(folder: Path, held: set[tuple[str, ...]]) -> Iterator[tuple[str, list[Sentence]]]:
    for name in PROSE:
        sentences: list[Sentence] = []
        repeats: list[int] = []
        for line in _lines(folder / f"{name}.txt.xz"):
            words = tuple((spoken_form(line) or "").replace(",", " ").split())
            if not words or not all(map(is_word, words)):
                continue
            if any(gram in held for gram in _grams(words)):
                repeats.append(len(sentences))
            sentences.append(Sentence(words, (*[INNER] * (len(words) - 1), OUTER)))
        left_out = {near for at in repeats for near in range(at - SHARED_AROUND, at + SHARED_AROUND + 1)}
        yield name, [sentence for at, sentence in enumerate(sentences) if at not in left_out]


def load_marked(folder: Path) -> Texts:
    """Reads and divides the text that has marks.

    Args:
        folder: The folder with `*.txt.xz`, one sentence a line.

    Returns:
        The sentences. Those of stretches that lost their marks are for training only.
    """
    texts = Texts()
    for source in SOURCES:
        sentences = with_lost_marks(list(filter(None, map(parse, _lines(folder / f"{source.name}.txt.xz")))))
        if source.shuffled:
            random.Random(7).shuffle(sentences)
        test_at = round(len(sentences) * (1 - source.test))
        dev_at = round(len(sentences) * (1 - source.test - source.dev))
        texts.train[source.name] = sentences[: max(0, dev_at - source.gap)]
        texts.dev[source.name] = list(filter(has_marks, sentences[dev_at : max(dev_at, test_at - source.gap)]))
        texts.test[source.name] = list(filter(has_marks, sentences[test_at:]))
    return texts


def load(folder: Path) -> Texts:
    """Reads and divides all text: as `load_marked`, and for training the text without marks."""
    texts = load_marked(folder)
    held = {
        gram
        for part in (texts.dev, texts.test)
        for sentences in part.values()
        for sentence in sentences
        for gram in _grams(sentence.words)
    }
    texts.train.update(_prose(folder, held))
    return texts


def paragraphs(
    sentences: list[Sentence], generator: random.Random, shortest: int = 3, longest: int = 8
) -> Iterator[Sentence]:
    """Joins sentences that follow each other, `shortest` to `longest` at a time; where it begins is random."""
    at = generator.randrange(shortest)
    while at < len(sentences):
        joined = sentences[at : at + generator.randint(shortest, longest)]
        at += len(joined)
        words = tuple(word for sentence in joined for word in sentence.words)
        labels = tuple(label for sentence in joined for label in sentence.labels)
        if len(joined) >= shortest:
            yield Sentence(words, labels)
