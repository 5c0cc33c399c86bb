"""One recording → its segments, as they come: the line at the API level, off the event loop, within its bounds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol, TypeVar

import anyio

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.api.audio_load import AudioLoad
from hindi_stt.api.result_cache import ResultCache
from hindi_stt.api.slices import Slices
from hindi_stt.api.uploads.streaming_upload import Arriving, ArrivingFile
from hindi_stt.audio import RawFormat
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.concurrency.fair_slots import FairThreads
from hindi_stt.concurrency.places import NoPlace, Places
from hindi_stt.decoding import Decoder
from hindi_stt.errors import Overloaded, Timeout, TooManyUploads, UploadTimeout
from hindi_stt.observability.metrics import Metrics
from hindi_stt.observability.request_context import current_client
from hindi_stt.observability.tracing import stage
from hindi_stt.settings import Settings, available_cores
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline, PreparedClip
from hindi_stt.types import Features, Hypothesis, LogProbs, Segment, Transcript

__all__ = ["Recognizer", "Recording", "RemoteAcoustic", "Transcription"]

T = TypeVar("T")


class RemoteAcoustic(Protocol):
    """The call to the runner, a clip at a time."""

    def __call__(self, model: str, features: Features, *, live_final: bool = False) -> Awaitable[LogProbs]:
        """Log-probs of a clip by the model of this tag. live_final: the last words of a live speaker, who waits."""
        ...


"""The Acoustic protocol across the hop to the runner, with the model's tag, a clip at a time: the runner puts the
batches together."""

# A turn of the event loop that takes longer has no time for partial transcripts.
_BUSY_LOOP_S: Final = 0.003


@dataclass(frozen=True, slots=True)
class Recording:
    """What to listen to: a file, which stays open; raw and channel as in `audio.blocks`.

    arriving: the same file, where it is not whole yet, so that reading it may wait.
    """

    file: BinaryIO
    raw: RawFormat | None = None
    channel: int | None = None
    arriving: ArrivingFile | None = None


class Recognizer:
    """What the recordings of one API worker share: the line of each model, as many threads as cores, and a bound on
    seconds of audio.

    Raises what `Pipeline` raises.
    """

    def __init__(
        self,
        registry: Registry,
        acoustic: RemoteAcoustic,
        settings: Settings,
        metrics: Metrics,
        limits: RateLimits,
        cache: ResultCache | None = None,
    ) -> None:
        self.registry = registry
        self._pipelines = {
            bundle.tag: Pipeline(bundle, settings if bundle is registry.default else settings.for_more_models)
            for bundle in registry
        }
        for pipeline in self._pipelines.values():
            pipeline.warm_up()
        self.cache = cache
        self.limits = limits
        self.settings = settings
        self.metrics = metrics
        self._acoustic = acoustic
        cores = available_cores()
        # One more than a client may hold, so that there is always one for another client.
        self._threads = FairThreads(cores + 1, cores)
        self.load = AudioLoad(settings, metrics)
        self._max_partials = max(1, cores - 1)  # a core for the rest
        self._waiting = anyio.CapacityLimiter(settings.streamed_uploads)
        self._arriving: Places[Arriving] = Places(
            settings.streamed_uploads,
            settings.client_bound(settings.streamed_uploads),
            lambda arriving: arriving.idle_s,
            lambda arriving: arriving.give_up(
                UploadTimeout("All places are taken, and nothing of this recording had come for the longest time.")
            ),
        )
        self._n_partials = 0

    def pipeline(self, bundle: Bundle) -> Pipeline:
        """The line for one of the registry's models."""
        return self._pipelines[bundle.tag]

    def recognize(self, recording: Recording, pipeline: Pipeline, options: Options, client: Client) -> Transcription:
        """Begin with one recording; nothing happens before its segments are asked for. client: whose audio it is."""
        return Transcription(self, recording, pipeline, options, client)

    async def in_thread(self, work: Callable[[], T], *, waits: ArrivingFile | None = None) -> T:
        """Run CPU work beside the event loop; clients take turns, so a piece of work should be short.

        waits: what it reads, where it may have to wait for a client; others have their turns meanwhile.
        """
        if waits is not None:
            return await self._threads.run_reading(current_client(), work, waits, self._waiting)
        return await self._threads.run(current_client(), work)

    async def transcribe_clip(
        self, clip: PreparedClip, pipeline: Pipeline, decode: Decoder, stages_s: dict[str, float], *, wait_if_busy: bool
    ) -> Hypothesis:
        """One clip through the runner and the decoder; adds the seconds that they took to `stages_s`.

        wait_if_busy: wait until the runner has room, instead of raising Overloaded; the caller bounds that.
        """
        with self.load.in_progress(current_client(), clip.features.duration_s):
            called = time.perf_counter()
            with stage("runner", {"audio_s": clip.features.duration_s, "offset_s": clip.offset_s}):
                log_probs = await self.log_probs(pipeline.bundle.tag, clip.features, wait_if_busy=wait_if_busy)
            answered = time.perf_counter()
            with stage("decoding"):
                hypothesis = await self.in_thread(lambda: decode(log_probs))
        stages_s["queue_inference"] += answered - called
        stages_s["decoding"] += time.perf_counter() - answered
        return hypothesis

    @contextlib.contextmanager
    def arriving(self, upload: Arriving | None, client: Client) -> Iterator[None]:
        """A place among the recordings that are transcribed while they arrive.

        Args:
            upload: What brings the recording, where it may not be whole yet.
            client: Whose it is.

        Raises:
            TooManyUploads: There is no place.
        """
        if upload is None:
            yield
            return
        try:
            self._arriving.check(client.name)
        except NoPlace as full:
            whose = f" of {client.name}" if full.own else ""
            message = f"{full.n} recordings{whose} are transcribed while they arrive, which is the bound."
            raise TooManyUploads(message, retry_after_s=1) from full
        with self._arriving.held(client.name, upload):
            yield

    async def log_probs(
        self, model: str, features: Features, *, wait_if_busy: bool, live_final: bool = False
    ) -> LogProbs:
        """One clip through the runner.

        wait_if_busy: see `transcribe_clip`; the rest: RemoteAcoustic. Raises the runner's errors.
        """
        while True:
            try:
                return await self._acoustic(model, features, live_final=live_final)
            except Overloaded as error:
                self.load.remember_refusal(current_client(), error.retry_after_s or 1.0)
                if not wait_if_busy:
                    raise
                await asyncio.sleep(error.retry_after_s or 1)

    @contextlib.asynccontextmanager
    async def partial(self) -> AsyncGenerator[None]:
        """A place for a hypothesis about a live utterance in progress.

        Raises Overloaded where all are taken, or the event loop has much else to do: finals, which everybody needs, go
        through it too.
        """
        start = time.perf_counter()
        await asyncio.sleep(0)  # until whatever was ready has had its turn
        if self._n_partials >= self._max_partials or time.perf_counter() - start > _BUSY_LOOP_S:
            raise Overloaded("There is no time for more partial transcripts.")
        self._n_partials += 1
        try:
            yield
        finally:
            self._n_partials -= 1


