"""The BentoML services: ConformerRunner, which batches and runs the model, and HindiSTT, the API."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")  # before the import, which is when it is read

import aiohttp
import anyio.to_thread
import bentoml
import numpy as np
from bentoml.exceptions import BentoMLException, ServiceUnavailable
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request

from hindi_stt import store
from hindi_stt.access.ledger import Entry, Ledger
from hindi_stt.acoustic import LocalAcoustic, padding_share
from hindi_stt.dispatch import Dispatcher
from hindi_stt.errors import ClientClosedRequest, HindiSTTError, Overloaded, RunnerUnavailable, from_code
from hindi_stt.http.cache import ResultCache
from hindi_stt.http.disconnect import unless_disconnected
from hindi_stt.http.drain import before_sigterm, end_after_api_workers, keep_runner
from hindi_stt.http.health import Health
from hindi_stt.http.job_desk import Jobs
from hindi_stt.http.jobs import job_routes
from hindi_stt.http.openapi import with_routes
from hindi_stt.http.page import page_routes
from hindi_stt.http.protection import BrowserMiddleware, Protection, ProtectionMiddleware, warn_if_open
from hindi_stt.http.realtime import Realtime, realtime_routes
from hindi_stt.http.recognition import Recognizer
from hindi_stt.http.requests import (
    RequestIdFilter,
    RequestMiddleware,
    RequestState,
    current_request_id,
    error_response,
    log,
)
from hindi_stt.http.resumable import upload_routes
from hindi_stt.http.routes import make_app
from hindi_stt.http.schemas import TranscribeRequest, TranscriptionResponse
from hindi_stt.http.transcription import transcribe
from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.beside import Workers
from hindi_stt.jobs.queue import JobQueue
from hindi_stt.metrics import Metrics
from hindi_stt.pipeline import Pipeline
from hindi_stt.scheduling import SchedulerLimits
from hindi_stt.settings import get_settings
from hindi_stt.types import Features, LogProbs
from hindi_stt.watchdog import Heartbeat

try:
    settings = get_settings()
    bundle = store.resolve(settings)
    protection = Protection(settings)
except HindiSTTError as error:
    raise SystemExit(f"{error.message} {error.help}") from error
# The store is what a bento packs its models from; a bundle folder that the user mounts stays where it is.
model_tag = store.save(bundle) if not settings.model else None


class FeatureItem(bentoml.IODescriptor):
    """One clip on its way to the runner. sent_s, deadline_s: readings of the machine-wide monotonic clock."""

    values: NDArray[np.float32]
    duration_s: float
    flow: str
    sent_s: float
    deadline_s: float

    @property
    def features(self) -> Features:
        """The clip as the acoustic model takes it."""
        return Features(self.values, self.duration_s)


class LogProbsItem(bentoml.IODescriptor):
    """One clip's result on its way back: log-probs, or the code and message of an error."""

    values: NDArray[np.float32]
    frame_shift_s: float = 0.0
    error_code: str = ""
    error_message: str = ""


# The default closes the shared client session every 100 requests, with calls still in flight.
_CONNECTION = {"max_requests": 10**9, "max_age": 1e9}
# Clips share a run while it stays this short, in seconds of padded audio: past it, batching gains nothing on a CPU.
_MAX_SHARED_RUN_S = 4.0
_NO_ACCESS_LOG = {"access": {"enabled": False}}


class _Runner:
    """What both runners have: the model, and its metrics."""

    if model_tag:
        model = bentoml.models.BentoModel(model_tag)

    def __init__(self) -> None:
        self._metrics = Metrics()
        self._heartbeat = Heartbeat()

    @bentoml.on_startup
    async def start(self) -> None:
        """Show that the event loop turns; from now on the runner ends after the API workers."""
        self._heartbeat.start()
        end_after_api_workers()

    def _load(self, threads: int) -> LocalAcoustic:
        return LocalAcoustic(bundle, threads=threads, max_padding=settings.max_padding)

    def _count_run(self, clips: Sequence[Features]) -> None:
        self._metrics.run_size.observe(len(clips))
        self._metrics.padding.observe(padding_share([clip.n_frames for clip in clips]))


