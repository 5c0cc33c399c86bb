"""Step 1, the text: `python -m training.make_text WORK`.

Writes WORK/text: `sentences.tsv` (kind, sentence), `words.txt` (for random sequences), `held_sentences.txt` and
`held_words.txt` (kept for measuring: no training text holds one of them), `text.json` (counts) and a digest for
`tests/training_sentences.xz`, with which the test suite proves that no evaluation sentence was trained on.
"""

import argparse
import hashlib
import json
import lzma
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tests.support import evaluation_set

from . import everyday, sources
from .alphabet import CHARACTERS, is_sentence, is_word, normalise, plain
from .grammar import Speaker

HELD_WORDS = 1500
GRAMMAR_SENTENCES = 60_000


def digest(sentence: str) -> bytes:
    """Four bytes of a sentence: enough to prove absence, with 1 false alarm in 40,000 sentences."""
    return hashlib.blake2b(plain(sentence).encode(), digest_size=4).digest()


def pack(digests: list[bytes]) -> bytes:
    """Sorted digests as the differences of neighbours, byte plane by byte plane, compressed: 2.1 bytes a sentence."""
    numbers = np.sort(np.frombuffer(b"".join(digests), ">u4")).astype(np.int64)
    steps = np.diff(numbers, prepend=0).astype("<u4")
    return lzma.compress(steps.view(np.uint8).reshape(-1, 4).T.tobytes())


def evaluation_sentences() -> set[str]:
    return {plain(sentence) for sentence in evaluation_set.SENTENCES}


def held_sentences(work: Path) -> list[str]:
    return (work / "text" / "held_sentences.txt").read_text(encoding="utf-8").splitlines()


def cut(words: list[str], generator: random.Random) -> list[str]:
    """A long sentence in pieces of 4 to 14 words, so that a clip stays short."""
    pieces = []
    while words:
        size = len(words) if len(words) <= 14 else generator.randint(6, 12)
        pieces.append(" ".join(words[:size]).rstrip(","))
        words = words[size:]
    return pieces


def build(work: Path) -> None:
    generator = random.Random(4)
    root = sources.unpack(work)
    apertium = sources.Apertium(root)
    print("reading words", file=sys.stderr)
    phrases = [normalise(phrase) for phrase in sources.dictionary_phrases(root)]
    listed = {normalise(word) for reader in (sources.hunspell_words, sources.aspell_words) for word in reader(root)}
    listed |= {word for form in apertium.forms for word in form.split()} | {
        word for phrase in phrases for word in phrase.split()
    }
    listed = {word for word in listed if is_word(word) and len(word) > 1}

    real = Counter(kind_text for kind_text in tqdm(_real(root), desc="sentences", unit=""))
    running = Counter(word for _, text in real for word in plain(text).split())
    speaker = Speaker(11, apertium.nouns, apertium.adjectives)
    own = {speaker.sentence() for _ in tqdm(range(GRAMMAR_SENTENCES), desc="grammar")}
    basic = Counter(word for text in (Speaker(12).sentence() for _ in range(20_000)) for word in text.split())

    rare = sorted(word for word in listed if running[word] <= 1 and word not in basic and 3 <= len(word) <= 14)
    held = set(generator.sample(rare, HELD_WORDS))
    evaluation = evaluation_sentences()
    sentences: dict[str, str] = {}
    held_sentences: list[str] = []
    for kind, text in [
        *sorted(real),
        *(("dictionary", text) for text in sorted(set(phrases))),
        *(("grammar", text) for text in sorted(own)),
        *(("everyday", text) for text in everyday.sentences()),
    ]:
        for piece in cut(text.split(), generator):
            bare = plain(piece)
            if not is_sentence(piece) or bare in evaluation or bare in sentences or held & set(bare.split()):
                continue
            if kind in ("help", "catalogue") and 4 <= len(bare.split()) <= 12 and generator.random() < 0.015:
                held_sentences.append(bare)
            else:
                sentences[bare] = f"{kind}\t{piece}"
    measured = set(held_sentences)
    sentences = {bare: line for bare, line in sentences.items() if bare not in measured}
    words = sorted(listed - held)
    folder = work / "text"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sentences.tsv").write_text("\n".join(sentences.values()) + "\n", encoding="utf-8")
    (folder / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "held_words.txt").write_text("\n".join(sorted(held)) + "\n", encoding="utf-8")
    (folder / "held_sentences.txt").write_text("\n".join(sorted(measured)) + "\n", encoding="utf-8")
    (folder / "training_sentences.xz").write_bytes(pack([digest(sentence) for sentence in sentences]))
    _report(folder, sentences, words, held, measured)


def _real(root: Path) -> list[tuple[str, str]]:
    found = [("help", text) for text in sources.help_sentences(root)]
    return found + [("catalogue", text) for text in sources.catalogue_sentences(root)]


def _report(folder: Path, sentences: dict[str, str], words: list[str], held: set[str], measured: set[str]) -> None:
    distinct = {word for bare in sentences for word in bare.split()}
    letters = Counter("".join(sentences))
    counts = {
        "sentences": len(sentences),
        "sentences_by_kind": Counter(line.split("\t")[0] for line in sentences.values()),
        "distinct_words_in_sentences": len(distinct),
        "distinct_words": len(distinct | set(words)),
        "words_for_sequences": len(words),
        "held_words": len(held),
        "held_sentences": len(measured),
        "characters_missing": sorted(set(CHARACTERS) - set(letters)),
        "characters_rare": {letter: letters[letter] for letter in CHARACTERS if letters[letter] < 20},
    }
    (folder / "text.json").write_text(json.dumps(counts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(counts, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    build(parser.parse_args().work)
