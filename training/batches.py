"""Batches of training: features and targets of clips of like length, masks, and the agreement of two versions."""

import bisect
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from hindi_stt.features import FeatureExtractor
from hindi_stt.types import Waveform

from .clips import ClipMaker

BATCH_S = 60.0  # padded seconds of one process's batch, one batch a step
POOL = 224  # clips in stock, from which those of a batch are of like length


@dataclass
class Ease:
    """progress: how far the way from short and clean clips to all kinds has been gone, in 0..1."""

    progress: float


def batches(
    maker: ClipMaker,
    encode,
    extract: FeatureExtractor,
    ease: Ease,
    order: random.Random,
    views: int = 1,
    n_stock: int = POOL,
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Endless batches of features and targets, of clips of like length.

    Clips are taken out of a stock, next to one at a random place in the order of lengths, and replaced at once: each
    batch takes about the same time to make, so that no process waits for another one's clips.

    Args:
        maker: Draws clips.
        encode: Gives the numbers of a text's pieces.
        extract: Computes features.
        ease: How far training is.
        order: Draws the places. With the same seed in all processes, their batches are of like length, too.
        views: How many versions of each clip a batch has, each with another room, noise and masks: first one of
            all its clips, then the next.
        n_stock: Clips in stock.

    Yields:
        Log-mels, float32 [views · clips, mels, frames]; frames of each; pieces, int64 [views · clips, most of a clip];
        pieces of each.
    """
    stored = list(maker.shares) != ["espeak"]
    stock: list[tuple[list[np.ndarray], str]] = []
    while True:
        while len(stock) < n_stock:
            bisect.insort(stock, maker.views(ease.progress, views), key=lambda clip: len(clip[0][0]))
        end = int(order.random() * len(stock)) + 1
        count = min(end, max(1, int(BATCH_S * 16000 / views / len(stock[end - 1][0][0]))))
        clips = stock[end - count : end]
        del stock[end - count : end]
        group = [(versions[view], text) for view in range(views) for versions, text in clips]
        rows = [extract(Waveform(np.float32(samples), 16000, 16000)).values for samples, _ in group]
        lengths = torch.tensor([row.shape[1] for row in rows])
        longest = int(lengths.max())
        features = torch.from_numpy(np.stack([np.pad(row, ((0, 0), (0, longest - row.shape[1]))) for row in rows]))
        targets = [encode(text) for _, text in group]
        sizes = torch.tensor([len(target) for target in targets])
        padded = torch.zeros(len(targets), int(sizes.max()), dtype=torch.long)
        for row, target in enumerate(targets):
            padded[row, : len(target)] = torch.tensor(target)
        mask(features, lengths, ease.progress, maker.numpy, stored=stored, views=views)
        yield features, lengths, padded, sizes


def mask(
    features: torch.Tensor,
    lengths: torch.Tensor,
    progress: float,
    draw: np.random.Generator,
    *,
    stored: bool = False,
    views: int = 1,
) -> None:
    """SpecAugment (D. Park and others, 2019).

    Gently where every clip is new: a masked sound in a random word cannot be guessed. Stored clips come again and
    again, and are learnt by heart otherwise.

    Args:
        features: Log-mels, [clips, mels, frames]; changed in place.
        lengths: Frames of each clip.
        progress: How far training is, in 0..1; nothing is masked at first.
        draw: What draws the masks.
        stored: Whether the run has clips out of collections; then all its clips are masked more.
        views: Versions of each clip; two that are compared are masked over twice as many spans.
    """
    if progress < 0.08:
        return
    n_bands, n_spans, widest, longest = (2, 5 * views, 20, 20) if stored else (1, 1, 13, 7)
    for row, length in enumerate(lengths.tolist()):
        for _ in range(n_bands):
            width = int(draw.integers(0, widest))
            start = int(draw.integers(0, features.shape[1] - width))
            features[row, start : start + width] = 0
        for _ in range(n_spans):
            width = int(draw.integers(0, min(longest, max(1, length // 20))))
            start = int(draw.integers(0, max(1, length - width)))
            features[row, :, start : start + width] = 0


def disagreement(log_probs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """How far the outputs for two versions of the same clips are apart (CR-CTC).

    Consistency regularisation (Z. Yao and others, "CR-CTC: Consistency regularization on CTC for improved speech
    recognition", 2025): each version's output is drawn towards the other's, which is not changed by that.

    Args:
        log_probs: float32 [2 · clips, frames, pieces and blank], one version of all clips after the other.
        lengths: Frames of each, [2 · clips].

    Returns:
        The mean of both Kullback-Leibler divergences, summed over frames, averaged over clips.
    """
    one, other = log_probs.chunk(2)
    heard = torch.arange(one.shape[1])[None] < lengths[: len(one), None]
    total = sum(
        (target.exp() * (target - guess)).sum(dim=2)[heard].sum()
        for guess, target in ((one, other.detach()), (other, one.detach()))
    )
    return total / (2 * len(one))