@bentoml.service(workers=1, threads=1, traffic={"timeout": 3600}, runner_connection=_CONNECTION, logging=_NO_ACCESS_LOG)
class ConformerRunner(_Runner):
    """Runs the acoustic model on batches that BentoML's dispatcher puts together."""

    def __init__(self) -> None:
        super().__init__()
        self._acoustic = self._load(settings.effective_threads)

    @bentoml.api(batchable=True, max_batch_size=settings.max_batch_size, max_latency_ms=settings.max_batch_latency_ms)
    def infer(self, items: list[FeatureItem]) -> list[LogProbsItem]:
        """Log-probs of each clip, or its error: one bad clip never fails its batch-mates."""
        start_s = time.monotonic()
        batch = [item.features for item in items]
        results = self._acoustic(batch)
        self._metrics.batch_size.observe(len(batch))
        self._metrics.inference_seconds.observe(time.monotonic() - start_s)
        for item in items:
            self._metrics.queue_wait_seconds.observe(max(0.0, start_s - item.sent_s))
        for group in self._acoustic.groups(batch):
            self._count_run([batch[i] for i in group])
        return [_to_item(result) for result in results]


@bentoml.service(workers=1, traffic={"timeout": 3600}, runner_connection=_CONNECTION, logging=_NO_ACCESS_LOG)
class ScheduledRunner(_Runner):
    """Runs the acoustic model on one core a clip, in the order of `hindi_stt.scheduling`."""

    def __init__(self) -> None:
        super().__init__()
        cores = settings.effective_threads
        narrow = self._load(1)
        wide = self._load(cores) if cores > 1 else narrow
        limits = SchedulerLimits(
            max_queue_s=settings.max_queue_s,
            max_wait_s=settings.max_wait_s,
            max_run_s=_MAX_SHARED_RUN_S,
            max_padding=settings.max_padding,
            max_clips=settings.max_batch_size,
        )
        self._dispatch = Dispatcher(
            lambda clips, alone: (wide if alone else narrow)(clips),
            cores,
            limits,
            on_run=self._count,
            on_drop=lambda reason: self._metrics.dropped.labels(reason).inc(),
        )

    @bentoml.api
    async def infer(self, items: list[FeatureItem], ctx: bentoml.Context) -> list[LogProbsItem]:
        """Log-probs of each clip, or its error."""
        work = asyncio.gather(*(self._infer(item) for item in items))
        try:
            return await unless_disconnected(ctx.request, work)
        except ClientClosedRequest as error:  # nobody reads this, and nobody has to see it in the log
            return [_to_item(error) for _ in items]

    async def _infer(self, item: FeatureItem) -> LogProbsItem:
        try:
            return _to_item(await self._dispatch(item.features, flow=item.flow, deadline_s=item.deadline_s))
        except HindiSTTError as error:
            return _to_item(error)

    def _count(self, clips: Sequence[Features], elapsed_s: float) -> None:
        self._metrics.batch_size.observe(len(clips))
        self._metrics.inference_seconds.observe(elapsed_s)
        self._count_run(clips)


def _to_item(result: LogProbs | HindiSTTError) -> LogProbsItem:
    if isinstance(result, HindiSTTError):
        return LogProbsItem(values=np.empty((0, 0), np.float32), error_code=result.code, error_message=result.message)
    return LogProbsItem(values=result.values, frame_shift_s=result.frame_shift_s)


def _routes() -> Starlette:
    def current() -> HindiSTT:
        return bentoml.get_current_service()

    async def health() -> dict[str, Any]:
        return current().health.report()

    async def stats() -> dict[str, Any]:
        return await anyio.to_thread.run_sync(current().metrics.summary)

    def jobs() -> Jobs | None:
        return current().jobs

    def about() -> dict[str, Any]:
        manifest = bundle.manifest
        model = {"tag": bundle.tag, "language": manifest.language, "licence": manifest.licence}
        return {"description": HindiSTT.inner.__doc__, "model": model}

    return make_app(
        about,
        health,
        stats,
        lambda: with_routes(HindiSTT.openapi_spec.asdict()),
        lambda: current().recognizer,
        [
            *realtime_routes(lambda: current().realtime),
            *job_routes(jobs),
            *upload_routes(jobs),
            *page_routes(bundle, settings),
        ],
    )


