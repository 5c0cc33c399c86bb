"""A work folder of the training, with a few words and collections of tones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from training import clips


def store(folder: Path, text: str, hertz: float, count: int) -> None:
    """A collection of tones that all say `text`."""
    (folder / "clips").mkdir(parents=True)
    tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(24000) / 24000)
    lines = ["file\ttext\tseconds"]
    for number in range(count):
        soundfile.write(folder / "clips" / f"{number}.flac", tone, 24000)
        lines.append(f"{number}.flac\t{text}\t1.0")
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_training_folder(tmp_path: Path) -> Path:
    """What `training` needs in its work folder, in this empty one."""
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "sentences.tsv").write_text(
        "".join(f"{kind}\tवह घर गया\n" for kind in clips.KINDS if kind != "words"), encoding="utf-8"
    )
    (tmp_path / "text" / "words.txt").write_text("घर\nवह\nगया\n", encoding="utf-8")
    (tmp_path / "text" / "held_sentences.txt").write_text("", encoding="utf-8")
    store(tmp_path / "spoken", "कल, मिलेंगे।", 300, 3)
    store(tmp_path / "real", "ठीक है", 900, 2)
    (tmp_path / "spoken" / "sentences.tsv").write_text("talk\tकल, मिलेंगे।\n", encoding="utf-8")
    return tmp_path
