"""The voices of the known speakers that a request names, beside its options."""

from __future__ import annotations

from dataclasses import replace

from hindi_stt.api.forms.transcription_request import TranscriptionRequest
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.speakers.known import enrol
from hindi_stt.transcription.options import Options

__all__ = ["with_known_speakers"]


async def with_known_speakers(recognizer: Recognizer, parameters: TranscriptionRequest) -> TranscriptionRequest:
    """Compute what known speakers are recognised by, for whichever of several models the language chooses.

    Args:
        recognizer: The worker's.
        parameters: The request, which names known speakers.

    Returns:
        The request, whose options have the known speakers.

    Raises:
        InvalidSpeakerReference: A recording of a speaker cannot be used.
        HindiSTTError: What the speaker model raises.
    """
    references, pipeline = parameters.known_speakers, parameters.pipeline
    known = await recognizer.in_thread(lambda: enrol(references, pipeline.speakers.embedder(), pipeline.limits))

    def with_known(options: Options) -> Options:
        return replace(options, speakers=replace(options.speakers, known=known))

    others = tuple(replace(other, options=with_known(other.options)) for other in parameters.others)
    return replace(parameters, options=with_known(parameters.options), others=others)