@bentoml.asgi_app(_routes(), path="/")
@bentoml.service(
    name="hindi_stt",
    # "custom": BentoML's own distributions begin with a compiler. The packages are those of bentofile.yaml.
    image=bentoml.images.Image(base_image="python:3.11-slim", distro="custom", python_version="3.11"),
    workers=settings.api_workers,
    # Uploads and inference have bounds of their own; this one only ends what slipped through them.
    traffic={"timeout": 60 + settings.longest_upload_s + settings.longest_transcription_s},
    logging={"access": {"enabled": False}},
)
class HindiSTT:
    """Hindi speech to text: send a recording, get its words with times and confidences."""

    runner = bentoml.depends(ConformerRunner if settings.scheduler == "bentoml" else ScheduledRunner)

    def __init__(self) -> None:
        _configure_log()
        self.metrics = Metrics()
        self.health = Health(bundle, self._infer)
        pipeline = Pipeline(bundle, settings)
        pipeline.warm_up()
        self._cache = ResultCache(settings, self.metrics) if settings.cache_url else None
        self._ledger = Ledger(settings.usage_url) if settings.usage_url else None
        self.recognizer = Recognizer(pipeline, self._infer, settings, self.metrics, protection.limits, self._cache)
        self.realtime = Realtime(self.recognizer)
        self.jobs: Jobs | None = None
        if settings.jobs_dir:
            backend = Backend(settings)
            self.jobs = Jobs(backend, JobQueue(settings.jobs_queue_url, backend.folder), self.recognizer)
        self._job_workers: Workers | None = None

    @bentoml.on_startup
    async def start(self) -> None:
        """Begin to watch the runner, and keep it."""
        warn_if_open(settings)
        keep_runner()
        self.health.start()
        if self.jobs and settings.jobs_workers:
            lock = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], "job-workers.lock")
            self._job_workers = Workers(settings.jobs_workers, lock, bundle.folder)
            self._job_workers.start()
        before_sigterm(self.realtime.drain)

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Stop watching the runner, and let go of what others hold for us."""
        await self.health.stop()
        if self._job_workers:
            await self._job_workers.stop()
        if self.jobs:
            await self.jobs.close()
        await protection.limits.close()
        if self._cache:
            await self._cache.close()
        if self._ledger:
            await anyio.to_thread.run_sync(self._ledger.close)

    def __is_ready__(self) -> bool:
        return self.health.status != "unhealthy"

    @bentoml.api(route="/transcribe", input_spec=TranscribeRequest)
    async def transcribe(self, file: Request) -> TranscriptionResponse:
        """Transcribe a recording, or several: text, and each word with start, end (seconds) and confidence."""
        request = file
        try:
            return await transcribe(request, self.recognizer)
        except HindiSTTError as error:
            return error_response(request, error)

    def note_usage(self, path: str, state: RequestState, status: int, elapsed_s: float) -> None:
        """Write a finished request into the ledger, where there is one."""
        if self._ledger:
            audio_s = state.facts.get("audio_s", 0.0)
            now = datetime.now(UTC)
            self._ledger.add(Entry(now, state.client.name[:64], path[:128], bundle.tag, status, audio_s, elapsed_s))

    async def _infer(self, features: Features) -> LogProbs:
        """The hop to the runner. Raises the clip's own error, Overloaded, RunnerUnavailable."""
        now_s = time.monotonic()
        item = FeatureItem(
            values=features.values,
            duration_s=features.duration_s,
            flow=current_request_id(),
            sent_s=now_s,
            deadline_s=now_s + settings.request_timeout_s,
        )
        # BentoML's client learns its methods from the runner: until the two have met it has none.
        infer = getattr(self.runner.to_async, "infer", None)
        if infer is None:
            raise RunnerUnavailable("The model runner is starting.")
        try:
            (result,) = await infer([item])
        except ServiceUnavailable as error:
            raise Overloaded("The runner is overloaded.", retry_after_s=1) from error
        except (BentoMLException, aiohttp.ClientError, OSError) as error:
            raise RunnerUnavailable(f"The model runner does not answer ({type(error).__name__}).") from error
        self.health.answered()
        if result.error_code:
            raise from_code(result.error_code, result.error_message)
        return LogProbs(result.values, result.frame_shift_s)


# From the outermost to the innermost.
if settings.origins:
    HindiSTT.add_asgi_middleware(BrowserMiddleware, origins=settings.origins)
HindiSTT.add_asgi_middleware(
    RequestMiddleware,
    count_error=lambda code: bentoml.get_current_service().metrics.errors.labels(code).inc(),
    finished=lambda *finished: bentoml.get_current_service().note_usage(*finished),
)
HindiSTT.add_asgi_middleware(ProtectionMiddleware, protection=protection)


def _configure_log() -> None:
    """One line per request, with its id, on standard error."""
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(request_id)s] %(message)s"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
