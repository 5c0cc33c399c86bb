"""One recording to its transcript: the one place where clips go through the model and come together again.

Files over HTTP, jobs, bulk runs, evaluation and the command line all use `Transcription`; a stream, which cuts its own
clips, uses `transcribe_clips`. Where the work runs is a `Backend`, and what is counted of it an `Accounting`.

Longer than 300 lines: the two halves of one hand-over, clips in and segments out.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from typing import Any, TypeVar

from hindi_stt.audio import Clips, Recording
from hindi_stt.concurrency.deadline import Deadline
from hindi_stt.concurrency.fair_slots import MayWait
from hindi_stt.concurrency.together import cancel_and_wait
from hindi_stt.decoding import Assembly, Decoder
from hindi_stt.features import Extractor
from hindi_stt.observability.metrics import SPEAKERS_STAGE, STAGES
from hindi_stt.observability.tracing import stage
from hindi_stt.speakers.diarization import Diarization
from hindi_stt.transcription.accounting import Accounting
from hindi_stt.transcription.backend import Backend
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Hypothesis, PreparedClip, Segment, SpeakerTurn, Transcript, Waveform

__all__ = ["ClipReader", "Transcription", "transcribe_clips"]

T = TypeVar("T")


class Transcription:
    """One recording on its way: iterate over `segments`, or ask for the whole `transcript`, once.

    Its clips go through the model side by side, up to a bound, and come together in their order.

    Args:
        pipeline: Of the model.
        backend: Where the work runs.
        recording: What is to be transcribed.
        options: How it is decoded and written; None for the pipeline's defaults.
        accounting: Told of the progress.
        max_in_flight: Calls of the model that one recording may wait for at a time.
        limit_s: Longest wait for each next result, in seconds.

    Attributes:
        stages_s: Seconds that each of `observability.metrics.STAGES` took, summed over the clips.
        result: The transcript, when `segments` has come to its end.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        backend: Backend,
        recording: Recording,
        options: Options | None = None,
        *,
        accounting: Accounting | None = None,
        max_in_flight: int = 1,
        limit_s: float | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._backend = backend
        self._options = options or pipeline.defaults
        self._accounting = accounting or Accounting()
        self._max_in_flight = max_in_flight
        self._deadline = Deadline(limit_s, "There was no transcript")
        self._growing = recording.growing
        self._assembly = Assembly(finds_speech=pipeline.bundle.manifest.min_speech_score is not None)
        self._diarization = (
            Diarization(pipeline.speakers.embedder, self._options.speakers, pipeline.sample_rate)
            if self._options.speakers.diarize
            else None
        )
        self._clips = Clips(recording, pipeline.sample_rate, pipeline.limits, pipeline.max_segment_s)
        self._reader = ClipReader(
            backend,
            self._clips,
            pipeline.extract,
            recording.growing,
            decoded=self._count_decoded,
            keep_samples=self._diarization is not None,
        )
        self.stages_s = dict.fromkeys(STAGES, 0.0)
        if self._diarization is not None:
            self.stages_s[SPEAKERS_STAGE] = 0.0
        self.result: Transcript

    @property
    def duration_s(self) -> float:
        """Seconds of audio decoded so far."""
        return self._clips.duration_s

    async def transcript(self, on_progress: Callable[[float], None] = lambda _: None) -> Transcript:
        """Transcribe the whole recording.

        Args:
            on_progress: Called now and then with the seconds of audio so far; an exception ends the work.

        Returns:
            The transcript.

        Raises:
            HindiSTTError: Timeout, and what the backend, the accounting, `Decoders.choose` and `audio.blocks` raise.
        """
        async with contextlib.aclosing(self._transcribed(on_progress)) as segments:
            found = [segment async for segment in segments]
        return await self._written(found)

    async def segments(self) -> AsyncGenerator[Segment]:
        """Transcribe segment by segment, each as soon as it is final; `result` is then the transcript.

        A number to be masked may continue in the next segment, and who spoke is known when all have spoken: with masks,
        or with speakers, all segments come at the end.

        Yields:
            The segments, in order.

        Raises:
            HindiSTTError: As `transcript` raises.
        """
        found: list[Segment] = []
        at_the_end = bool(self._options.text.mask) or self._diarization is not None
        async with contextlib.aclosing(self._transcribed()) as segments:
            async for segment in segments:
                # Without masks and speakers the result is what was yielded, each written by itself.
                found.append(segment if at_the_end else self._pipeline.writer([segment], self._options.text)[0])
                if not at_the_end:
                    yield found[-1]
        self.result = await self._written(found, done=not at_the_end)
        for segment in self.result.segments if at_the_end else ():
            yield segment

    async def _written(self, found: Sequence[Segment], *, done: bool = False) -> Transcript:
        write, warnings = self._pipeline.writer, (*self._clips.warnings, *self._assembly.warnings)
        turns: tuple[SpeakerTurn, ...] = ()
        if self._diarization is not None:
            found, turns = await self._timed_speakers(partial(self._diarization.label, found))
            warnings = (*warnings, *self._diarization.warnings)
        segments = tuple(found) if done else await self._backend.in_thread(lambda: write(found, self._options.text))
        return Transcript(self._pipeline.language, self._clips.duration_s, segments, warnings, turns)

    async def _transcribed(self, on_progress: Callable[[float], None] = lambda _: None) -> AsyncGenerator[Segment]:
        """The segments as they are decoded, in order."""
        start = time.perf_counter()
        backend, assembly, deadline = self._backend, self._assembly, self._deadline
        in_flight: deque[tuple[list[PreparedClip], asyncio.Task[list[Hypothesis]]]] = deque()
        next_clips: asyncio.Task[list[PreparedClip]] | None = None
        deadline.restart()
        try:
            first = more = True
            while more or in_flight:
                if more and next_clips is None and len(in_flight) < self._max_in_flight:
                    next_clips = asyncio.create_task(self._next_clips())
                # Either may be long in coming: the next clips of a recording that is still arriving, too.
                async with deadline.bound():
                    await _first_of(next_clips, in_flight[0][1] if in_flight else None)
                if next_clips is not None and next_clips.done():
                    clips, next_clips = next_clips.result(), None
                    more = len(clips) == backend.clips_per_call and not self._clips.ended
                    if clips:
                        work = self._transcribe(clips, wait_if_busy=not first)
                        in_flight.append((clips, asyncio.create_task(work)))
                        first = False
                if in_flight and in_flight[0][1].done():
                    clips, task = in_flight.popleft()
                    for clip, hypothesis in zip(clips, task.result(), strict=True):
                        for segment in assembly.add(clip, hypothesis):
                            yield segment
                    on_progress(self._clips.duration_s)
                    deadline.restart()
            for segment in assembly.end():
                yield segment
        finally:
            await cancel_and_wait(next_clips, *(task for _, task in in_flight))
            await self._release()
        self._accounting.finished(self._clips.duration_s, time.perf_counter() - start, self.stages_s)

    async def _release(self) -> None:
        if self._growing is not None:
            self._growing.end()
        if not self._reader.ended:
            await self._reader.close()
        self._accounting.close()

    async def _next_clips(self) -> list[PreparedClip]:
        """As many as the model takes at once; fewer at the end of the recording."""
        clips: list[PreparedClip] = []
        with stage("decode"):
            while len(clips) < self._backend.clips_per_call and (clip := await self._reader.next()) is not None:
                clips.append(clip)
        self.stages_s |= {"decode": self._clips.decode_s, "features": self._reader.features_s}
        self._accounting.clip_is_ready()
        return clips

    async def _transcribe(self, clips: list[PreparedClip], *, wait_if_busy: bool) -> list[Hypothesis]:
        duration_s = sum(clip.features.duration_s for clip in clips)
        with self._accounting.in_progress(duration_s):
            hypotheses = await transcribe_clips(
                clips, self._backend, self._decoder, wait_if_busy=wait_if_busy, stages_s=self.stages_s
            )
            if self._diarization is not None:
                for clip, hypothesis in zip(clips, hypotheses, strict=True):
                    if clip.samples is not None:
                        add = partial(self._diarization.add, clip.samples, clip.offset_s, hypothesis.words)
                        await self._timed_speakers(add)
        return hypotheses

    async def _timed_speakers(self, work: Callable[[], T]) -> T:
        """Work on speakers in a thread; its time is that of their stage."""
        start = time.perf_counter()
        with stage(SPEAKERS_STAGE):
            found = await self._backend.in_thread(work)
        self.stages_s[SPEAKERS_STAGE] += time.perf_counter() - start
        return found

    def _decoder(self) -> Decoder:
        return self._pipeline.decoders.for_clips(self._options.decoding)

    async def _count_decoded(self, duration_s: float) -> None:
        self._deadline.restart()
        await self._accounting.decoded(duration_s)


