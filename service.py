"""The BentoML services: ConformerRunner, which batches and runs the model, and HindiSTT, the API."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")  # before the import, which is when it is read
# The images of `bentoml containerize` set it, and then BentoML's supervisor leaves a process that has died dead.
os.environ.pop("BENTOML_CONTAINERIZED", None)

import anyio.to_thread
import bentoml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import RequestState, error_response
from hindi_stt.api.health import Health
from hindi_stt.api.middleware.protection import BrowserMiddleware, Protection, ProtectionMiddleware, warn_if_open
from hindi_stt.api.middleware.requests import RequestMiddleware
from hindi_stt.api.openapi.document import openapi_document
from hindi_stt.api.realtime.routes import Realtime, realtime_routes
from hindi_stt.api.recognition import Recognizer
from hindi_stt.api.result_cache import ResultCache
from hindi_stt.api.routes import make_app, no_job_routes
from hindi_stt.api.schemas import TranscriptionResponse, request_schema, response_schema
from hindi_stt.api.transcribe import transcribe
from hindi_stt.api.ui.page import page_routes
from hindi_stt.bentoml_compat import framework
from hindi_stt.bentoml_compat.shutdown import before_sigterm, end_after_api_workers, keep_runner
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.concurrency.background_tasks import lasting_task
from hindi_stt.errors import (
    ClientClosedRequest,
    HindiSTTError,
    ModelUnavailable,
)
from hindi_stt.inference.acoustic import LocalAcoustic, padding_share
from hindi_stt.inference.model_cache import LoadedModels
from hindi_stt.observability.log_config import configure_log
from hindi_stt.observability.metrics import Metrics
from hindi_stt.observability.request_context import for_request, log
from hindi_stt.observability.tracing import past_stage, send_traces
from hindi_stt.processes.garbage import leave_out_start_up_objects
from hindi_stt.processes.watchdog import Heartbeat, Watchdog, end_with_supervisor, processes_report
from hindi_stt.runner.client import NOT_RUN, FeatureItem, LogProbsItem, RunnerCall, to_item
from hindi_stt.runner.dispatcher import Dispatcher
from hindi_stt.runner.scheduler import Priority, SchedulerLimits
from hindi_stt.settings import get_settings, unknown_variables
from hindi_stt.startup_checks import check_settings
from hindi_stt.types import Features, LogProbs

if TYPE_CHECKING:
    from hindi_stt.access.ledger import Ledger
    from hindi_stt.api.jobs.opening import JobOpening
    from hindi_stt.api.jobs.service import Jobs
    from hindi_stt.jobs.worker_supervisor import Workers

try:
    settings = get_settings()
    registry = check_settings(settings)
    framework.check_socket_paths()
    protection = Protection(settings)
    # The store is what a bento packs its models from; a bundle folder that the user mounts stays where it is.
    model_tag = store.save(registry.default) if not settings.model else None
except HindiSTTError as error:
    raise SystemExit(f"{error.message} {error.help}") from error
framework.install(settings.trusted_proxies, settings)
framework.use_runtime_folder(settings.runtime_dir)
configure_log(settings.log_format)  # here, so that the supervisor's log has the same form

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # once: in the supervisor, which sets it for its workers
    framework.check_processes_often()
    for name, nearest in unknown_variables(os.environ).items():
        log.warning("%s is not a setting%s; see docs/settings.md", name, nearest and f": did you mean {nearest}?")

# The default closes the shared client session every 100 requests, with calls still in flight.
_CONNECTION = {"max_requests": 10**9, "max_age": 1e9}
# Clips share a run while it stays this short, in seconds of padded audio: fp32 gains 5 to 10 %, and nothing past it.
_MAX_SHARED_RUN_S = 8.0
_RUNNER = "ConformerRunner"  # the name of both kinds of runner: a server has one
_NO_ACCESS_LOG = {"access": {"enabled": False}}
# BentoML makes a span of each part of a body and each WebSocket message, and sends none; ours are in `tracing`.
_NO_SPANS = {"excluded_urls": ".*"}


class _Runner:
    """What both runners have: the models, and their metrics."""

    if model_tag:
        model = bentoml.models.BentoModel(model_tag)

    def __init__(self) -> None:
        self._metrics = Metrics()
        self._heartbeat = Heartbeat()
        self._watchdog = Watchdog(lambda pid: log.error("killed the API worker %d, which hung", pid), "api")
        self._end_traces = _send_traces("hindi-stt-runner")

    @bentoml.on_startup
    async def start(self) -> None:
        """Show that the event loop turns, and watch the API workers'; the runner ends after them."""
        leave_out_start_up_objects()
        self._heartbeat.start()
        self._watching = lasting_task("the watch over the API workers", self._watchdog.watch)
        end_after_api_workers()
        end_with_supervisor()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Send the traces that wait."""
        await anyio.to_thread.run_sync(self._end_traces)

    def _note_stages(self, item: FeatureItem, start_s: float, end_s: float, clips: int) -> None:
        """When a clip's run began and ended, and how many clips it had."""
        self._metrics.queue_wait_seconds.observe(max(0.0, start_s - item.sent_s))
        past_stage("queue", item.trace, item.sent_s, start_s, {})
        past_stage("inference", item.trace, start_s, end_s, {"clips": clips})

    def _open(self, bundle: Bundle, threads: int) -> LocalAcoustic:
        provider = settings.provider
        acoustic = LocalAcoustic(bundle, threads=threads, max_padding=settings.max_padding, provider=provider)
        log.info("%s: %s, provider %s, threads a run: %d", bundle.tag, acoustic.precision, provider, threads)
        return acoustic

    def _count_run(self, clips: Sequence[Features]) -> None:
        self._metrics.run_size.observe(len(clips))
        self._metrics.padding.observe(padding_share([clip.n_frames for clip in clips]))


