"""POST /transcribe: one upload → one transcript."""

from __future__ import annotations

from starlette.requests import Request

from hindi_stt import render
from hindi_stt.errors import HindiSTTError
from hindi_stt.http.disconnect import unless_disconnected
from hindi_stt.http.recognition import Recognizer
from hindi_stt.http.requests import state_of
from hindi_stt.http.schemas import TimingsBody, TranscriptionResponse
from hindi_stt.http.uploads import receive_upload
from hindi_stt.options import FIELDS

__all__ = ["Transcriber"]


class Transcriber:
    """Answers the requests to /transcribe of one API worker."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer

    async def __call__(self, request: Request) -> TranscriptionResponse:
        """Raises whatever of `hindi_stt.errors` applies; counts the request either way."""
        recognizer = self._recognizer
        try:
            upload = await receive_upload(request, FIELDS, recognizer.settings)
            with upload.file.file as file:
                recognition = recognizer.recognize(
                    file, recognizer.pipeline.options(upload.fields), state_of(request).client
                )
                transcript = await unless_disconnected(request, recognition.transcript())
        except HindiSTTError:
            recognizer.metrics.requests.inc()
            raise
        state = state_of(request)
        state.facts["audio_s"] = round(transcript.duration_s, 3)
        timings = TimingsBody(**{stage: round(s * 1000, 3) for stage, s in recognition.stages_s.items()})
        body = render.to_json(transcript, recognizer.pipeline.bundle.tag)
        return TranscriptionResponse(**body, timings_ms=timings, request_id=state.request_id)
