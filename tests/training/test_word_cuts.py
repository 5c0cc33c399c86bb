"""Where stored clips are cut between words."""

from __future__ import annotations

import csv
import itertools
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hindi_stt.bundle.manifest import Bundle
from tests.server.word_events import speak_with_words
from tests.support import domain_text
from tests.support.training_folder import make_training_folder
from training import clips, collection, word_cuts

BLANK = 3


def collapsed(path: tuple[int, ...]) -> list[int]:
    return [label for label, _ in itertools.groupby(path) if label != BLANK]


def begins(path: tuple[int, ...]) -> list[int]:
    return [at for at, label in enumerate(path) if label != BLANK and (at == 0 or path[at - 1] != label)]


@pytest.mark.parametrize("pieces", [[0], [0, 1], [1, 1], [2, 0, 2], [1, 1, 0]])
def test_pieces_begin_where_they_do_on_the_best_of_all_paths(pieces: list[int]) -> None:
    rng = np.random.default_rng(len(pieces))
    log_probs = np.log(rng.dirichlet(np.ones(BLANK + 1), size=6)).astype(np.float32)
    paths = [path for path in itertools.product(range(BLANK + 1), repeat=6) if collapsed(path) == pieces]
    best = max(paths, key=lambda path: float(sum(log_probs[at, label] for at, label in enumerate(path))))
    assert word_cuts.first_frames(log_probs, pieces, BLANK).tolist() == begins(best)


@pytest.mark.parametrize("pieces", [[0, 1, 2], [0, 0]])
def test_more_pieces_than_frames_are_refused(pieces: list[int]) -> None:
    with pytest.raises(ValueError, match="frames"):
        word_cuts.first_frames(np.zeros((2, BLANK + 1), np.float32), pieces, BLANK)


needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")


@pytest.fixture
def spoken_clips(tmp_path: Path) -> tuple[Path, list[list[float]]]:
    """A collection that espeak-ng says, and the seconds at which its words begin."""
    (tmp_path / "clips").mkdir()
    lines, known = ["file\ttext\tseconds"], []
    texts = [sentence.text for sentence in domain_text.tuning()[:12]]
    # In another process: a process can initialise espeak-ng's library once, and the clips of training do it otherwise.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        spoken = list(pool.map(speak_with_words, texts))
    for number, (text, (samples, rate, at)) in enumerate(zip(texts, spoken, strict=True)):
        words = text.split()
        positions = np.cumsum([0, *(len(word) + 1 for word in words[:-1])]).tolist()
        if any(position not in at for position in positions):  # espeak-ng joins some words
            continue
        soundfile.write(tmp_path / "clips" / f"{number}.flac", samples, rate)
        lines.append(f"{number}.flac\t{text}\t{len(samples) / rate:.3f}")
        known.append([at[position] for position in positions])
    (tmp_path / "manifest.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path, known


@needs_espeak
def test_clips_are_cut_where_words_begin(spoken_clips: tuple[Path, list[list[float]]], bundle: Bundle) -> None:
    folder, known = spoken_clips

    def encode(text: str) -> list[int]:
        """Pieces of a text, the longest first."""
        rest, found = "▁" + text.replace(" ", "▁"), []
        while rest:
            piece = max((token for token in bundle.tokens if token and rest.startswith(token)), key=len)
            found.append(bundle.tokens.index(piece))
            rest = rest[len(piece) :]
        return found

    assert word_cuts.write(folder, bundle, encode) == len(known) >= 8
    read = collection.read(folder)
    assert all(len(clip.cuts) == len(clip.transcript.split()) + 1 for clip in read)
    errors_s = [
        abs(cut - begin_s)
        for clip, begins_s in zip(read, known, strict=True)
        for cut, begin_s in zip(clip.cuts[1:-1], begins_s[1:], strict=True)
    ]
    assert np.percentile(errors_s, 50) <= 0.06
    assert np.percentile(errors_s, 90) <= 0.12


@needs_espeak
def test_some_words_of_a_clip_are_the_sound_between_their_cuts(tmp_path: Path) -> None:
    """Five words of a tenth of a second each, each of its own level."""
    work = make_training_folder(tmp_path)
    shutil.rmtree(work / "real" / "clips")
    (work / "real" / "clips").mkdir()
    words = ["एक", "दो", "तीन", "चार", "पाँच"]
    soundfile.write(work / "real" / "clips" / "0.flac", np.repeat([0.1, 0.2, 0.3, 0.4, 0.5], 1600), 16000)
    (work / "real" / "manifest.tsv").write_text(
        f"file\ttext\tseconds\n0.flac\t{' '.join(words)}\t0.5\n", encoding="utf-8"
    )
    with (work / "real" / "cuts.tsv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([("file", "cuts"), ("0.flac", "0.0 0.1 0.2 0.3 0.4 0.5")])
    (clip,) = collection.read(work / "real")
    maker = clips.ClipMaker(work, 3, {"real": 1.0})
    seen = set()
    for _ in range(200):
        samples, rate, text = maker.some(clip, 0.7)
        levels = [round(float(level) * 10) for level in samples[800::1600]]
        assert rate == 16000
        assert [words[level - 1] for level in levels] == text.split()
        seen.add(text)
    spans = {" ".join(words[first:end]) for first in range(5) for end in range(first + 2, 6)}
    assert seen == spans
    assert {maker.some(clip, 0.0)[2] for _ in range(20)} == {" ".join(words)}