@bentoml.service(
    name=_RUNNER,
    workers=1,
    threads=1,
    traffic={"timeout": 3600},
    runner_connection=_CONNECTION,
    logging=_NO_ACCESS_LOG,
    tracing=_NO_SPANS,
)
class BatchingRunner(_Runner):
    """Runs the acoustic model on batches that BentoML's dispatcher puts together."""

    def __init__(self) -> None:
        super().__init__()
        self._models = LoadedModels(registry, self._load, settings, self._metrics)

    def _load(self, bundle: Bundle) -> LocalAcoustic:
        return self._open(bundle, settings.effective_threads)

    @bentoml.api(batchable=True, max_batch_size=settings.max_batch_size, max_latency_ms=settings.max_batch_latency_ms)
    def infer(self, items: list[FeatureItem]) -> list[LogProbsItem]:
        """Log-probs of each clip, or its error: one bad clip never fails its batch-mates."""
        start_s = time.monotonic()
        answers = [NOT_RUN] * len(items)
        for model in dict.fromkeys(item.model for item in items):
            places = [i for i, item in enumerate(items) if item.model == model]
            with for_request(_ids(items[i] for i in places)):
                results = self._run(model, [items[i].features for i in places])
            for place, result in zip(places, results, strict=True):
                answers[place] = to_item(result)
        self._metrics.batch_size.observe(len(items))
        end_s = time.monotonic()
        self._metrics.inference_seconds.observe(end_s - start_s)
        for item in items:
            self._note_stages(item, start_s, end_s, len(items))
        return answers

    def _run(self, model: str, batch: list[Features]) -> list[LogProbs | HindiSTTError]:
        """The clips of one model, which share runs with no others."""
        try:
            acoustic = self._models(model)
        except ModelUnavailable as error:
            return [error] * len(batch)
        for group in acoustic.groups(batch):
            self._count_run([batch[i] for i in group])
        return acoustic(batch)


