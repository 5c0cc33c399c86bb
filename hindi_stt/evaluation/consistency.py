"""Whether a bundle agrees with itself on this machine: a clip alone and in a batch, one precision and another.

NeMo is not needed. The sound is made up, so this finds a broken file or a broken runtime, not a badly trained model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import HindiSTTError
from hindi_stt.features import make_extractor
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.types import Features, LogProbs, Waveform

__all__ = ["DURATIONS_S", "Consistency", "check_consistency", "made_up_features", "run_alone", "run_in_a_batch"]

DURATIONS_S: Final = tuple(range(1, 21))
_ANY_PADDING: Final = 0.99
# Design rule: a clip's log-probs do not depend on its neighbours, for float32 within this, for int8 exactly.
MAX_BATCH_DELTA: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Consistency:
    """Consistency of one precision of a bundle.

    Attributes:
        precision: The precision.
        max_batch_delta: Largest absolute difference of a log-prob between a clip alone and in a mixed batch.
        max_delta: Largest absolute difference from the first precision.
        sound: Whether probabilities sum to 1 and batching changes nothing.
    """

    precision: str
    max_batch_delta: float
    max_delta: float
    sound: bool


def made_up_features(bundle: Bundle, durations_s: Sequence[int] = DURATIONS_S, *, seed: int = 0) -> list[Features]:
    """Compute features of synthetic sound: tones and noise whose loudness varies like syllables.

    Args:
        bundle: Parameters of the features.
        durations_s: Seconds of each clip; each is shortened by up to half a second.
        seed: Seed of the sound.

    Returns:
        Features of each clip, float32 [channels, frames].
    """
    rng = np.random.default_rng(seed)
    spec = bundle.manifest.features
    extract = make_extractor(bundle)
    clips = []
    for duration_s in durations_s:
        n = int((duration_s - rng.uniform(0, 0.5)) * spec.sample_rate)
        time_s = np.arange(n) / spec.sample_rate
        pitch_hz = rng.uniform(90, 250) * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.3, 1) * time_s))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / spec.sample_rate
        voice = np.sum([np.sin(k * phase) / k for k in range(1, 20)], axis=0)
        loudness = np.clip(np.sin(2 * np.pi * rng.uniform(2, 5) * time_s), 0, 1)
        samples = (0.1 * loudness * voice + 0.02 * rng.standard_normal(n)).astype(np.float32)
        clips.append(extract(Waveform(samples, spec.sample_rate, spec.sample_rate)))
    return clips


def check_consistency(bundle: Bundle, *, threads: int) -> list[Consistency]:
    """Run every precision of a bundle on synthetic sound.

    Args:
        bundle: The bundle.
        threads: Threads of ONNX Runtime.

    Returns:
        The consistency of each precision.

    Raises:
        BundleInvalid: A precision cannot be loaded.
        InferenceFailed: A precision cannot be run.
    """
    clips = made_up_features(bundle)
    found: list[Consistency] = []
    first: list[LogProbs] = []
    for precision in bundle.manifest.precisions:
        single = run_alone(bundle, precision, clips, threads=threads)
        batched = single
        if bundle.manifest.acoustic.batched:
            batched = run_in_a_batch(bundle, precision, clips, threads=threads)
        first = first or single
        normal = all(np.abs(np.exp(a.values).sum(axis=1) - 1).max() < 1e-3 for a in single)
        batch_delta = _max_delta(single, batched)
        found.append(
            Consistency(precision, batch_delta, _max_delta(first, single), normal and batch_delta <= MAX_BATCH_DELTA)
        )
    return found


def run_alone(bundle: Bundle, precision: str, clips: Sequence[Features], *, threads: int) -> list[LogProbs]:
    """Run clips one by one.

    Args:
        bundle: The bundle.
        precision: Which ONNX file.
        clips: Features of the clips, each float32 [channels, frames].
        threads: Threads of ONNX Runtime.

    Returns:
        Log-probs of each clip, float32 [output frames, classes].

    Raises:
        HindiSTTError: The model cannot be loaded, or a clip cannot be run.
    """
    acoustic = LocalAcoustic(bundle, threads=threads, precision=precision)
    return [_values(result) for clip in clips for result in acoustic([clip])]


def run_in_a_batch(bundle: Bundle, precision: str, clips: Sequence[Features], *, threads: int) -> list[LogProbs]:
    """Run clips in one batch, however much padding that needs.

    Args:
        bundle: The bundle.
        precision: Which ONNX file.
        clips: Features of the clips, each float32 [channels, frames].
        threads: Threads of ONNX Runtime.

    Returns:
        Log-probs of each clip, float32 [output frames, classes].

    Raises:
        HindiSTTError: The model cannot be loaded, or a clip cannot be run.
    """
    acoustic = LocalAcoustic(bundle, threads=threads, precision=precision, max_padding=_ANY_PADDING)
    return [_values(result) for result in acoustic(clips)]


def _values(result: LogProbs | HindiSTTError) -> LogProbs:
    if isinstance(result, HindiSTTError):
        raise result
    return result


def _max_delta(a: Sequence[LogProbs], b: Sequence[LogProbs]) -> float:
    return float(max(np.abs(x.values - y.values).max() for x, y in zip(a, b, strict=True)))