class ClipReader:
    """The clips of a recording with their features, in slices: a thread is held for one block of audio at a time.

    Args:
        backend: Where the slices run.
        clips: Of the recording; closed by `close`.
        extract: Waveform to features.
        growing: The recording's file, where decoding may have to wait for a client.
        keep_samples: Whether clips keep their samples beside their features.
        decoded: Told the seconds of audio of each slice, when it has been decoded. What it raises ends the recording.

    Attributes:
        features_s: Seconds that the features took so far.
        ended: Whether the recording was read to its end, after which there is nothing to close.
    """

    def __init__(
        self,
        backend: Backend,
        clips: Clips,
        extract: Extractor,
        growing: MayWait | None = None,
        decoded: Callable[[float], Awaitable[None]] | None = None,
        *,
        keep_samples: bool = False,
    ) -> None:
        self.features_s = 0.0
        self.ended = False
        self._backend = backend
        self._clips = clips
        self._extract = extract
        self._growing = growing
        self._decoded = decoded
        self._keep_samples = keep_samples
        self._slice: asyncio.Future[PreparedClip | None] | None = None

    async def next(self) -> PreparedClip | None:
        """Decode on until a clip ends.

        Returns:
            The clip, or None at the end of the recording.

        Raises:
            HindiSTTError: What `audio.blocks`, the features and `decoded` raise.
        """
        clip = None
        while clip is None and not self._clips.ended:
            before_s = self._clips.duration_s
            self._slice = asyncio.ensure_future(self._backend.in_thread(self._advance, waits=self._growing))
            clip = await asyncio.shield(self._slice)
            self._slice = None  # it holds the clip
            if self._decoded is not None and (new_s := self._clips.duration_s - before_s):
                await self._decoded(new_s)
        if self._clips.ended:
            self.ended = True
            self._decoded = None  # see `close`
        return clip

    async def close(self) -> None:
        """Release the recording, when the slice in progress has ended: its thread still reads the file."""
        if self._slice is not None:
            await asyncio.gather(self._slice, return_exceptions=True)
            self._slice = None
        self._decoded = None  # of the transcription, which has this reader: neither would be freed before a collection
        self._clips.close()

    def _advance(self) -> PreparedClip | None:
        clip = self._clips.advance()
        if clip is None:
            return None
        start, rate = time.perf_counter(), self._extract.sample_rate
        features = self._extract(Waveform(clip.samples, rate, rate))
        self.features_s += time.perf_counter() - start
        samples = clip.samples if self._keep_samples else None
        return PreparedClip(features, clip.start / rate, clip.overlap / rate, clip.continues, samples)


