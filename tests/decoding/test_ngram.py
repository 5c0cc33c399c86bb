"""N-gram models: estimates against the textbook, files that come back whole, and files that are not.

Longer than 300 lines: the formats of language models share their cases.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding.arpa import read_arpa, write_arpa
from hindi_stt.decoding.decoders import load_language_model, vocabulary_of
from hindi_stt.decoding.ngram import DEFAULT_UNKNOWN, LN10, NGramModel, NGrams, read_ngrams, write_ngrams
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.errors import LanguageModelInvalid
from hindi_stt.lm.corpus import read_corpus
from hindi_stt.lm.estimate import FALLBACK_DISCOUNTS, estimate
from tests.support import domain_text

MODULES_UNDER_TEST = (
    "hindi_stt/decoding/arpa.py",
    "hindi_stt/decoding/subword_tokens.py",
    "hindi_stt/lm/corpus.py",
    "hindi_stt/lm/estimate.py",
)

ARPA = """\\data\\
ngram 1=4
ngram 2=2

\\1-grams:
-1.5\t<unk>
-99\t<s>\t-0.3
-0.7\t</s>
-0.4\tक\t-0.2

\\2-grams:
-0.1\t<s> क
-0.3\tक </s>

\\end\\
"""


@pytest.fixture(scope="module")
def sentences() -> list[list[str]]:
    return [sentence.text.split() for sentence in domain_text.corpus(400)]


@pytest.fixture(scope="module")
def ngrams(sentences: list[list[str]]) -> NGrams:
    return estimate(sentences, 4)


class Textbook:
    """Interpolated modified Kneser-Ney, one n-gram at a time (Chen and Goodman, 1998)."""

    def __init__(self, sentences: list[list[str]], order: int) -> None:
        padded = [("<s>", *words, "</s>") for words in sentences]
        raw = [Counter(s[i : i + n] for s in padded for i in range(len(s) - n + 1)) for n in range(1, order + 1)]
        self.counts = [Counter[tuple[str, ...]]() for _ in range(order)]
        self.counts[-1] = raw[-1]
        for n in range(order - 1):
            self.counts[n].update({gram: c for gram, c in raw[n].items() if gram[0] == "<s>" and n})
            self.counts[n].update(gram[1:] for gram in raw[n + 1])
        self.vocabulary = {word for s in padded for word in s} - {"<s>"} | {"<unk>"}
        self.discounts = [self._discounts(list(counts.values())) for counts in self.counts]
        self.following: list[dict[tuple[str, ...], list[int]]] = []
        for counts in self.counts:
            by_context = defaultdict(list)
            for gram, count in counts.items():
                by_context[gram[:-1]].append(count)
            self.following.append(by_context)

    @staticmethod
    def _discounts(counts: list[int]) -> tuple[float, ...]:
        t = [sum(c == k for c in counts) for k in range(5)]
        if not (t[1] and t[2] and t[3]):
            return (0.0, *FALLBACK_DISCOUNTS)
        y = t[1] / (t[1] + 2 * t[2])
        found = (0.0, *(k - (k + 1) * y * t[k + 1] / t[k] for k in (1, 2, 3)))
        return found if all(0 <= d <= k for k, d in enumerate(found)) else (0.0, *FALLBACK_DISCOUNTS)

    def p(self, word: str, context: tuple[str, ...]) -> float:
        n = len(context)
        shorter = self.p(word, context[1:]) if n else 1 / len(self.vocabulary)
        following = self.following[n].get(context)
        if not following:
            return shorter
        count = self.counts[n][(*context, word)]
        discount = self.discounts[n]
        gamma = sum(discount[min(c, 3)] for c in following) / sum(following)
        return max(count - discount[min(count, 3)], 0) / sum(following) + gamma * shorter


def test_the_estimate_is_the_textbooks(sentences: list[list[str]], ngrams: NGrams) -> None:
    textbook, model = Textbook(sentences, 4), NGramModel(ngrams)
    unseen = [["ऋण", "ऋण", "शाम", "बैंक"], ["xyz", "सोमवार", "को"]]
    for sentence in (*sentences[:20], *unseen):
        state, words = model.start, ["<s>"]
        for word in (*sentence, "</s>"):
            log_p, state, known = model.score(state, word)
            seen = word if known else "<unk>"
            assert log_p == pytest.approx(math.log(textbook.p(seen, tuple(words[-3:]))), abs=1e-4)
            words.append(seen)


def test_probabilities_sum_to_one(sentences: list[list[str]], ngrams: NGrams) -> None:
    model = NGramModel(ngrams)
    words = [word for word in ngrams.words if word != "<s>"]
    for sentence in sentences[:5]:
        state = model.start
        for word in sentence:
            total = sum(math.exp(model.score(state, other)[0]) for other in words)
            assert total == pytest.approx(1, abs=1e-4)
            state = model.score(state, word)[1]


def score(model: NGramModel, words: list[str]) -> float:
    state, total = model.start, 0.0
    for word in words:
        log_p, state, _ = model.score(state, word)
        total += log_p
    return total + model.end(state)


def test_files_come_back_whole(tmp_path: Path, ngrams: NGrams, sentences: list[list[str]]) -> None:
    write_ngrams(tmp_path / "m.npz", ngrams.with_weights(0.3, 1.7, -2.5))
    again = read_ngrams(tmp_path / "m.npz")
    assert (again.alpha, again.beta, again.unknown, again.words) == (0.3, 1.7, -2.5, ngrams.words)
    with np.load(tmp_path / "m.npz") as file:
        arrays = {key: file[key] for key in file}
    older = arrays["meta"].tobytes().replace(b', "unknown": -2.5', b"")  # from before it was a weight
    np.savez(tmp_path / "older.npz", **arrays | {"meta": np.frombuffer(older, np.uint8)})
    assert read_ngrams(tmp_path / "older.npz").unknown == DEFAULT_UNKNOWN
    write_arpa(tmp_path / "m.arpa", ngrams)
    arpa = NGramModel(read_arpa(tmp_path / "m.arpa"))
    for sentence in sentences[:50]:
        expected = score(NGramModel(ngrams), sentence)
        assert score(NGramModel(again), sentence) == expected
        assert score(arpa, sentence) == pytest.approx(expected, abs=1e-4)


def test_kenlm_gives_the_same_scores(tmp_path: Path, ngrams: NGrams) -> None:
    kenlm = pytest.importorskip("kenlm", reason="KenLM is not installed: pip install kenlm")
    write_arpa(tmp_path / "m.arpa", ngrams)
    theirs, mine = kenlm.Model(str(tmp_path / "m.arpa")), NGramModel(ngrams)
    rng = np.random.default_rng(0)
    words = [*mine.words, "नहीं-है"]
    for _ in range(500):
        sentence = [words[i] for i in rng.integers(0, len(words), rng.integers(0, 12))]
        assert score(mine, sentence) == pytest.approx(theirs.score(" ".join(sentence)) * LN10, abs=1e-3)


def test_an_arpa_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "m.arpa"
    path.write_text(ARPA, encoding="utf-8")
    model = NGramModel(read_arpa(path))
    assert score(model, ["क"]) == pytest.approx((-0.1 - 0.3) * LN10)
    assert score(model, ["क", "क"]) == pytest.approx((-0.1 - 0.2 - 0.4 - 0.3) * LN10)
    assert score(model, ["ख"]) == pytest.approx((-0.3 - 1.5 - 0.7) * LN10)
    assert score(model, []) == pytest.approx((-0.3 - 0.7) * LN10)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        pytest.param("\\data\\", "data", "line 1: .*data", id="no head"),
        pytest.param("ngram 2=2", "ngram 2=two", "line 3: 'ngram 2=COUNT'", id="count"),
        pytest.param("ngram 2=2", "ngram 2=3", "line 15: probability", id="too few"),
        pytest.param("ngram 2=2", "ngram 2=1", "end.* expected", id="too many"),
        pytest.param("ngram 2=2", "ngram 2=99999999999", "line 15", id="absurd count"),
        pytest.param("-0.4\tक", "x\tक", "line 9: probability", id="number"),
        pytest.param("-0.4\tक", "nan\tक", "line 9: log-probability nan", id="nan"),
        pytest.param("-0.4\tक", "-1e60\tक", "line 9: log-probability -1e\\+60", id="beyond float32"),
        pytest.param("-0.4\tक", "0.4\tक", "line 9: log-probability 0.4", id="positive"),
        pytest.param("-0.1\t<s> क", "-0.1\tक", "line 12: ", id="a word short"),
        pytest.param("-0.1\t<s> क", "-0.1\t<s> ग", "not its words", id="unlisted word"),
        pytest.param("-0.1\t<s> क", "-0.1\tक </s>", "twice", id="twice"),
        pytest.param("\\end\\\n", "", "the file ends here", id="cut short"),
    ],
)
def test_a_broken_arpa_file(tmp_path: Path, old: str, new: str, match: str) -> None:
    path = tmp_path / "m.arpa"
    path.write_text(ARPA.replace(old, new), encoding="utf-8")
    with pytest.raises(LanguageModelInvalid, match=match):
        read_arpa(path)


def encrypted(archive: bytes) -> bytes:
    """The flag set that says so, of the first member: in its header, and in the directory at the end."""
    found = bytearray(archive)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found[found.index(signature) + flags] |= 1
    return bytes(found)


def test_files_that_are_none(tmp_path: Path, bundle: Bundle, ngrams: NGrams) -> None:
    vocabulary = vocabulary_of(bundle)
    whole = tmp_path / "m.npz"
    write_ngrams(whole, ngrams)
    content = whole.read_bytes()
    for name, data in [
        ("cut.npz", content[: len(content) // 2]),
        ("encrypted.npz", encrypted(content)),
        ("binary.arpa", bytes(range(256))),
        ("empty.arpa", b""),
        ("kenlm.bin", b"mmap lm http://kheafield.com/code format version 5\n\0" + bytes(100)),
    ]:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(LanguageModelInvalid):
            load_language_model(tmp_path / name, vocabulary)
    with pytest.raises(LanguageModelInvalid, match="cannot be read"):
        load_language_model(tmp_path / "nothing", vocabulary)


def test_arrays_that_would_lead_astray(tmp_path: Path, ngrams: NGrams) -> None:
    for name, position, value in [
        ("suffix", 500, 501),
        ("first_child", 3, -1),
        ("log10_prob", 7, np.nan),
        ("word", 2, 9),
    ]:
        path = tmp_path / f"{name}.npz"
        write_ngrams(path, ngrams)
        with np.load(path) as file:
            arrays = {key: file[key] for key in file}
        arrays[name][position] = value
        np.savez(path, **arrays)
        with pytest.raises(LanguageModelInvalid, match="contradict"):
            read_ngrams(path)


def test_a_model_over_another_alphabet(tmp_path: Path, bundle: Bundle) -> None:
    for name, sentences in [("latin", [["hello", "world"]]), ("pieces", [["▁abc", "def", "▁gh"]] * 3)]:
        write_ngrams(tmp_path / f"{name}.npz", estimate(sentences, 2))
        with pytest.raises(LanguageModelInvalid, match="another alphabet"):
            load_language_model(tmp_path / f"{name}.npz", vocabulary_of(bundle))


PIECES = ("<unk>", "▁", "▁क", "▁कल", "ल", "म", "लम", "क", "▁अब")


def cuts(word: str, first: bool = True) -> list[list[str]]:
    """Every way to spell the word with PIECES."""
    found: list[list[str]] = [] if word or first else [[]]
    for piece in PIECES[1:]:
        letters = piece.removeprefix("▁")
        if piece.startswith("▁") == first and word.startswith(letters):
            found += [[piece, *rest] for rest in cuts(word.removeprefix(letters), first=False)]
    return found


@pytest.mark.parametrize("nemo", [False, True])
def test_pieces_score_a_word_as_its_likeliest_cut(tmp_path: Path, nemo: bool) -> None:
    rng = np.random.default_rng(3)
    corpus = [[PIECES[i] for i in rng.integers(1, len(PIECES), rng.integers(2, 9))] for _ in range(40)]
    name = {piece: chr(100 + i) if nemo else piece for i, piece in enumerate(PIECES)}
    write_arpa(tmp_path / "pieces.arpa", estimate([[name[piece] for piece in line] for line in corpus], 3))
    pieces = NGramModel(read_arpa(tmp_path / "pieces.arpa"))
    words = load_language_model(tmp_path / "pieces.arpa", Vocabulary(PIECES, len(PIECES)))
    state = words.start
    for word in ("कलम", "लम", "अबकलमक", "क"):
        expected = []
        for cut in cuts(word):
            total, after = 0.0, state
            for piece in cut:
                log_p, after, known = pieces.score(after, name[piece])
                assert known
                total += log_p
            expected.append((total, after))
        assert len(expected) > 1
        score, after, known = words.score(state, word)
        assert known
        assert (score, after) == max(expected)
        assert words.has_prefix(word)
        state = after
    assert words.end(state) == pieces.end(state)
    assert not words.score(state, "खग")[2]
    assert not words.has_prefix("ख")


def test_a_corpus_is_read_in_the_form_of_the_decoder(tmp_path: Path, bundle: Bundle) -> None:
    text = 'मेरा नाम क\u095bल है। "सोमवार", को\u200bमिलेंगे!\nGoogle पर देखो\n\n१२ बजे\n'
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    corpus = read_corpus([tmp_path / "a.txt"], vocabulary_of(bundle))
    assert corpus.sentences == [["मेरा", "नाम", "कज\u093cल", "है"], ["सोमवार", "कोमिलेंगे"]]
    assert corpus.n_left_out == 2
    (tmp_path / "b.txt").write_text("only latin\n", encoding="utf-8")
    with pytest.raises(LanguageModelInvalid, match="1 were left out"):
        read_corpus([tmp_path / "b.txt"], vocabulary_of(bundle))
    with pytest.raises(LanguageModelInvalid, match="cannot be read"):
        read_corpus([tmp_path / "c.txt"], vocabulary_of(bundle))


def test_words_beyond_the_text(sentences: list[list[str]]) -> None:
    """They are as likely as an unknown word, known, and the rest keeps its shares."""
    model = NGramModel(estimate(sentences, 3, ["ज़ेब्रा", sentences[0][0], "यूरेनियम"]))
    assert model.words.count(sentences[0][0]) == 1
    for state in (model.start, 0):
        assert model.score(state, "यूरेनियम")[2]
        assert not model.score(state, "यूरे")[2]
        assert model.score(state, "यूरेनियम")[0] == pytest.approx(model.score(state, "यूरे")[0], abs=1e-6)
        total = sum(math.exp(model.score(state, word)[0]) for word in (*model.words, "</s>", "<unk>"))
        assert total == pytest.approx(1, abs=1e-4)
    assert model.has_prefix("यूरे")


@pytest.mark.parametrize("order", [1, 2, 5])
def test_a_tiny_corpus(order: int) -> None:
    model = NGramModel(estimate([["क"]], order))
    total = sum(math.exp(model.score(model.start, word)[0]) for word in ("क", "</s>", "ख"))
    assert total == pytest.approx(1, abs=1e-5)
    assert model.score(model.start, "क")[0] > model.score(model.start, "ख")[0]
    with pytest.raises(ValueError, match="no words"):
        estimate(itertools.repeat([], 3), order)
