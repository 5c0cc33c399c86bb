"""Verifies the ONNX models against the NeMo model that they came from.

NeMo replaces the acoustic model in the pipeline that serves, so both get identical features and decoding. Always
measured: log-probs on synthetic sound of 1 to 20 s, alone and in one mixed batch. With a manifest of real speech also
texts, and error rates if it has references.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from nemo.collections.asr.models import EncDecCTCModel

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import HindiSTTError
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.run import Run, transcribe_all
from hindi_stt.export.fidelity import Fidelity, measure_fidelity
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs

__all__ = ["Fidelity", "NemoAcoustic", "measure_fidelity", "transcribe_with"]


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