async def transcribe_clips(
    clips: Sequence[PreparedClip],
    backend: Backend,
    decoder: Callable[[], Decoder],
    *,
    wait_if_busy: bool = False,
    stages_s: MutableMapping[str, float] | None = None,
) -> list[Hypothesis]:
    """Clips through the model and the decoder.

    Args:
        clips: At most as many as the backend takes at once.
        backend: Where the model is.
        decoder: Makes the decoder of their options, or finds it, in the thread that uses it: hotwords take a while.
        wait_if_busy: See `Backend.log_probs`.
        stages_s: Where the seconds of the stages "queue_inference" and "decoding" are added.

    Returns:
        What was said in each of them.

    Raises:
        HindiSTTError: What `Backend.log_probs` and the decoder raise.
    """
    called = time.perf_counter()
    facts = {"audio_s": sum(clip.features.duration_s for clip in clips), "offset_s": clips[0].offset_s}
    with stage("runner", facts):
        log_probs = await backend.log_probs([clip.features for clip in clips], wait_if_busy=wait_if_busy)
    answered = time.perf_counter()
    with stage("decoding"):
        hypotheses = await backend.in_thread(lambda: list(map(decoder(), log_probs)))
    if stages_s is not None:
        stages_s["queue_inference"] += answered - called
        stages_s["decoding"] += time.perf_counter() - answered
    return hypotheses


async def _first_of(*tasks: asyncio.Task[Any] | None) -> None:
    """Wait until one of them has ended."""
    await asyncio.wait([task for task in tasks if task is not None], return_when=asyncio.FIRST_COMPLETED)
