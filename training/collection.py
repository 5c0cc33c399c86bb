"""Folders of stored clips with manifests: natural synthetic speech and recordings of people.

A collection is a folder with `clips/` and one or more `manifest*.tsv`, tab-separated with a header; the columns `file`
(below `clips`), `text` and `seconds` are needed, others are kept for people. Lines are appended while a synthesiser
speaks, so a last line without its end is left out.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .alphabet import plain
from .spoken_text import words_of

NEEDED = {"file", "text", "seconds"}
HEADER = ("file", "text", "seconds", "source")


@dataclass(frozen=True)
class Recording:
    """A stored clip.

    Attributes:
        path: Its file.
        text: What is said, maybe with punctuation marks; `transcript` is without them.
        seconds: Its length.
        kind: What kind of sentence it is, or its file's name.
        cuts: Seconds of its beginning, the places between its words and its end; empty where they are not known.
    """

    path: Path
    text: str
    seconds: float
    kind: str
    cuts: tuple[float, ...] = ()

    @property
    def transcript(self) -> str:
        """What a recogniser should write."""
        return plain(" ".join(words_of(self.text)))

    def read(self) -> tuple[np.ndarray, int]:
        """The samples, float32 mono, and their rate in Hz."""
        import soundfile

        samples, rate = soundfile.read(self.path, dtype="float32")
        return samples, rate


def rows(folder: Path) -> list[dict[str, str]]:
    """The lines of all manifests of a folder, without one that was cut off.

    Args:
        folder: the folder.

    Returns:
        The fields of each line by column.

    Raises:
        FileNotFoundError: The folder holds no manifest.
        ValueError: A manifest lacks a needed column.
    """
    paths = sorted(folder.glob("manifest*.tsv"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no manifest*.tsv")
    found = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            whole = (line for line in file if line.endswith("\n"))
            reader = csv.DictReader(whole, delimiter="\t", quoting=csv.QUOTE_NONE)
            if reader.fieldnames is None:  # another run has just made the file
                continue
            if missing := NEEDED - set(reader.fieldnames):
                raise ValueError(f"{path} has no column {', '.join(sorted(missing))}")
            found += list(reader)
    return found


def read_cuts(folder: Path) -> dict[str, tuple[float, ...]]:
    """Where clips can be cut, by file; empty for a collection without `cuts.tsv` (`word_cuts.py`)."""
    path = folder / "cuts.tsv"
    if not path.exists():
        return {}
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])
    return {file: tuple(map(float, cuts.split())) for file, cuts in lines}


def read(folder: Path) -> list[Recording]:
    """The clips of a collection, in the order of its manifests."""
    cuts = read_cuts(folder)
    return [
        Recording(
            folder / "clips" / row["file"],
            row["text"],
            float(row["seconds"]),
            row.get("kind") or row["file"],
            cuts.get(row["file"], ()),
        )
        for row in rows(folder)
        if row["file"] and row["seconds"]
    ]
