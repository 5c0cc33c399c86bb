"""The text of the language model: what people wrote or we did, under licences that let the model pass its words on.

    source                                            licence
    sentences of natural speech (`spoken_text.py`)    CC0, CC-BY, public domain, this project's
    prose without marks (`PROSE`)                     public domain
    transcripts of recordings for training            each collection's (here MIT / CC-BY-4.0)
    chromium-l10n: messages of a browser              BSD-3-Clause
    unicode-cldr-core: names of places and things     Unicode-DFS-2016

No dictionary, word list or catalogue under the GPL, LGPL or MPL is among them. The Debian packages are unpacked into
the work folder, never installed, and not in the repository. `python -m training.open_text WORK --text TEXT --measured
SPEECH` writes WORK/language: sentences.tsv (kind, sentence without marks), text.json (counts) and the digest of all
sentences (language_sentences.xz), with which the test suite can prove that no measured sentence is among them.
"""

import argparse
import html
import itertools
import json
import lzma
import re
import struct
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import collection, spoken_text
from .alphabet import fragments, plain
from .exclusion import Exclusion
from .make_text import digest, pack

PACKAGES = ("chromium-l10n", "unicode-cldr-core")
PROSE = ("pd_premchand_nomarks", "pd_otherauthors_nomarks")
# Kinds that are today's Hindi count so many times: older prose is two thirds of the words.
TIMES = dict.fromkeys(("talk", "tales", "prose", "bulletins", "everyday", "recordings", "messages"), 3)
OWN_KINDS = {"grammar", "everyday"}  # of `make_text.py`
LONGEST_PIECE = 60  # words of a line of prose; longer ones are lists
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_MARKUP = re.compile(r"<[^>]+>|&(?=\S)")
_PLACEHOLDER = re.compile(r"\$\d|\$[A-Za-z{]\S*|\{[^}]*\}|%\S+|#")
_BRANCH = re.compile(r"\{([^{}]*[\u0900-\u097f][^{}]*)\}")


def pak_strings(data: bytes) -> Iterator[str]:
    """The texts of a resource pack of Chromium's format 5, in UTF-8 (ui/base/resource/data_pack.cc).

    Args:
        data: The file.

    Yields:
        Its texts, in order.

    Raises:
        ValueError: The file has another format or encoding.
    """
    version, encoding, n_resources = struct.unpack_from("<IB3xH", data)
    if version != 5 or encoding != 1:
        raise ValueError(f"a resource pack of version {version} and encoding {encoding}; 5 and 1 can be read")
    offsets = [struct.unpack_from("<HI", data, 12 + 6 * at)[1] for at in range(n_resources + 1)]
    for start, end in itertools.pairwise(offsets):
        yield data[start:end].decode("utf-8", "ignore")


def messages(texts: Iterable[str]) -> Iterator[str]:
    """Runs of words of a program's messages, without mark-up; of a message with plural forms each form."""
    for text in map(html.unescape, texts):
        for form in _BRANCH.findall(text) if "plural" in text else [text]:
            yield from fragments(_PLACEHOLDER.sub("।", _MARKUP.sub(" ", form)))


def names(root: Path) -> Iterator[str]:
    """Names of places, languages, units, characters and things, from CLDR's Hindi files below a folder."""
    for path in sorted(root.rglob("hi.xml")):
        if path.parent.name in {"main", "annotations", "annotationsDerived", "subdivisions"}:
            for element in ET.parse(path).iter():
                if element.text and element.tag not in {"exemplarCharacters", "pattern"}:
                    for text in filter(_DEVANAGARI.search, element.text.split("|")):
                        yield from fragments(text, 1)


def prose(folder: Path) -> Iterator[str]:
    """The usable lines of the files of `PROSE`, without marks."""
    for name in PROSE:
        with lzma.open(folder / f"{name}.txt.xz", "rt", encoding="utf-8") as file:
            for spoken in filter(None, map(spoken_text.spoken_form, file)):
                words = spoken_text.words_of(spoken)
                if len(words) <= LONGEST_PIECE:
                    yield " ".join(words)


def unpack(folder: Path) -> Path:
    """Downloads the Debian packages once into `folder`/debs and unpacks them under `folder`/open."""
    root, cache = folder / "open", folder / "debs"
    cache.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not list(cache.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-qq", package], cwd=cache, check=True)
        for archive in cache.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg", "-x", str(archive), str(root)], check=True)
    return root


def build(sources: dict[str, Iterable[str]], excluded: Exclusion) -> dict[str, list[str]]:
    """The sentences of each source without marks, each once, and none that repeats a measured one.

    Args:
        sources: Sentences by kind.
        excluded: What must not be in the text.

    Returns:
        The sentences by kind, in order.
    """
    taken: set[str] = set()
    kept: dict[str, list[str]] = {}
    for kind, texts in sources.items():
        kept[kind] = []
        for text in texts:
            bare = plain(" ".join(spoken_text.words_of(text)))
            if bare and bare not in taken and not excluded.match(bare):
                taken.add(bare)
                kept[kind].append(bare)
    return kept


def collect(work: Path, text_folder: Path) -> dict[str, Iterable[str]]:
    """The sentences of all sources by kind; random sequences of words are none."""
    root = unpack(work)
    spoken = {kind: texts for kind, texts in spoken_text.load(work / "spoken").items() if kind != "words"}
    pack_file = root / "usr/lib/chromium/locales/hi.pak"
    return {
        **spoken,
        "recordings": [recording.transcript for recording in collection.read(work / "real")],
        "older prose": prose(text_folder),
        "messages": messages(pak_strings(pack_file.read_bytes())),
        "names": names(root),
    }


def load(work: Path) -> list[tuple[str, str]]:
    """What `main` wrote: (kind, sentence). Where it did not run, the sentences that we wrote for espeak-ng's text."""
    file = work / "language" / "sentences.tsv"
    if file.exists():
        return list(_rows(file))
    return [(kind, plain(text)) for kind, text in _rows(work / "text" / "sentences.tsv") if kind in OWN_KINDS]


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        kind, _, text = line.partition("\t")
        yield kind, text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="the work folder, with spoken/ and real/")
    parser.add_argument("--text", type=Path, required=True, help="the folder of openly licensed text")
    parser.add_argument("--measured", type=Path, nargs="*", default=[], help="folders of recordings never trained on")
    arguments = parser.parse_args()
    held = [line.split("\t")[1] for line in (arguments.work / "spoken/held.tsv").read_text("utf-8").splitlines()]
    held += [recording.transcript for recording in collection.read(arguments.work / "real-held")]
    excluded = Exclusion([*spoken_text.measured_texts(arguments.measured), *held])
    kept = build(collect(arguments.work, arguments.text), excluded)
    folder = arguments.work / "language"
    folder.mkdir(exist_ok=True)
    lines = [f"{kind}\t{text}" for kind, texts in kept.items() for text in texts]
    (folder / "sentences.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sentences = [text for texts in kept.values() for text in texts]
    (folder / "language_sentences.xz").write_bytes(pack([digest(text) for text in sorted(sentences)]))
    counts = {
        "sentences": {kind: len(texts) for kind, texts in kept.items()},
        "words": {kind: sum(len(text.split()) for text in texts) for kind, texts in kept.items()},
        "distinct_words": len({word for text in sentences for word in text.split()}),
    }
    (folder / "text.json").write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(counts, indent=1))
    print(f"none of {len(excluded)} measured sentences is in the text or nearly so")


if __name__ == "__main__":
    main()
