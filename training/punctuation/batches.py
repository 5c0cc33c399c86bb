"""Passages → batches of the network's inputs."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from hindi_stt.text.punctuation_features import N_PAUSE_FEATURES, TABLE_SIZES, pause_features, table_rows

from . import pauses
from .errors import recognised
from .text import Sentence, paragraphs

ROWS = 64  # passages of a batch
LONGEST = 160  # words of a passage
WITHOUT_PAUSES = 0.15  # share of passages whose pauses are unknown

_rows = lru_cache(maxsize=500_000)(table_rows)


@dataclass
class Batch:
    """Inputs and labels of some passages, padded at their ends."""

    rows: torch.Tensor
    pauses: torch.Tensor
    lengths: torch.Tensor
    labels: torch.Tensor


def batch(passages: list[Sentence], generator: np.random.Generator, *, pauses_known: bool = True) -> Batch:
    """Draws pauses and pads.

    Args:
        passages: Not empty.
        generator: Of random numbers.
        pauses_known: Otherwise all pauses are unknown.

    Returns:
        The batch; positions behind the end of a passage have the label -1.
    """
    n = max(len(passage.words) for passage in passages)
    rows = np.zeros((len(passages), n, len(TABLE_SIZES)), np.int64)
    silence = np.zeros((len(passages), n, N_PAUSE_FEATURES), np.float32)
    labels = np.full((len(passages), n), -1, np.int64)
    for number, passage in enumerate(passages):
        k = len(passage.words)
        rows[number, :k] = [_rows(word) for word in passage.words]
        labels[number, :k] = passage.labels
        if pauses_known:
            silence[number, :k] = pause_features(pauses.draw(labels[number, :k], generator))
    lengths = torch.tensor([len(passage.words) for passage in passages])
    return Batch(torch.from_numpy(rows), torch.from_numpy(silence), lengths, torch.from_numpy(labels))


def passages(texts: dict[str, list[Sentence]], generator: random.Random, shortest: int = 3) -> list[Sentence]:
    """All paragraphs of an epoch, of `shortest` to 8 sentences, in random order."""
    runs: list[Sentence] = []
    for sentences in texts.values():
        runs += [run for run in paragraphs(sentences, generator, shortest) if len(run.words) <= LONGEST]
    generator.shuffle(runs)
    return runs


def epoch(texts: dict[str, list[Sentence]], seed: int) -> Iterator[Batch]:
    """The batches of one epoch, passages of like length together; the same for the same seed."""
    generator, numbers = random.Random(seed), np.random.default_rng(seed)
    runs = passages(texts, generator, shortest=1)  # an utterance is often a single sentence
    pools = [sorted(runs[at : at + 640], key=lambda run: len(run.words)) for at in range(0, len(runs), 640)]
    groups = [pool[at : at + ROWS] for pool in pools for at in range(0, len(pool), ROWS)]
    generator.shuffle(groups)
    for group in groups:
        known = numbers.random() >= WITHOUT_PAUSES
        yield batch([recognised(run, generator) for run in group], numbers, pauses_known=known)
