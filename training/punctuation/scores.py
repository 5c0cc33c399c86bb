"""F1 of the marks on held-out passages, and the offsets of the scores that are best for it."""

import random

import numpy as np
import torch
from numpy.typing import NDArray

from .batches import ROWS, batch, passages
from .network import Network
from .text import COMMA, DANDA, QUESTION, Sentence

Labels = NDArray[np.int64]
# What is tried as an offset of a mark's score, in natural logarithms.
OFFSETS = np.arange(-1.6, 1.61, 0.1)


def collect(
    network: Network, texts: dict[str, list[Sentence]], *, pauses_known: bool = True
) -> tuple[NDArray[np.float32], Labels]:
    """Scores the paragraphs of held-out text, without errors; each paragraph's last word is left out.

    Args:
        network: The network.
        texts: Sentences by source, all labels known.
        pauses_known: Whether pauses are drawn; otherwise they are unknown.

    Returns:
        float32 [words, marks], the log-probabilities, and int64 [words], the labels.
    """
    network.eval()
    numbers = np.random.default_rng(3)
    runs = sorted(passages(texts, random.Random(3)), key=lambda run: len(run.words))
    scores, labels = [], []
    with torch.no_grad():
        for at in range(0, len(runs), ROWS):
            part = batch(runs[at : at + ROWS], numbers, pauses_known=pauses_known)
            log_p = network(part.rows, part.pauses, part.lengths).log_softmax(-1)
            inside = torch.arange(part.rows.shape[1]) < part.lengths[:, None] - 1
            scores.append(log_p[inside].numpy())
            labels.append(part.labels[inside].numpy())
    return np.concatenate(scores), np.concatenate(labels)


def _f1(found: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    return float(2 * (found & right).sum() / max(1, found.sum() + right.sum()))


def f1(scores: NDArray[np.float32], labels: Labels) -> dict[str, float]:
    """F1 in percent of "sentence end" (danda or question mark), danda alone, question mark and comma."""
    marks = scores.argmax(axis=-1)
    values = {
        "end": _f1(marks >= DANDA, labels >= DANDA),
        "danda": _f1(marks == DANDA, labels == DANDA),
        "question": _f1(marks == QUESTION, labels == QUESTION),
        "comma": _f1(marks == COMMA, labels == COMMA),
    }
    return {name: round(100 * value, 1) for name, value in values.items()} | {
        "questions": int((labels == QUESTION).sum())
    }


def choose_offsets(scores: NDArray[np.float32], labels: Labels) -> list[float]:
    """The offsets to add to the scores of none, comma, danda and question mark, each by coordinate ascent.

    What is raised is the sum of the F1 of sentence ends, dandas, question marks and commas.

    Args:
        scores: float32 [words, marks], as `collect` returns them.
        labels: int64 [words].

    Returns:
        Four offsets, in natural logarithms.
    """
    offsets = np.zeros(4, np.float32)

    def value(candidate: NDArray[np.float32]) -> float:
        result = f1(scores + candidate, labels)
        return result["end"] + result["danda"] + result["question"] + result["comma"]

    for _ in range(3):
        for mark in (COMMA, DANDA, QUESTION):
            tried = [offsets + (np.arange(4) == mark) * (step - offsets[mark]) for step in OFFSETS]
            offsets = max(tried, key=value).astype(np.float32)
    return [float(offset) for offset in offsets]
