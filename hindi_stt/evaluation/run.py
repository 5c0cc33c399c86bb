"""One model over one manifest, through the same line that serves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tqdm import tqdm

from hindi_stt.errors import HindiSTTError
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline

__all__ = ["Run", "transcribe_all"]

# Errors with a smaller status are those of what was sent.
_SERVERS_FAULT: Final = 500


@dataclass(frozen=True, slots=True)
class Run:
    """Transcripts of a manifest.

    Attributes:
        texts: One per recording; empty for one that was not read.
        speech_s: Seconds of audio.
        compute_s: Wall-clock seconds that they took.
        unread: Why a recording was not read, by its place.
    """

    texts: tuple[str, ...]
    speech_s: float
    compute_s: float
    unread: Mapping[int, str] = field(default_factory=dict)


def transcribe_all(
    pipeline: Pipeline,
    acoustic: Acoustic,
    utterances: Sequence[Utterance],
    options: Options | None = None,
    *,
    label: str,
    skip_unreadable: bool = False,
) -> Run:
    """Transcribe every recording, one after the other.

    Args:
        pipeline: Features and decoding.
        acoustic: The acoustic model.
        utterances: The recordings.
        options: Transcription options; None for the defaults.
        label: Name of the run in the progress bar.
        skip_unreadable: Whether the run goes on after a recording that is at fault itself, such as a damaged one.

    Returns:
        The texts and the time taken.

    Raises:
        HindiSTTError: As `Pipeline.transcribe` raises; the message names the recording.
    """
    texts: list[str] = []
    unread: dict[int, str] = {}
    speech_s = 0.0
    start = time.perf_counter()
    for i, utterance in enumerate(tqdm(utterances, desc=label, unit="clip", disable=None)):
        try:
            transcript = pipeline.transcribe(utterance.file, acoustic, options)
        except HindiSTTError as error:
            if not skip_unreadable or error.status >= _SERVERS_FAULT:
                named = type(error)(f"{utterance.file}: {error.message}")
                raise named from error
            unread[i] = f"{error.message} [{error.code}]"
            texts.append("")
            continue
        texts.append(transcript.text)
        speech_s += transcript.duration_s
    return Run(tuple(texts), speech_s, time.perf_counter() - start, unread)
