"""One model over one manifest, through the same line that serves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline

__all__ = ["Run", "transcribe_all"]


@dataclass(frozen=True, slots=True)
class Run:
    """Transcripts of a manifest.

    Attributes:
        texts: One per recording.
        speech_s: Seconds of audio.
        compute_s: Wall-clock seconds that they took.
    """

    texts: tuple[str, ...]
    speech_s: float
    compute_s: float


def transcribe_all(
    pipeline: Pipeline,
    acoustic: Acoustic,
    utterances: Sequence[Utterance],
    options: Options | None = None,
    *,
    label: str,
) -> Run:
    """Transcribe every recording, one after the other.

    Args:
        pipeline: Features and decoding.
        acoustic: The acoustic model.
        utterances: The recordings.
        options: Transcription options; None for the defaults.
        label: Name of the run in the progress bar.

    Returns:
        The texts and the time taken.

    Raises:
        HindiSTTError: As `Pipeline.transcribe` raises.
    """
    texts, speech_s = [], 0.0
    start = time.perf_counter()
    for utterance in tqdm(utterances, desc=label, unit="clip", disable=None):
        transcript = pipeline.transcribe(utterance.file, acoustic, options)
        texts.append(transcript.text)
        speech_s += transcript.duration_s
    return Run(tuple(texts), speech_s, time.perf_counter() - start)