class Transcription:
    """One recording on its way: iterate over `segments`, or ask for the whole `transcript`.

    Its clips go through the runner side by side, up to a bound. stages_s: seconds that each stage took, summed over the
    clips.
    """

    def __init__(
        self, recognizer: Recognizer, recording: Recording, pipeline: Pipeline, options: Options, client: Client
    ) -> None:
        self._recognizer = recognizer
        self._pipeline = pipeline
        self._client = client
        self._options = options
        self._arriving = recording.arriving
        self._assembly = pipeline.assembly()
        self._preparation = pipeline.prepare(recording.file, raw=recording.raw, channel=recording.channel)
        self.result: Transcript
        self._slices = Slices(recognizer, self._preparation, waits=recording.arriving, decoded=self._count_decoded)
        self._hold = recognizer.load.hold(client.name)
        self._admitted = False
        self._deadline = _Deadline(recognizer.settings.request_timeout_s)
        self.stages_s = {"decode": 0.0, "features": 0.0, "queue_inference": 0.0, "decoding": 0.0}

    async def transcript(self) -> Transcript:
        """The answer in one piece. Raises Timeout, Overloaded, RateLimited, errors of the runner and of the audio."""
        async with contextlib.aclosing(self._segments()) as heard:
            segments = [segment async for segment in heard]
        return await self._written(segments)

    @property
    def duration_s(self) -> float:
        """Seconds of audio decoded so far."""
        return self._preparation.duration_s

    async def segments(self) -> AsyncGenerator[Segment]:
        """The segments as they are written, in order, each as soon as it is final; `result` is then the transcript.

        A number to hide may go on in the next segment: with masks nothing comes before the end. Raises what
        `transcript` raises.
        """
        heard: list[Segment] = []
        masked = bool(self._options.text.mask)
        async with contextlib.aclosing(self._segments()) as found:
            async for segment in found:
                heard.append(segment)
                if not masked:
                    yield self._pipeline.write([segment], self._options)[0]
        self.result = await self._written(heard)
        for segment in self.result.segments if masked else ():
            yield segment

    async def _written(self, heard: list[Segment]) -> Transcript:
        return await self._recognizer.in_thread(
            lambda: self._pipeline.transcript(heard, self._preparation, self._options, warnings=self._assembly.warnings)
        )

    async def _segments(self) -> AsyncGenerator[Segment]:
        """The segments as they are decoded, in order.

        Raises Timeout, Overloaded, RateLimited, LimitsUnavailable, RunnerUnavailable, InferenceFailed, and what
        `Pipeline.decoder` and `audio.blocks` raise. Counts the request when it comes to its end.
        """
        settings, start = self._recognizer.settings, time.perf_counter()
        assembly = self._assembly
        in_flight: deque[tuple[PreparedClip, asyncio.Task[Hypothesis]]] = deque()
        deadline = self._deadline
        deadline.restart()
        next_clip: asyncio.Task[PreparedClip | None] | None = None
        try:
            pipeline, options = self._pipeline, self._options
            decode = await deadline.bound(self._recognizer.in_thread(lambda: pipeline.decoder(options)))
            first = more = True
            while more or in_flight:
                if more and next_clip is None and len(in_flight) < settings.segments_in_flight:
                    next_clip = asyncio.create_task(self._next_clip())
                # Either may be long in next_clip: the next clip of a recording that is still arriving, too.
                await deadline.bound(_any_of(next_clip, in_flight[0][1] if in_flight else None))
                if next_clip is not None and next_clip.done():
                    clip, next_clip = next_clip.result(), None
                    more = clip is not None
                    if clip is not None:
                        transcribing = self._recognizer.transcribe_clip(
                            clip, pipeline, decode, self.stages_s, wait_if_busy=not first
                        )
                        in_flight.append((clip, asyncio.create_task(transcribing)))
                        first = False
                if in_flight and in_flight[0][1].done():
                    clip, task = in_flight.popleft()
                    for segment in assembly.add(clip, task.result()):
                        yield segment
                    deadline.restart()
            for segment in assembly.end():
                yield segment
        finally:
            await _cancel([next_clip, *(task for _, task in in_flight)])
            if self._arriving is not None:
                self._arriving.end()
            await self._slices.close()
            self._hold.change(0.0)
        tag, elapsed_s = self._pipeline.bundle.tag, time.perf_counter() - start
        self._recognizer.metrics.count_request(tag, self.duration_s, elapsed_s, self.stages_s)

    async def _next_clip(self) -> PreparedClip | None:
        with stage("decode"):
            clip = await self._slices.next_clip()
        self.stages_s |= {"decode": self._preparation.decode_s, "features": self._preparation.features_s}
        self._hold.change(0.0)  # from here on the clip counts
        return clip

    async def _count_decoded(self, new_s: float) -> None:
        """Count a slice: as audio of its client, and as load until a clip of it counts or the next slice does."""
        if not self._admitted:
            self._recognizer.load.admit(self._client.name, new_s)
            self._admitted = True
        self._hold.change(new_s)
        self._deadline.restart()
        await self._recognizer.limits.count_audio(self._client, new_s)


class _Deadline:
    """Bounds the wait for each next result."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._at = 0.0

    def restart(self) -> None:
        """Begin anew; to be called before the first wait."""
        self._at = asyncio.get_running_loop().time() + self._limit_s

    async def bound(self, work: Awaitable[T]) -> T:
        """Await it. Raises Timeout when the time is over."""
        try:
            async with asyncio.timeout_at(self._at):
                return await work
        except TimeoutError as error:
            raise Timeout(f"There was no transcript within {self._limit_s:g} s.") from error


async def _any_of(*tasks: asyncio.Task[Any] | None) -> None:
    """Wait until one of them has ended."""
    await asyncio.wait([task for task in tasks if task is not None], return_when=asyncio.FIRST_COMPLETED)


async def _cancel(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel what still runs, and wait until it has stopped; whatever went wrong there has no one to tell."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