@bentoml.service(
    name=_RUNNER,
    workers=1,
    traffic={"timeout": 3600},
    runner_connection=_CONNECTION,
    logging=_NO_ACCESS_LOG,
    tracing=_NO_SPANS,
)
class ScheduledRunner(_Runner):
    """Runs the acoustic model on one core a clip, in the order of `hindi_stt.runner.scheduler`."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, FeatureItem] = {}  # by the identity of their features
        cores = settings.effective_threads

        self._models = LoadedModels(registry, self._load, settings, self._metrics)
        limits = SchedulerLimits(
            max_queue_s=settings.max_queue_s,
            max_wait_s=settings.max_wait_s,
            max_run_s=_MAX_SHARED_RUN_S,
            max_padding=settings.max_padding,
            max_clips=settings.max_batch_size,
            client_share=settings.client_share,
        )
        self._dispatch = Dispatcher(
            self._run,
            cores,
            limits,
            on_run=self._count,
            on_drop=lambda reason: self._metrics.dropped.labels(reason).inc(),
        )

    def _load(self, bundle: Bundle) -> tuple[LocalAcoustic, LocalAcoustic]:
        """A session of one thread for many clips at a time, and one of all of them for a clip that is alone."""
        narrow, cores = self._open(bundle, 1), settings.effective_threads
        return narrow, self._open(bundle, cores) if cores > 1 else narrow

    @bentoml.api
    async def infer(self, items: list[FeatureItem], ctx: bentoml.Context) -> list[LogProbsItem]:
        """Log-probs of each clip, or its error."""
        work = asyncio.gather(*(self._infer(item) for item in items))
        try:
            return await unless_disconnected(ctx.request, work)
        except ClientClosedRequest as error:  # nobody reads this, and nobody has to see it in the log
            return [to_item(error) for _ in items]

    async def _infer(self, item: FeatureItem) -> LogProbsItem:
        features = item.features
        priority = Priority.LIVE_FINAL if item.live_final else Priority.INTERACTIVE
        self._items[id(features)] = item
        try:
            return to_item(
                await self._dispatch(
                    features,
                    model=item.model,
                    flow=item.flow,
                    deadline_s=item.deadline_s,
                    client=item.client,
                    priority=priority,
                )
            )
        except HindiSTTError as error:
            return to_item(error)
        finally:
            del self._items[id(features)]

    def _run(self, model: str, clips: Sequence[Features], alone: bool) -> list[LogProbs | HindiSTTError]:  # noqa: FBT001  # RunModel
        try:
            narrow, wide = self._models(model)
        except ModelUnavailable as error:
            return [error] * len(clips)
        items = [item for clip in clips if (item := self._items.get(id(clip)))]
        with for_request(_ids(items)):
            return (wide if alone else narrow)(clips)

    def _count(self, clips: Sequence[Features], elapsed_s: float) -> None:
        self._metrics.batch_size.observe(len(clips))
        self._metrics.inference_seconds.observe(elapsed_s)
        end_s = time.monotonic()
        for clip in clips:
            if item := self._items.get(id(clip)):  # not those that were given up while they ran
                self._note_stages(item, end_s - elapsed_s, end_s, len(clips))
        self._count_run(clips)


def _ids(items: Iterable[FeatureItem]) -> str:
    """The ids of the requests that the clips of one run belong to, for its log entries."""
    return ",".join(dict.fromkeys(item.flow for item in items)) or "-"


ConformerRunner = BatchingRunner if settings.scheduler == "bentoml" else ScheduledRunner
framework.remember_media_types(ConformerRunner)


def _send_traces(service: str) -> Callable[[], None]:
    """What has to be called at the end."""
    return send_traces(settings.traces_url, settings.traces_share, service) if settings.traces_url else lambda: None


def _routes() -> Starlette:
    def current() -> HindiSTT:
        return bentoml.get_current_service()

    async def health() -> dict[str, Any]:
        service = current()
        jobs = {"jobs": service.job_opening.report()} if service.job_opening else {}
        return service.health.report(protection.key_file_report()) | {"processes": processes_report()} | jobs

    async def stats() -> dict[str, Any]:
        return await anyio.to_thread.run_sync(current().metrics.summary)

    def about() -> dict[str, Any]:
        models = [
            {"tag": bundle.tag, "language": bundle.manifest.language, "licence": bundle.manifest.licence}
            for bundle in registry
        ]
        return {"description": HindiSTT.inner.__doc__, "model": models[0], "models": models}

    return make_app(
        about,
        health,
        stats,
        lambda: openapi_document(registry, jobs=bool(settings.jobs_dir), page=settings.page == "on"),
        lambda: current().recognizer,
        [
            *realtime_routes(lambda: current().realtime, protection.tokens),
            *_job_routes(),
            *page_routes(registry.default, settings),
        ],
        is_known=protection.knows,
    )


def _open_ledger() -> Ledger:
    from hindi_stt.access.ledger import Ledger  # and with it SQLAlchemy: as with jobs below

    return Ledger(settings.usage_url)


def _job_opening(recognizer: Recognizer, opened: Callable[[], None]) -> JobOpening:
    from hindi_stt.api.jobs.opening import JobOpening
    from hindi_stt.api.jobs.service import Jobs
    from hindi_stt.jobs.backend import Backend
    from hindi_stt.jobs.queue import JobQueue

    def open_jobs() -> Jobs:
        backend = Backend(settings)
        return Jobs(backend, JobQueue(settings.jobs_queue_url, backend.folder), recognizer)

    return JobOpening(open_jobs, opened)


def _start_job_workers() -> Workers:
    from hindi_stt.jobs.worker_supervisor import Workers

    lock = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], "job-workers.lock")
    workers = Workers(settings.jobs_workers, lock, registry.default.folder)
    workers.start()
    return workers


def _job_routes() -> list[Route]:
    if not settings.jobs_dir:
        return no_job_routes()
    # What only jobs need takes half a second to import, and every process would wait for it.
    from hindi_stt.api.jobs.resumable_uploads import upload_routes
    from hindi_stt.api.jobs.routes import job_routes

    def jobs() -> Jobs:
        found: Jobs = bentoml.get_current_service().job_opening.jobs
        return found

    return [*job_routes(jobs), *upload_routes(jobs)]


@bentoml.asgi_app(_routes(), path="/")
@bentoml.service(
    name="hindi_stt",
    # "custom": BentoML's own distributions begin with a compiler. The packages are those of bentofile.yaml.
    image=bentoml.images.Image(base_image="python:3.11-slim", distro="custom", python_version="3.11"),
    workers=settings.api_workers,
    # Uploads and inference have bounds of their own; this one only ends what slipped through them.
    traffic={"timeout": 60 + settings.longest_upload_s + settings.longest_transcription_s},
    logging=_NO_ACCESS_LOG,
    tracing=_NO_SPANS,
)
class HindiSTT:
    """Hindi speech to text: send a recording, get its words with times and confidences."""

    runner = bentoml.depends(ConformerRunner)

    def __init__(self) -> None:
        self._end_traces = _send_traces("hindi-stt")
        self.metrics = Metrics()
        self.health = Health(registry)
        keep_runner()  # before `self.runner` is asked for, which remembers the address
        self._infer = RunnerCall(self.runner, settings.request_timeout_s, self.health.answered, settings.client_share)
        self._cache = ResultCache(settings, self.metrics) if settings.cache_url else None
        self._ledger = _open_ledger() if settings.usage_url else None
        self.recognizer = Recognizer(registry, self._infer, settings, self.metrics, protection.limits, self._cache)
        note_usage = self._ledger.note if self._ledger else lambda *_: None
        self.realtime = Realtime(self.recognizer, protection.check_still_valid, note_usage)
        self.job_opening = _job_opening(self.recognizer, self._start_job_workers) if settings.jobs_dir else None
        self._job_workers: Workers | None = None
        self._heartbeat = Heartbeat("api")

    @bentoml.on_startup
    async def start(self) -> None:
        """Begin to watch the runner."""
        leave_out_start_up_objects()
        warn_if_open(settings)
        self._heartbeat.start()
        self.health.start(self._infer.probe)
        self.realtime.start()
        if self.job_opening:
            await self.job_opening.start()
        before_sigterm(self.realtime.drain)
        end_with_supervisor()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Stop watching the runner, and let go of what others hold for us."""
        await self.health.stop()
        await self.realtime.stop()
        if self._job_workers:
            await self._job_workers.stop()
        if self.job_opening:
            await self.job_opening.stop()
        await protection.limits.close()
        if self._cache:
            await self._cache.close()
        if self._ledger:
            await anyio.to_thread.run_sync(self._ledger.close)
        await anyio.to_thread.run_sync(self._end_traces)

    def _start_job_workers(self) -> None:
        if settings.jobs_workers:
            self._job_workers = _start_job_workers()

    async def __is_ready__(self) -> bool:  # async, so that it does not wait for a thread
        return self.health.status != "unhealthy"

    @bentoml.api(route="/transcribe", input_spec=request_schema(registry), output_spec=response_schema(registry))
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
            model = state.facts.get("model", registry.default.tag)
            audio_s = state.facts.get("audio_s", 0.0)
            self._ledger.note(state.client.name, path, model, status, audio_s, elapsed_s)


# From the outermost to the innermost.
if settings.origins:
    HindiSTT.add_asgi_middleware(BrowserMiddleware, origins=settings.origins)
HindiSTT.add_asgi_middleware(
    RequestMiddleware,
    count_error=lambda code: bentoml.get_current_service().metrics.errors.labels(code).inc(),
    finished=lambda *finished: bentoml.get_current_service().note_usage(*finished),
)
HindiSTT.add_asgi_middleware(ProtectionMiddleware, protection=protection)
