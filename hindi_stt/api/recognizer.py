"""What the recordings of one API worker share: pipelines, the runner, threads, and bounds on what is in progress."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Iterator, Sequence
from typing import Final, Protocol

import anyio

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.api.audio_load import AudioLoad, ClientAccounting
from hindi_stt.api.live.catch_up import CatchUp
from hindi_stt.api.uploads.streaming_upload import Arriving
from hindi_stt.audio import Recording
from hindi_stt.bundle.registry import Registry
from hindi_stt.concurrency.fair_slots import ClientThreads, FairThreads
from hindi_stt.concurrency.places import NoPlace, Places
from hindi_stt.errors import Overloaded, TooManyUploads, UploadTimeout
from hindi_stt.observability.metrics import Metrics
from hindi_stt.observability.request_context import current_client
from hindi_stt.settings import Settings, available_cores
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.transcription.accounting import Accounting
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.transcription.recording import Transcription
from hindi_stt.transcription.result_cache import ResultCache
from hindi_stt.types import Features, LogProbs

__all__ = ["Recognizer", "RemoteAcoustic", "RunnerBackend"]


class RemoteAcoustic(Protocol):
    """The call to the runner, a clip at a time."""

    def __call__(self, model: str, features: Features, *, live_final: bool = False) -> Awaitable[LogProbs]:
        """Compute the log-probs of a clip.

        Args:
            model: Tag of the model.
            features: Of the clip, float32 [mels, frames].
            live_final: Whether these are the last words of a live speaker, who waits for them.

        Returns:
            Log-probs, float32 [output frames, classes].
        """
        ...


# A turn of the event loop that takes longer has no time for partial transcripts.
_BUSY_LOOP_S: Final = 0.003


class Recognizer:
    """The state that the recordings of one API worker share: pipelines, threads, and a bound on audio in progress.

    Args:
        registry: The models.
        acoustic: Runs a model in the runner.
        settings: The server's settings.
        metrics: The worker's metrics.
        limits: Limits of the clients.
        cache: Transcripts of earlier recordings; None for no cache.
        speakers: The speaker model; None where there is none.

    Attributes:
        pipelines: By the tags of their models.
        threads: For CPU work outside the event loop.
        in_thread: Runs such work: `ClientThreads.run`.
        catch_up: Turns of live audio that comes faster than it is spoken.

    Raises:
        HindiSTTError: As `Pipeline` raises.
    """

    def __init__(
        self,
        registry: Registry,
        acoustic: RemoteAcoustic,
        settings: Settings,
        metrics: Metrics,
        limits: RateLimits,
        cache: ResultCache | None = None,
        speakers: SpeakerSource | None = None,
    ) -> None:
        self.registry = registry
        for bundle in registry:
            bundle.check_unchanged()  # since the server started, which may be long ago
        self.pipelines = {
            bundle.tag: Pipeline(bundle, settings if bundle is registry.default else settings.for_more_models, speakers)
            for bundle in registry
        }
        for pipeline in self.pipelines.values():
            pipeline.warm_up()
        self.cache = cache
        self.limits = limits
        self.settings = settings
        self.metrics = metrics
        self._acoustic = acoustic
        cores = available_cores()
        waiting = anyio.CapacityLimiter(settings.streamed_uploads)
        # One more than a client may hold, so that there is always one for another client.
        self.threads = ClientThreads(FairThreads(cores + 1, cores), waiting)
        self.in_thread = self.threads.run
        self.load = AudioLoad(settings, metrics)
        self.catch_up = CatchUp(
            settings.realtime_catch_up_share, cores / settings.api_workers, metrics.catch_up_wait_seconds.inc
        )
        self._max_partials = max(1, cores - 1)  # a core for the rest
        self._arriving: Places[Arriving] = Places(
            settings.streamed_uploads,
            settings.client_bound(settings.streamed_uploads),
            lambda arriving: arriving.idle_s,
            lambda arriving: arriving.give_up(
                UploadTimeout("All places are taken, and nothing of this recording had come for the longest time.")
            ),
        )
        self._n_partials = 0

    def recognize(self, recording: Recording, pipeline: Pipeline, options: Options, client: Client) -> Transcription:
        """Prepare one recording; nothing is decoded before its segments are requested.

        Args:
            recording: The recording.
            pipeline: The model's pipeline.
            options: How it is decoded and written.
            client: The client.

        Returns:
            Its transcription.
        """
        return Transcription(
            pipeline,
            self.backend(pipeline),
            recording,
            options,
            accounting=self.accounting(pipeline, client),
            max_in_flight=self.settings.segments_in_flight,
            limit_s=self.settings.request_timeout_s,
        )

    def accounting(self, pipeline: Pipeline, client: Client) -> Accounting:
        """Return the accounting for a recording of a client.

        Args:
            pipeline: The pipeline that transcribes it.
            client: The client.

        Returns:
            The accounting.
        """
        return ClientAccounting(self.load, self.limits, self.metrics, pipeline.bundle.tag, client)

    def backend(self, pipeline: Pipeline) -> RunnerBackend:
        """Where the clips of a recording are transcribed by this pipeline's model."""
        return RunnerBackend(self, pipeline.bundle.tag)

    @contextlib.contextmanager
    def arriving(self, upload: Arriving, client: Client) -> Iterator[None]:
        """A place among the recordings that are transcribed while they arrive.

        Args:
            upload: What brings the recording.
            client: Whose it is.

        Raises:
            TooManyUploads: There is no place.
        """
        try:
            self._arriving.check(client.name)
        except NoPlace as full:
            whose = f" of {client.name}" if full.own else ""
            message = f"{full.n} recordings{whose} are being transcribed while they arrive, which is the limit."
            raise TooManyUploads(message, retry_after_s=1) from full
        with self._arriving.held(client.name, upload):
            yield

    async def log_probs(
        self, model: str, features: Features, *, wait_if_busy: bool, live_final: bool = False
    ) -> LogProbs:
        """Run one clip through the runner.

        Args:
            model: Tag of the model.
            features: Of the clip, float32 [mels, frames].
            wait_if_busy: Wait while the runner is overloaded, instead of raising Overloaded.
            live_final: Whether these are the last words of a live speaker.

        Returns:
            Log-probs, float32 [output frames, classes].

        Raises:
            Overloaded: The runner is overloaded, and `wait_if_busy` is not set.
            HindiSTTError: As the runner raises.
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
        """Reserve capacity for a hypothesis about a live utterance in progress.

        Raises:
            Overloaded: All capacity is in use, or the event loop is busy; final results need the event loop too.
        """
        start = time.perf_counter()
        await asyncio.sleep(0)  # until whatever was ready has had its turn
        if self._n_partials >= self._max_partials or time.perf_counter() - start > _BUSY_LOOP_S:
            raise Overloaded("No capacity is left for more partial transcripts.")
        self._n_partials += 1
        try:
            yield
        finally:
            self._n_partials -= 1


class RunnerBackend:
    """The model in the runner's process, and this worker's threads.

    Args:
        recognizer: The worker's.
        model: Tag of the model.
    """

    clips_per_call = 1  # the runner puts clips of all callers together

    def __init__(self, recognizer: Recognizer, model: str) -> None:
        self._recognizer = recognizer
        self._model = model
        self.in_thread = recognizer.in_thread

    async def log_probs(self, clips: Sequence[Features], *, wait_if_busy: bool) -> list[LogProbs]:
        """See `Backend.log_probs`."""
        (features,) = clips
        return [await self._recognizer.log_probs(self._model, features, wait_if_busy=wait_if_busy)]
