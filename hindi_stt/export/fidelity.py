"""How far ONNX files are from the model that they were made of, in its own framework, on the same features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding.decoders import NO_LANGUAGE_MODEL, Decoders
from hindi_stt.decoding.options import DecodingOptions
from hindi_stt.evaluation.consistency import run_alone, run_in_a_batch
from hindi_stt.types import Features, LogProbs

__all__ = ["TOLERANCE", "Fidelity", "Reference", "measure_fidelity"]

# Largest difference of a log-prob that counts as none.
TOLERANCE: Final = 1e-3


class Reference(Protocol):
    """A model in its own framework."""

    def run(self, clip: Features) -> LogProbs:
        """Compute the log-probs of one clip, float32 [output frames, classes]."""
        ...


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Differences of one ONNX model from a reference on the same features.

    Attributes:
        max_alone: Largest absolute difference of a log-prob, each clip run alone.
        max_batched: The same, with all clips in one mixed batch.
        mean_alone: Mean absolute difference, each clip run alone.
        argmax_differs: Frames whose best class differs although its margin in the reference exceeds the tolerance.
        texts_differ: Clips whose greedy text differs.
        n_clips: Clips measured.
        n_frames: Output frames measured.
    """

    max_alone: float
    max_batched: float
    mean_alone: float
    argmax_differs: int
    texts_differ: int
    n_clips: int
    n_frames: int


def measure_fidelity(
    bundle: Bundle, precision: str, reference: Reference, clips: Sequence[Features], *, threads: int
) -> Fidelity:
    """Compare an ONNX model's log-probs and greedy texts with those of the model's own framework.

    Args:
        bundle: The bundle with the ONNX file.
        precision: Which ONNX file.
        reference: The model in its own framework.
        clips: Features of the clips, each float32 [channels, frames].
        threads: Threads of ONNX Runtime.

    Returns:
        The differences.

    Raises:
        HindiSTTError: A clip cannot be run.
    """
    decode = Decoders(bundle, default_language_model=NO_LANGUAGE_MODEL).choose(DecodingOptions(decoder="greedy"))
    expected = [reference.run(clip) for clip in clips]
    single = run_alone(bundle, precision, clips, threads=threads)
    batched = run_in_a_batch(bundle, precision, clips, threads=threads)
    differences = [np.abs(a.values - b.values) for a, b in zip(expected, single, strict=True)]
    return Fidelity(
        max_alone=float(max(d.max() for d in differences)),
        max_batched=float(max(np.abs(a.values - b.values).max() for a, b in zip(expected, batched, strict=True))),
        mean_alone=float(np.concatenate(differences).mean()),
        argmax_differs=sum(_argmax_differs(a, b) for a, b in zip(expected, single, strict=True)),
        texts_differ=sum(decode(a).text != decode(b).text for a, b in zip(expected, single, strict=True)),
        n_clips=len(clips),
        n_frames=sum(len(a.values) for a in expected),
    )


def _argmax_differs(expected: LogProbs, found: LogProbs) -> int:
    best_two = np.sort(expected.values, axis=1)[:, -2:]
    sure = best_two[:, 1] - best_two[:, 0] > TOLERANCE
    return int((sure & (expected.values.argmax(1) != found.values.argmax(1))).sum())
