"""The sentences that the natural synthesiser speaks, and which of them are kept for measuring.

They come from a folder of openly licensed text (`*.txt.xz`, one sentence a line), the sentences written by hand in
`everyday.py` and `bulletins.py`, the grammar, and random words. Nothing that `exclusion.py` finds to repeat a measured
sentence stays. `python -m training.spoken_text FOLDER --text TEXT --measured SPEECH` writes FOLDER/sentences.tsv (kind,
sentence), FOLDER/held.tsv and FOLDER/text.json.
"""

import argparse
import json
import lzma
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import bulletins, everyday
from .alphabet import CHARACTERS, is_word, normalise
from .exclusion import Exclusion, transcripts
from .grammar import Speaker
from .make_text import digest, evaluation_sentences, pack

# Which files of the text folder make a kind. The kinds without files are made here.
FILES = {
    "talk": ("cc0_commonvoice_punct", "ccby_tatoeba"),
    "tales": ("ccby_prathambooks", "ccby_africanstorybook"),
    "stories": ("pd_premchand_stories_punct",),
    "prose": ("pd_godan_punct_aligned", "cc0_tico19", "ccby_opensourceguide", "ccby_reactdocs"),
}
# How often each kind is spoken.
SHARES = {
    "talk": 0.20, "tales": 0.16, "stories": 0.14, "prose": 0.09, "bulletins": 0.17, "everyday": 0.12, "grammar": 0.05,
    "words": 0.07,
}  # fmt: skip
SHORTEST, LONGEST = 2, 18  # words
HELD_KINDS, HELD_SHARE, MOST_HELD = ("talk", "tales", "stories", "prose"), 0.012, 50  # MOST_HELD of each kind
BULLETIN_ROUNDS, GRAMMAR_SENTENCES, WORD_SEQUENCES = 200, 6000, 6000
END_MARKS = "।?!"
_KEPT = re.compile(f"[^{CHARACTERS} ,{END_MARKS}]")


def spoken_form(line: str) -> str | None:
    """A line as it is spoken: letters, commas and one end mark; None where more than punctuation would be lost."""
    text = normalise(line).replace("॥", "।").replace(";", ",").replace(":", ",")
    text = re.sub(r"[-–—]", " ", re.sub(r"[\"“”'‘’()…]", "", text))
    if _KEPT.search(text):
        return None
    text = " ".join(re.sub(r"\s*([,।?!])[\s,।?!]*", r"\1 ", text).strip(" ,").split())
    return text if all(is_word(word) for word in words_of(text)) else None


def words_of(text: str) -> list[str]:
    """The words of a spoken text, without its marks."""
    return re.sub(f"[,{END_MARKS}]", " ", text).split()


def pieces(text: str) -> Iterator[str]:
    """A text of a fit length, or a long one cut after commas and end marks."""
    run = ""
    for clause in re.findall(f"[^,{END_MARKS}]+[,{END_MARKS}]*", text):
        if run and len(words_of(run + clause)) > LONGEST:
            yield run.strip(" ,")
            run = ""
        run += clause
    yield run.strip(" ,")


def read(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """The usable sentences of text files, in their order."""
    for name in names:
        with lzma.open(folder / f"{name}.txt.xz", "rt", encoding="utf-8") as file:
            for spoken in filter(None, map(spoken_form, file)):
                yield from (piece for piece in pieces(spoken) if SHORTEST <= len(words_of(piece)) <= LONGEST)


def word_sequences(sentences: Iterable[str], generator: random.Random) -> Iterator[str]:
    """Random words of the sentences, rare ones as often as common ones."""
    vocabulary = sorted({word for text in sentences for word in words_of(text)})
    for _ in range(WORD_SEQUENCES):
        yield ", ".join(generator.sample(vocabulary, generator.randint(2, 5)))


def build(text_folder: Path, excluded: Exclusion, seed: int = 41) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """All sentences to speak.

    Args:
        text_folder: The folder with the files of `FILES`.
        excluded: What must not be spoken.
        seed: Decides the order and what is held back.

    Returns:
        The sentences by kind in the order of speaking, and (kind, sentence) held back for measuring.
    """
    generator = random.Random(seed)
    speaker = Speaker(seed)
    found = {kind: list(read(text_folder, names)) for kind, names in FILES.items()}
    found["bulletins"] = bulletins.sentences(BULLETIN_ROUNDS)
    found["everyday"] = everyday.sentences()
    found["grammar"] = [speaker.sentence().replace("-", " ") for _ in range(GRAMMAR_SENTENCES)]
    found["words"] = list(word_sequences((text for texts in found.values() for text in texts), generator))
    taken: set[str] = set()
    held: list[tuple[str, str]] = []
    kept: dict[str, list[str]] = {}
    for kind, texts in found.items():
        kept[kind] = []
        for text in texts:
            bare = " ".join(words_of(text))
            if bare in taken or excluded.match(bare):
                continue
            taken.add(bare)
            if _is_held(kind, bare, held, generator):
                held.append((kind, text))
            else:
                kept[kind].append(text)
    near_held = Exclusion(text for _, text in held)
    for kind, texts in kept.items():
        kept[kind] = [text for text in texts if not near_held.match(text)]
        generator.shuffle(kept[kind])
    return kept, held


def _is_held(kind: str, bare: str, held: list[tuple[str, str]], generator: random.Random) -> bool:
    if kind not in HELD_KINDS or not 4 <= len(bare.split()) <= 14 or generator.random() >= HELD_SHARE:
        return False
    return sum(other == kind for other, _ in held) < MOST_HELD


def measured_texts(speech: Iterable[Path]) -> list[str]:
    """The evaluation sentences and the transcripts of folders of recordings that are kept for measuring."""
    return [*evaluation_sentences(), *(text for folder in speech for text in transcripts(folder))]


def measured(speech: Iterable[Path]) -> Exclusion:
    """What repeats one of `measured_texts`."""
    return Exclusion(measured_texts(speech))


def write(folder: Path, kept: dict[str, list[str]], held: list[tuple[str, str]]) -> None:
    """Writes the sentences, what is held back, the counts and the digest of all sentences."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{kind}\t{text}" for kind, texts in kept.items() for text in texts]
    (folder / "sentences.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "held.tsv").write_text("".join(f"{kind}\t{text}\n" for kind, text in held), encoding="utf-8")
    bare = {" ".join(words_of(text)) for texts in kept.values() for text in texts}
    (folder / "spoken_sentences.xz").write_bytes(pack([digest(text) for text in sorted(bare)]))
    counts = {
        "sentences": {kind: len(texts) for kind, texts in kept.items()},
        "held": Counter(kind for kind, _ in held),
        "distinct_words": len({word for text in bare for word in text.split()}),
    }
    (folder / "text.json").write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(counts, indent=1))


def load(folder: Path) -> dict[str, list[str]]:
    """What `write` wrote, by kind."""
    kept: dict[str, list[str]] = {}
    for line in (folder / "sentences.tsv").read_text(encoding="utf-8").splitlines():
        kind, text = line.split("\t")
        kept.setdefault(kind, []).append(text)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the sentences go")
    parser.add_argument("--text", type=Path, required=True, help="the folder of openly licensed text")
    parser.add_argument("--measured", type=Path, nargs="*", default=[], help="folders of recordings never trained on")
    arguments = parser.parse_args()
    excluded = measured(arguments.measured)
    kept, held = build(arguments.text, excluded)
    write(arguments.folder, kept, held)
    print(f"none of {len(excluded)} measured sentences is in the text or nearly so")


if __name__ == "__main__":
    main()
