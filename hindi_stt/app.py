"""The BentoML service HindiSTT, the API: its resources, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import bentoml
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from hindi_stt.api.error_responses import RequestState
from hindi_stt.api.health import Health
from hindi_stt.api.live.connections import LiveConnections
from hindi_stt.api.middleware.browsers import BrowserMiddleware
from hindi_stt.api.middleware.exposure import warn_if_open
from hindi_stt.api.middleware.protection_middleware import ProtectionMiddleware
from hindi_stt.api.middleware.requests import RequestMiddleware
from hindi_stt.api.realtime.connections import Realtime
from hindi_stt.api.realtime.routes import realtime_routes
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.api.routes import make_app, no_job_routes
from hindi_stt.api.schemas import request_schema, response_schema
from hindi_stt.api.transcribe import transcribe
from hindi_stt.api.ui.page import page_routes
from hindi_stt.bentoml_compat.runtime_dir import find_runtime_dir, runtime_dir
from hindi_stt.bentoml_compat.shutdown import before_sigterm, keep_runner
from hindi_stt.bentoml_compat.traffic_metrics import label_by_route
from hindi_stt.bentoml_compat.worker_metrics import collect_samples, make_metrics
from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.observability.metrics_summary import summarize
from hindi_stt.processes.garbage import leave_out_start_up_objects
from hindi_stt.processes.memory import MemoryReturn, map_large_blocks
from hindi_stt.processes.watchdog import Heartbeat, end_with_supervisor, processes_report
from hindi_stt.runner.client import RunnerCall
from hindi_stt.runner_services import ConformerRunner
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.startup import NO_ACCESS_LOG, NO_SPANS, protection, registry, send_traces_of, settings
from hindi_stt.transcription.result_cache import ResultCache

if TYPE_CHECKING:
    from hindi_stt.access.ledger import Ledger
    from hindi_stt.api.jobs.opening import JobOpening
    from hindi_stt.api.jobs.service import JobService
    from hindi_stt.jobs.worker_supervisor import Workers
    from hindi_stt.protocols.running import RunningProtocols

__all__ = ["HindiSTT"]


def _routes() -> Starlette:
    def current() -> HindiSTT:
        service: HindiSTT = bentoml.get_current_service()
        return service

    async def health() -> dict[str, Any]:
        service = current()
        jobs = {"jobs": service.job_opening.report()} if service.job_opening else {}
        processes = {"processes": processes_report(find_runtime_dir())}
        return service.health.report(protection.key_file_report()) | processes | jobs

    async def stats() -> dict[str, Any]:
        return await anyio.to_thread.run_sync(lambda: summarize(collect_samples()))

    def about() -> dict[str, Any]:
        models = [
            {"tag": bundle.tag, "language": bundle.manifest.language, "licence": bundle.manifest.licence}
            for bundle in registry
        ]
        return {"description": _service.inner.__doc__, "model": models[0], "models": models}

    def openapi() -> dict[str, Any]:
        from hindi_stt.api.openapi.document import openapi_document  # its models take a tenth of a second to import

        jobs, page = bool(settings.jobs_dir), settings.page == "on"
        calls, listen = settings.takes_calls, "deepgram" in settings.protocol_names
        return openapi_document(registry, jobs=jobs, page=page, calls=calls, listen=listen)

    app = make_app(
        about,
        health,
        stats,
        openapi,
        lambda: current().recognizer,
        [
            *_protocol_routes(),
            *realtime_routes(lambda: current().realtime, protection.tokens),
            *_job_routes(),
            *page_routes(registry.default, settings, speakers=_has_speakers()),
        ],
        is_known=protection.knows,
    )
    label_by_route(app.routes)
    return app


def _protocol_routes() -> list[BaseRoute]:
    if not settings.protocol_names:
        return []
    from hindi_stt.protocols.routes import protocol_routes  # what only protocols need takes time to import

    return protocol_routes(settings, lambda: bentoml.get_current_service().protocols.parts)


def _protocols(
    recognizer: Recognizer, connections: LiveConnections, opening: JobOpening | None
) -> RunningProtocols | None:
    if not settings.protocol_names:
        return None
    from hindi_stt.protocols.running import RunningProtocols

    return RunningProtocols(recognizer, connections, protection, (lambda: opening.jobs) if opening else None)


def _has_speakers() -> bool:
    """Whether there is a speaker model now; startup checks have opened one that is named."""
    from hindi_stt.bundle import store

    return bool(settings.speakers) or any(tag.startswith("speakers:") for tag in store.speaker_tags())


def _resolve_speakers() -> SpeakerBundle:
    from hindi_stt.bundle import store  # only servers that are asked for speakers need it again

    return store.resolve_speakers(settings)


def _open_ledger() -> Ledger:
    from hindi_stt.access.ledger import Ledger  # and with it SQLAlchemy: as with jobs below

    return Ledger(settings.usage_url)


def _job_opening(recognizer: Recognizer, opened: Callable[[], None]) -> JobOpening:
    from hindi_stt.api.jobs.opening import JobOpening
    from hindi_stt.api.jobs.service import JobService
    from hindi_stt.jobs.backend import Backend
    from hindi_stt.jobs.wakeups import Wakeups

    def open_jobs() -> JobService:
        return JobService(Backend(settings), Wakeups(settings.jobs_queue_url), recognizer)

    return JobOpening(open_jobs, opened)


def _start_job_workers() -> Workers:
    from hindi_stt.jobs.worker_supervisor import Workers

    workers = Workers(settings.jobs_workers, runtime_dir(), registry.default.folder)
    workers.start()
    return workers


def _job_routes() -> list[Route]:
    if not settings.jobs_dir:
        return no_job_routes()
    # What only jobs need takes half a second to import, and every process would wait for it.
    from hindi_stt.api.jobs.resumable_uploads import upload_routes
    from hindi_stt.api.jobs.routes import job_routes

    def jobs() -> JobService:
        found: JobService = bentoml.get_current_service().job_opening.jobs
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
    logging=NO_ACCESS_LOG,
    tracing=NO_SPANS,
)
class HindiSTT:
    """Hindi speech to text: send a recording, get its words with times and confidences."""

    runner = bentoml.depends(ConformerRunner)

    def __init__(self) -> None:
        self._end_traces = send_traces_of("hindi-stt")
        protection.read_keys()
        self.metrics = make_metrics()
        self.health = Health(registry)
        keep_runner()  # before `self.runner` is asked for, which remembers the address
        self._infer = RunnerCall(
            self.runner,
            settings.request_timeout_s,
            self.health.answered,
            settings.client_share,
            batching=settings.scheduler == "bentoml",
        )
        self._cache = ResultCache(settings, self.metrics) if settings.cache_url else None
        self.ledger = _open_ledger() if settings.usage_url else None
        speakers = SpeakerSource(_resolve_speakers)
        self.recognizer = Recognizer(
            registry, self._infer, settings, self.metrics, protection.limits, self._cache, speakers
        )
        note_usage = self.ledger.note if self.ledger else lambda *_: None
        self.connections = LiveConnections(self.recognizer, protection.check_still_valid, note_usage)
        self.realtime = Realtime(self.recognizer, self.connections)
        self.job_opening = _job_opening(self.recognizer, self._start_job_workers) if settings.jobs_dir else None
        self.protocols = _protocols(self.recognizer, self.connections, self.job_opening)
        self._job_workers: Workers | None = None
        self._heartbeat = Heartbeat(find_runtime_dir(), "api")
        self._memory_return = MemoryReturn()

    @bentoml.on_startup
    async def start(self) -> None:
        """Begin to watch the runner."""
        leave_out_start_up_objects()
        map_large_blocks()
        warn_if_open(settings)
        self._heartbeat.start()
        self._memory_return.start()
        self.health.start(self._infer.probe)
        self.connections.start()
        if self.protocols:
            await self.protocols.start()
        if self.job_opening:
            await self.job_opening.start()
        before_sigterm(self._drain)
        end_with_supervisor()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Stop watching the runner, and release what others hold for it."""
        await self.health.stop()
        await self.connections.stop()
        if self.protocols:
            await self.protocols.stop()
        if self._job_workers:
            await self._job_workers.stop()
        if self.job_opening:
            await self.job_opening.stop()
        await protection.limits.close()
        if self._cache:
            await self._cache.close()
        if self.ledger:
            await anyio.to_thread.run_sync(self.ledger.close)
        await anyio.to_thread.run_sync(self._end_traces)

    async def _drain(self) -> None:
        await self.connections.drain()
        if self.protocols:
            await self.protocols.drain()

    def _start_job_workers(self) -> None:
        if settings.jobs_workers:
            self._job_workers = _start_job_workers()

    async def __is_ready__(self) -> bool:  # async, so that it does not wait for a thread
        return self.health.status != "unhealthy"

    transcribe = bentoml.api(
        transcribe, route="/transcribe", input_spec=request_schema(registry), output_spec=response_schema(registry)
    )


def _note_usage(service: HindiSTT, path: str, state: RequestState, status: int, elapsed_s: float) -> None:
    """Write a finished request into the ledger, where there is one."""
    if service.ledger:
        model = state.facts.get("model", registry.default.tag)
        audio_s = state.facts.get("audio_s", 0.0)
        service.ledger.note(state.client.name, path, model, status, audio_s, elapsed_s)


_service: Any = HindiSTT  # what BentoML's decorator makes of the class
# From the outermost to the innermost.
if settings.origins:
    _service.add_asgi_middleware(BrowserMiddleware, origins=settings.origins)
_service.add_asgi_middleware(
    RequestMiddleware,
    count_error=lambda code: bentoml.get_current_service().metrics.errors.labels(code).inc(),
    finished=lambda *finished: _note_usage(bentoml.get_current_service(), *finished),
)
_service.add_asgi_middleware(ProtectionMiddleware, protection=protection)
