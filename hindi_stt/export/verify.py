"""Verifies the ONNX models against the NeMo model that they came from.

NeMo replaces the acoustic model in the pipeline that serves, so both get identical features and decoding. Always
measured: log-probs on synthetic sound of 1 to 20 s, alone and in one mixed batch. With a manifest of real speech also
texts, and error rates if it has references.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from nemo.collections.asr.models import EncDecCTCModel

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.errors import HindiSTTError
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.run import Run, transcribe_all
from hindi_stt.inference.acoustic import Acoustic, LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs

__all__ = ["Fidelity", "NemoAcoustic", "measure_fidelity", "transcribe_with"]

# Largest difference of a log-prob that counts as none.
TOLERANCE: Final = 1e-3
ANY_PADDING: Final = 0.99


class NemoAcoustic:
    """An `Acoustic` that runs NeMo, one clip at a time.

    Args:
        nemo: The NeMo model.
        frame_shift_s: Seconds between frames of its log-probs.
    """

    def __init__(self, nemo: EncDecCTCModel, frame_shift_s: float) -> None:
        self._nemo, self.frame_shift_s = nemo, frame_shift_s

    def __call__(self, batch: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        """See Acoustic."""
        return [self.run(clip) for clip in batch]

    def run(self, clip: Features) -> LogProbs:
        """Return the log-probs of one clip, float32 [output frames, classes], as NeMo computes them."""
        with torch.inference_mode():
            encoded, n_steps = self._nemo.encoder(
                audio_signal=torch.from_numpy(np.ascontiguousarray(clip.values))[None],
                length=torch.tensor([clip.n_frames]),
            )
            log_probs = self._nemo.decoder(encoder_output=encoded)[0, : int(n_steps[0])]
        return LogProbs(log_probs.numpy(), self.frame_shift_s)


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
    bundle: Bundle, precision: str, reference: NemoAcoustic, clips: Sequence[Features], *, threads: int
) -> Fidelity:
    """Compare an ONNX model's log-probs and greedy texts with NeMo's.

    Args:
        bundle: The bundle with the ONNX file.
        precision: Which ONNX file.
        reference: The NeMo model.
        clips: Features of the clips, each float32 [mels, frames].
        threads: Threads of ONNX Runtime.

    Returns:
        The differences.

    Raises:
        HindiSTTError: A clip cannot be run.
    """
    alone = LocalAcoustic(bundle, threads=threads, precision=precision)
    together = LocalAcoustic(bundle, threads=threads, precision=precision, max_padding=ANY_PADDING)
    decode = GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)
    expected = [reference.run(clip) for clip in clips]
    single = [_values(result) for clip in clips for result in alone([clip])]
    batched = [_values(result) for result in together(clips)]
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


def _values(result: LogProbs | HindiSTTError) -> LogProbs:
    if isinstance(result, HindiSTTError):
        raise result
    return result


def _argmax_differs(expected: LogProbs, found: LogProbs) -> int:
    best_two = np.sort(expected.values, axis=1)[:, -2:]
    sure = best_two[:, 1] - best_two[:, 0] > TOLERANCE
    return int((sure & (expected.values.argmax(1) != found.values.argmax(1))).sum())


def transcribe_with(bundle: Bundle, acoustic: Acoustic, utterances: Sequence[Utterance], label: str) -> Run:
    """Transcribe a manifest with a given acoustic model; recordings of any length up to a day are accepted.

    Args:
        bundle: Features and decoding.
        acoustic: The acoustic model.
        utterances: The recordings.
        label: Name of the run in messages.

    Returns:
        The texts and the time taken.
    """
    pipeline = Pipeline(bundle, Settings(max_audio_s=24 * 3600.0))
    return transcribe_all(pipeline, acoustic, utterances, label=label)
