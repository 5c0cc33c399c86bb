"""Where stored clips can be cut between words: `python -m training.word_cuts COLLECTION BUNDLE`.

Writes `cuts.tsv` into the collection: the seconds at which each clip begins, of the places between its words, and at
which it ends. Training then takes some words of a clip instead of all of them, so that a few hundred recordings are not
learnt as whole sentences. Words are found by CTC forced alignment, which is the most probable path through the
transcript's pieces (A. Graves and others, "Connectionist temporal classification", 2006, section 4.1), and the cut is
where it is quietest between them.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import WORD_MARK

from . import augment, collection

STEP_S = 0.01  # of the search for the quietest place
LAG_S = 0.05  # a word's first piece is seen about so long after its sound began
REACH = 5  # steps before and after that, in which the quietest place is the cut


def first_frames(log_probs: np.ndarray, pieces: list[int], blank: int) -> np.ndarray:
    """The frame at which each piece of a transcript begins on the most probable path through all of them.

    Args:
        log_probs: float32 [frames, pieces and blank].
        pieces: What was said, as columns of `log_probs`.
        blank: The blank's column.

    Returns:
        int64 [len(pieces)], rising.

    Raises:
        ValueError: There are fewer frames than the pieces need.
    """
    labels = np.full(2 * len(pieces) + 1, blank)
    labels[1::2] = pieces
    if len(pieces) + np.count_nonzero(np.diff(pieces) == 0) > len(log_probs):
        raise ValueError(f"{len(pieces)} pieces in {len(log_probs)} frames")
    emitted = log_probs[:, labels]
    # From two states before: over a blank between two different pieces.
    may_skip = np.zeros(len(labels), bool)
    may_skip[3::2] = np.diff(pieces) != 0
    score = np.full(len(labels), -np.inf)
    score[:2] = emitted[0, :2]
    came_by = np.zeros(emitted.shape, np.int8)
    for frame in range(1, len(emitted)):
        one, two = np.roll(score, 1), np.roll(score, 2)
        one[0] = -np.inf
        two[~may_skip] = -np.inf
        choices = np.stack([score, one, two])
        came_by[frame] = choices.argmax(axis=0)
        score = choices.max(axis=0) + emitted[frame]
    state = len(labels) - 1 if score[-1] > score[-2] else len(labels) - 2
    begins = np.zeros(len(pieces), np.int64)
    for frame in range(len(emitted) - 1, -1, -1):
        if state % 2:
            begins[state // 2] = frame
        state -= int(came_by[frame, state])
    return begins


def cuts(samples: np.ndarray, begins_s: list[float], ends_s: list[float]) -> list[float]:
    """The quietest places between words.

    Args:
        samples: float32 [n], 16 kHz.
        begins_s: Seconds at which the first piece of each word is seen.
        ends_s: Seconds at which the last piece of each word is seen, before which no cut is made.

    Returns:
        Seconds, one more than words: before, between and after them.
    """
    step = int(STEP_S * augment.RATE)
    power = np.square(samples[: len(samples) // step * step].reshape(-1, step)).mean(axis=1)
    smooth = np.convolve(power, np.ones(3) / 3, "same")
    found = [0.0]
    for end_s, begin_s in zip(ends_s[:-1], begins_s[1:], strict=True):
        first = int(end_s / STEP_S)
        onset = max(first, int((begin_s - LAG_S) / STEP_S))
        first, last = max(first, onset - REACH), onset + REACH + 1
        found.append(round((first + int(smooth[first:last].argmin())) * STEP_S, 3))
    return [*found, round(len(samples) / augment.RATE, 3)]


def write(folder: Path, bundle: Bundle, encode: Callable[[str], list[int]]) -> int:
    """Aligns a collection's clips and writes its `cuts.tsv`.

    Args:
        folder: The collection.
        bundle: The model that aligns.
        encode: Gives the numbers of a text's pieces.

    Returns:
        The clips with cuts; those too short for their text have none, nor those with signs that it does not know.
    """
    pipeline, acoustic = Pipeline(bundle, Settings(model="")), LocalAcoustic(bundle, threads=1)
    rows = [("file", "cuts")]
    for clip in tqdm(collection.read(folder), unit="clip", disable=None):
        samples = augment.warp(*clip.read(), 1.0)
        (log_probs,) = acoustic([pipeline.features(samples)])
        pieces = encode(clip.transcript)
        try:
            frames = first_frames(log_probs.values, pieces, bundle.manifest.acoustic.blank_id)
        except ValueError:
            continue
        seen_s = frames * log_probs.frame_shift_s
        starts = [n for n, piece in enumerate(pieces) if bundle.tokens[piece].startswith(WORD_MARK)]
        if len(starts) != len(clip.transcript.split()):  # a sign that the model does not know
            continue
        ends = [*(start - 1 for start in starts[1:]), len(pieces) - 1]
        places = cuts(samples, list(seen_s[starts]), list(seen_s[ends]))
        rows.append((str(clip.path.relative_to(folder / "clips")), " ".join(map(str, places))))
    new = folder / "cuts.new"
    with new.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE).writerows(rows)
    new.replace(folder / "cuts.tsv")
    return len(rows) - 1


if __name__ == "__main__":
    import sentencepiece

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("bundle", type=Path)
    arguments = parser.parse_args()
    splitter = sentencepiece.SentencePieceProcessor(model_file=str(arguments.bundle / "tokenizer.model"))
    print(write(arguments.collection, Bundle.open(arguments.bundle), splitter.encode), "clips with cuts")
