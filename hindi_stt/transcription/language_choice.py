"""language=auto: which of several models a recording is for.

Each of them transcribes the first clip, of up to 10 s, and the recording goes to the one whose best path has the
highest mean log-probability a frame: a model that does not know a language is unsure of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from hindi_stt.audio import Clips, Recording
from hindi_stt.decoding import DecodingOptions
from hindi_stt.errors import Timeout
from hindi_stt.transcription.accounting import Accounting
from hindi_stt.transcription.backend import Backend
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.transcription.recording import ClipReader, transcribe_clips

__all__ = ["identify_model"]

_OPENING_S: Final = 10.0
_GREEDY: Final = DecodingOptions(decoder="greedy")


async def identify_model(
    recording: Recording,
    candidates: Sequence[Pipeline],
    backend_of: Callable[[Pipeline], Backend],
    accounting: Accounting,
    limit_s: float,
) -> int:
    """Find the model that knows the language of a recording.

    Args:
        recording: The recording; it is read again from its beginning afterwards.
        candidates: The models, at least one.
        backend_of: Returns where a model's clips are transcribed.
        accounting: Called for each clip; an error from `admit` ends the work.
        limit_s: Longest time for all of it, in seconds.

    Returns:
        The position of one of the candidates.

    Raises:
        Timeout: The time is over.
        HindiSTTError: As the backend and `audio.blocks` raise.
    """
    try:
        async with asyncio.timeout(limit_s):
            scores = [await _score(recording, model, backend_of(model), accounting) for model in candidates]
    except TimeoutError as error:
        raise Timeout(f"The language was not known within {limit_s:g} s.") from error
    return max(range(len(candidates)), key=scores.__getitem__)


async def _score(recording: Recording, pipeline: Pipeline, backend: Backend, accounting: Accounting) -> float:
    """Mean natural-log probability a frame of the best path; 0 for a recording without any sound."""
    source = Clips(replace(recording, channel=None), pipeline.sample_rate, pipeline.limits, _OPENING_S)
    clips = ClipReader(backend, source, pipeline.extract, recording.growing)
    try:
        clip = await clips.next()
    except BaseException:
        if recording.growing is not None:
            recording.growing.end()
        raise
    finally:
        await clips.close()
    if clip is None:
        return 0.0
    duration_s = clip.features.duration_s
    accounting.admit(duration_s)
    with accounting.in_progress(duration_s):
        (hypothesis,) = await transcribe_clips([clip], backend, lambda: pipeline.decoders.for_clips(_GREEDY))
    return hypothesis.score / max(1, round(duration_s / pipeline.bundle.manifest.frame_shift_s))
