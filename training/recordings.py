"""Recordings of people for training: `python -m training.recordings WORK --real FOLDER --measured SPEECH`.

FOLDER holds recordings and `transcripts.tsv` (columns `file`, `text` and the path in the source, whose folder names the
broadcast). Makes the collections WORK/real and WORK/real-held: the second holds whole broadcasts and is for choosing
among models, never for training. Clips whose text repeats a measured one are left out. The folders must not be passed
on without the licence of their source.
"""

import argparse
import csv
import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from . import collection, spoken_text
from .augment import RATE
from .exclusion import Exclusion

SOURCE_COLUMN = "path in the source"
HELD_ONE_IN = 11  # broadcasts


def is_held(broadcast: str) -> bool:
    """Whether a broadcast is kept for choosing among models; the same on every machine."""
    return int.from_bytes(hashlib.blake2b(broadcast.encode(), digest_size=4).digest(), "big") % HELD_ONE_IN == 0


def decode(path: Path) -> np.ndarray:
    """Any recording as int16 at 16 kHz, mono.

    Args:
        path: the recording.

    Returns:
        int16 [n].

    Raises:
        subprocess.CalledProcessError: ffmpeg could not read it.
    """
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<i2")


def transcript(text: str) -> str | None:
    """The words of a transcript, or None where it holds digits, Latin letters or other signs."""
    spoken = spoken_text.spoken_form(text)
    return " ".join(spoken_text.words_of(spoken)) if spoken else None


def prepare(source: Path, work: Path, excluded: Exclusion) -> dict[str, list[str]]:
    """Decodes and divides a folder of recordings.

    Args:
        source: The folder with `transcripts.tsv`.
        work: Gets the collections `real` and `real-held`.
        excluded: Texts that must not be trained on.

    Returns:
        The files by what became of them: `real`, `real-held`, `excluded`, `unreadable text`.
    """
    import soundfile

    became: dict[str, list[str]] = {"real": [], "real-held": [], "excluded": [], "unreadable text": []}
    lines: dict[str, list[Iterable[object]]] = {"real": [], "real-held": []}
    with (source / "transcripts.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            said = transcript(row["text"])
            if not said or excluded.match(said):
                became["excluded" if said else "unreadable text"].append(row["file"])
                continue
            part = "real-held" if is_held(str(Path(row[SOURCE_COLUMN]).parent)) else "real"
            samples = decode(source / row["file"])
            target = work / part / "clips" / (Path(row["file"]).stem + ".flac")
            target.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(target, samples, RATE, subtype="PCM_16")
            lines[part].append((target.name, said, round(len(samples) / RATE, 3), row[SOURCE_COLUMN]))
            became[part].append(row["file"])
    for part, found in lines.items():
        text = "".join("\t".join(map(str, line)) + "\n" for line in [collection.HEADER, *found])
        (work / part).mkdir(parents=True, exist_ok=True)
        (work / part / "manifest.tsv").write_text(text, encoding="utf-8")
    return became


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    parser.add_argument("--real", type=Path, required=True, help="recordings with transcripts.tsv")
    parser.add_argument("--measured", type=Path, nargs="*", default=[], help="folders of recordings never trained on")
    arguments = parser.parse_args()
    became = prepare(arguments.real, arguments.work, spoken_text.measured(arguments.measured))
    for what, files in became.items():
        print(f"{what}: {len(files)}", *(files if what in ("excluded", "unreadable text") else ()))


if __name__ == "__main__":
    main()
