"""One stream: packets of samples → events. Utterances end where long recordings are cut, by the same segmenter.

An utterance is final when it is over: all of it is then transcribed again, in one piece, exactly as if it had
been sent as a file. So its text does not depend on the packets, nor on what was shown before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final

import numpy as np

from hindi_stt.audio.segmentation import Clip, Segmenter
from hindi_stt.concurrency.together import cancel_and_wait
from hindi_stt.decoding import Assembly
from hindi_stt.errors import AudioTooShort
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.streaming.backend import InferenceBackend
from hindi_stt.streaming.clips import ClipTranscriber
from hindi_stt.streaming.events import Event, Partial, SpeechStarted, SpeechStopped, Utterance
from hindi_stt.streaming.partials import Context, Partials, PartialWords
from hindi_stt.streaming.turns import TurnDetection, TurnSegmenter
from hindi_stt.text import UtteranceMasker
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Float32, PreparedClip, Segment, Word

__all__ = ["Stream"]

# A packet is cut sooner than a thread would have begun with it.
_MOST_INLINE_S: Final = 0.5
# No hypothesis is begun so shortly before the turn would end: it would take time from the final.
_QUIET_BEFORE_END_S: Final = 0.15


class Stream:
    """A stream of one track. Not to be used by several tasks at once.

    Hypotheses about an utterance in progress are computed while packets arrive, and cancelled when the utterance ends
    first, so that a final result never waits for a partial one. With masks there are no partial results, because a
    masked number may continue.

    Args:
        pipeline: Features and decoding.
        backend: Runs the model.
        options: Transcription options.
        end_pointing: Whether pauses end utterances; without, only `commit` does, and there are no results before.
        min_s: The shortest utterance that can be committed, in seconds.
        start_s: Seconds of the stream that preceded this object.
        context: Parameters of partial results; None for the defaults.
        turns: When a speaker's turn ends; None ends utterances where long files are cut.
        masker: State of masking from the speaker's earlier streams: a number may continue from one to the next.
        speakers: Tells speakers apart, in this stream and earlier ones of the track; None if they are not told apart.
        partial_ready: Called in the event loop when a hypothesis can be taken with `partial`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        backend: InferenceBackend,
        options: Options,
        *,
        end_pointing: bool = True,
        min_s: float = 0.1,
        start_s: float = 0.0,
        context: Context | None = None,
        turns: TurnDetection | None = None,
        masker: UtteranceMasker | None = None,
        speakers: LiveDiarization | None = None,
        partial_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._pipeline = pipeline
        self._backend = backend
        self._partial_ready = partial_ready
        self._masker = masker or UtteranceMasker()
        self._partial_task: asyncio.Task[PartialWords | None] | None = None
        self._cancelled_partial: asyncio.Task[PartialWords | None] | None = None
        self._partial_start = 0
        self._options = options
        self._clips = ClipTranscriber(pipeline, backend, options, speakers)
        self._speakers = speakers
        self._rate = pipeline.sample_rate
        self._max_segment_samples = int(pipeline.max_segment_s * self._rate)
        self._min_samples = round(min_s * self._rate)
        self._end_pointing = end_pointing
        self._turns = turns
        self._partials: Partials | None = None
        if end_pointing and not options.text.mask:
            self._partials = Partials(pipeline, backend, options, context or Context())
        self._received = round(start_s * self._rate)
        self._begin()

    @property
    def received_s(self) -> float:
        """Seconds of the stream so far."""
        return self._received / self._rate

    @property
    def pending_s(self) -> float:
        """Seconds since the last utterance ended."""
        return (self._received - self._base) / self._rate

    def _begin(self) -> None:
        """Begin with whatever comes next, and forget what came before."""
        self._base = self._received
        self._whole: list[Float32] | None = [] if not self._end_pointing else None
        self._segmenter = self._new_segmenter()
        self._assembly = self._new_assembly()
        self._next_utterance()

    def _new_assembly(self) -> Assembly:
        return Assembly(finds_speech=self._pipeline.bundle.manifest.min_speech_score is not None)

    def _new_segmenter(self) -> Segmenter | TurnSegmenter:
        if self._turns is None or not self._end_pointing:
            return Segmenter(self._rate, self._pipeline.max_segment_s)
        return TurnSegmenter(self._rate, self._pipeline.max_segment_s, self._turns)

    def _next_utterance(self) -> None:
        self._start: int | None = None
        self._end = 0
        self._open = self._started = False
        self._final_segments: list[Segment] = []
        self._unstable: tuple[Word, ...] = ()
        if self._partials is not None:
            self._partials.reset(self._base + self._segmenter.start)

    async def push(self, samples: Float32) -> AsyncGenerator[Event]:
        """Take the next samples, float32 [n] at the model's rate, n may be 0. Raises the backend's errors."""
        self._received += len(samples)
        if self._whole is not None:
            self._whole.append(samples)
            if self._received - self._base <= self._max_segment_samples:
                return
            samples, self._whole = np.concatenate(self._whole), None
        short = len(samples) <= _MOST_INLINE_S * self._rate
        clips = self._segmenter.push(samples) if short else await self._backend.in_thread(self._cutter(samples))
        for clip in clips:
            async for event in self._transcribe_clip(clip):
                yield event
        if self._end_pointing and self._open and not self._segmenter.overlaps:
            async for event in self._finish():
                yield event
        await self._begin_early()
        await self._partial_has_ended()
        self._start_partial()

    async def partial(self) -> AsyncGenerator[Event]:
        """Wait for the hypothesis in progress, and return its words; nothing where there is none."""
        task, self._partial_task = self._partial_task, None
        found = await task if task is not None else None
        if found is None:
            return
        if (found.stable or found.unstable) and not self._started:
            self._started = True
            yield SpeechStarted((self._partial_start if self._start is None else self._start) / self._rate)
        if found.stable or found.unstable != self._unstable:
            self._unstable = found.unstable
            yield Partial(found.stable, found.unstable)

    async def commit(self) -> AsyncGenerator[Event]:
        """End the utterance here.

        Yields:
            The remaining events of the utterance.

        Raises:
            AudioTooShort: It is shorter than `min_s`.
            HindiSTTError: As the backend raises.
        """
        if self._received - self._base < self._min_samples:
            raise AudioTooShort(f"The buffer holds {self.pending_s:.3f} s of audio.")
        self._cancel_partial()
        if self._whole is not None:
            samples = np.concatenate(self._whole)
            self._start = self._base
            # Like a file of this length: in one piece, with the silence around it.
            clips = [Clip(samples, 0)] if samples.any() else []
        else:
            clips = await self._backend.in_thread(self._segmenter.flush)
        for clip in clips:
            async for event in self._transcribe_clip(clip):
                yield event
        if self._open or self._started or not self._end_pointing:
            async for event in self._finish():
                yield event
        await self._clips.drop()
        await self._partial_has_ended()
        self._begin()

    async def clear(self) -> None:
        """Forget the utterance in progress."""
        self._cancel_partial()
        await self._clips.drop()
        await self._partial_has_ended()
        self._begin()

    def _cutter(self, samples: Float32) -> Callable[[], list[Clip]]:
        return lambda: self._segmenter.push(samples)

    async def _begin_early(self) -> None:
        """Begin with the clip of a turn that ends here unless its speaker goes on."""
        if not isinstance(self._segmenter, TurnSegmenter):
            return
        end = self._segmenter.pending_end
        if end is not None and self._clips.has_begun(end):
            return
        await self._clips.drop()
        if end is not None:
            self._clips.begin_early(self._segmenter.pending_clip(end))

    def _start_partial(self) -> None:
        """Begin with a hypothesis, where it is time for one."""
        if self._partials is None or self._partial_task is not None or not self._partials.due(self._received):
            return
        speech_start = self._segmenter.speech_start
        if speech_start is None:
            return
        if isinstance(self._segmenter, TurnSegmenter) and self._segmenter.ends_within(_QUIET_BEFORE_END_S):
            return
        start = self._partial_start = self._base + speech_start
        samples = self._segmenter.samples[speech_start - self._segmenter.start :]
        self._partial_task = asyncio.create_task(self._partials.update(start, samples))
        self._partial_task.add_done_callback(lambda task: None if task.cancelled() else self._partial_ready())

    def _cancel_partial(self) -> None:
        """Drop the hypothesis in progress: what comes now is final, and does not wait for its threads."""
        if self._partial_task is not None:
            self._partial_task.cancel()
            self._partial_task, self._cancelled_partial = None, self._partial_task

    async def _partial_has_ended(self) -> None:
        """Wait for the threads of a dropped hypothesis, which write to the state of the partials."""
        task, self._cancelled_partial = self._cancelled_partial, None
        if task is not None:
            await cancel_and_wait(task)

    async def _transcribe_clip(self, clip: Clip) -> AsyncGenerator[Event]:
        """A clip of the utterance; where it ends at a pause the utterance is over."""
        self._cancel_partial()
        start = self._base + clip.start
        self._start = start if self._start is None else self._start
        self._end = start + len(clip.samples)
        over = self._end_pointing and not clip.continues
        stopped = over and self._started
        if stopped:
            yield SpeechStopped(self._end / self._rate)
        features, hypothesis = await self._clips.transcribe(clip, start / self._rate)
        prepared = PreparedClip(features, start / self._rate, clip.overlap / self._rate, clip.continues)
        self._final_segments += self._assembly.add(prepared, hypothesis)
        self._open = True
        if over:
            async for event in self._finish(stopped=stopped):
                yield event
        elif self._end_pointing and self._final_segments:
            async for event in self._finish_part():
                yield event

    async def _finish(self, *, stopped: bool = False) -> AsyncGenerator[Event]:
        """The utterance as its options want it written, if anything was said in it or shown of it."""
        self._final_segments += self._assembly.end()
        warnings = self._assembly.warnings
        self._assembly = self._new_assembly()
        end = self._end if self._end_pointing and self._open else self._received
        async for event in self._final_events(end, stopped=stopped, warnings=warnings):
            yield event
        await self._partial_has_ended()
        self._next_utterance()

    async def _finish_part(self) -> AsyncGenerator[Event]:
        """End an utterance in speech without a pause: the final words form an utterance, and the next one continues."""
        end = round(self._final_segments[-1].end_s * self._rate)
        async for event in self._final_events(end, stopped=False):
            yield event
        await self._partial_has_ended()
        self._start, self._started = end, False
        self._final_segments, self._unstable = [], ()
        if self._partials is not None:
            self._partials.continue_from(end)

    async def _final_events(self, end: int, *, stopped: bool, warnings: tuple[str, ...] = ()) -> AsyncGenerator[Event]:
        segments = await self._backend.in_thread(self._written)
        start = self._base if self._start is None else self._start
        if segments or self._started or not self._end_pointing:
            if self._end_pointing and not self._started:
                yield SpeechStarted(start / self._rate)
            if self._end_pointing and not stopped:
                yield SpeechStopped(end / self._rate)
            yield Utterance(start / self._rate, end / self._rate, tuple(segments), warnings)

    def _written(self) -> tuple[Segment, ...]:
        """The utterance's segments as its options want them, with their speakers."""
        found = self._final_segments if self._speakers is None else self._speakers.label(self._final_segments)
        return self._pipeline.writer(found, self._options.text, self._masker)
