"""The clips of a stream through the model, and a turn's clip before it is certain that the turn is over.

A turn keeps a fixed length of the silence at its end, so its clip is known before the silence is as long as the client
asked for. Its transcription begins then, as work that may be left out, and is thrown away where the speaker goes on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from hindi_stt.audio.segmentation import Clip
from hindi_stt.concurrency.together import cancel_and_wait
from hindi_stt.errors import HindiSTTError
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.streaming.backend import ClipBackend, InferenceBackend
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.transcription.recording import transcribe_clips
from hindi_stt.types import Features, Hypothesis, PreparedClip

__all__ = ["ClipTranscriber"]

_Result = tuple[Features, Hypothesis]


@dataclass(frozen=True, slots=True)
class _Early:
    """A clip that is being transcribed early; its task's result is None where the backend had no capacity."""

    clip: Clip
    task: asyncio.Task[_Result | None]

    def is_for(self, clip: Clip) -> bool:
        return (self.clip.start, self.clip.end, self.clip.overlap, self.clip.continues) == (
            clip.start,
            clip.end,
            clip.overlap,
            clip.continues,
        )


class ClipTranscriber:
    """Transcribes the clips of one stream.

    Args:
        pipeline: Computes features and decodes.
        backend: The acoustic model.
        options: How to decode.
        speakers: Takes the speech of each clip; None where speakers are not told apart.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        backend: InferenceBackend,
        options: Options,
        speakers: LiveDiarization | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._backend = backend
        self._speakers = speakers
        self._decode = pipeline.decoders.for_clips(options.decoding)
        self._early: _Early | None = None

    def has_begun(self, end: int) -> bool:
        """Whether a clip that ends at this position of the segmenter is, or has been, transcribed early."""
        early = self._early
        return early is not None and early.clip.end == end and not (early.task.done() and early.task.result() is None)

    def begin_early(self, clip: Clip) -> None:
        """Start transcribing a clip before it is certain that it ends here; the earlier attempt is cancelled."""
        self._early = _Early(clip, asyncio.create_task(self._transcribe_early(clip)))

    async def drop(self) -> None:
        """Forget the clip that was begun early, because it is none."""
        early, self._early = self._early, None
        if early is not None:
            await cancel_and_wait(early.task)

    async def transcribe(self, clip: Clip, offset_s: float) -> _Result:
        """Compute features and words of a clip; the early result is used if it is of the same clip.

        Args:
            clip: The clip.
            offset_s: Its start in the stream, in seconds.

        Returns:
            Its tokens and words.

        Raises:
            HindiSTTError: As the backend and the speaker model raise.
        """
        if self._speakers is None:
            return await self._words(clip)
        listen = partial(self._speakers.listen, clip.samples, self._pipeline.sample_rate, offset_s)
        listening = asyncio.create_task(self._backend.in_thread(listen))
        try:
            found = await self._words(clip)
            speech = await listening
        finally:
            await cancel_and_wait(listening)
        self._speakers.add(speech, has_words=bool(found[1].words))
        return found

    async def _words(self, clip: Clip) -> _Result:
        early = self._early
        if early is None or not early.is_for(clip):
            await self.drop()
            return await self._transcribe(clip, final=True)
        self._early = None
        if early.task.done() and (result := early.task.result()) is not None:
            return result
        # It may be queued behind the finals of others: whichever comes first.
        final = asyncio.create_task(self._transcribe(clip, final=True))
        try:
            await asyncio.wait({early.task, final}, return_when=asyncio.FIRST_COMPLETED)
            if early.task.done() and (result := early.task.result()) is not None:
                return result
            return await final
        finally:
            await cancel_and_wait(early.task, final)

    async def _transcribe_early(self, clip: Clip) -> _Result | None:
        try:
            async with self._backend.partial():
                return await self._transcribe(clip, final=False)
        except HindiSTTError:
            return None  # if the error persists, it is raised when the turn is over

    async def _transcribe(self, clip: Clip, *, final: bool) -> _Result:
        features = await self._backend.in_thread(lambda: self._pipeline.features(clip.samples))
        backend = ClipBackend(self._backend, final=final)
        (hypothesis,) = await transcribe_clips([PreparedClip(features, 0.0)], backend, lambda: self._decode)
        return features, hypothesis
