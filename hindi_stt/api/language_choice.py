"""language=auto: which of several models hears a recording's language.

Each of them hears the first clip, of up to 10 s, and the recording goes to the one whose best path has the highest mean
log-probability a frame: a model that does not know a language is unsure of what it hears.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from hindi_stt.api.forms.transcription_request import TranscriptionRequest
from hindi_stt.api.recognition import Recognizer
from hindi_stt.api.slices import Slices
from hindi_stt.api.uploads.receive import UploadedFile
from hindi_stt.decoding import DecodingOptions
from hindi_stt.errors import Timeout
from hindi_stt.observability.request_context import current_client
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline

__all__ = ["select_model"]

_OPENING_S: Final = 10.0
_GREEDY: Final = Options(decoding=DecodingOptions(decoder="greedy"))


async def select_model(
    recognizer: Recognizer, uploaded: UploadedFile, parameters: TranscriptionRequest
) -> TranscriptionRequest:
    """The parameters with one model. Raises Timeout, Overloaded, errors of the runner and of the audio."""
    if not parameters.others:
        return parameters
    limit_s = recognizer.settings.request_timeout_s
    candidates = (parameters.model_request, *parameters.others)
    try:
        async with asyncio.timeout(limit_s):
            scores = [await _score(recognizer, uploaded, candidate.pipeline) for candidate in candidates]
    except TimeoutError as error:
        raise Timeout(f"The language was not known within {limit_s:g} s.") from error
    best = max(range(len(candidates)), key=scores.__getitem__)
    return replace(parameters, model_request=candidates[best], others=())


async def _score(recognizer: Recognizer, uploaded: UploadedFile, pipeline: Pipeline) -> float:
    """Mean natural-log probability a frame of the best path; 0 for a recording without any sound."""
    preparation = pipeline.prepare(uploaded.file, raw=uploaded.raw, max_segment_s=_OPENING_S)
    slices = Slices(recognizer, preparation, waits=uploaded.arriving.file if uploaded.arriving else None)
    try:
        clip = await slices.next_clip()
    except BaseException:
        if uploaded.arriving is not None:
            uploaded.arriving.file.end()
        raise
    finally:
        await slices.close()
    if clip is None:
        return 0.0
    recognizer.load.admit(current_client(), clip.features.duration_s)
    decode = pipeline.decoder(_GREEDY)
    stages_s = {"queue_inference": 0.0, "decoding": 0.0}
    hypothesis = await recognizer.transcribe_clip(clip, pipeline, decode, stages_s, wait_if_busy=False)
    n_frames = round(clip.features.duration_s / pipeline.bundle.manifest.frame_shift_s)
    return hypothesis.score / max(1, n_frames)
