"""The runner's BentoML services, of which a server has one: it batches and runs the acoustic models."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import anyio.to_thread
import bentoml
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.bentoml_compat.media_types import remember_media_types
from hindi_stt.bentoml_compat.runtime_dir import find_runtime_dir
from hindi_stt.bentoml_compat.shutdown import end_after_api_workers
from hindi_stt.bentoml_compat.worker_metrics import make_metrics
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import ClientClosedRequest, HindiSTTError, ModelUnavailable
from hindi_stt.inference.acoustic import LocalAcoustic, padding_share
from hindi_stt.inference.model_cache import LoadedModels, n_sessions
from hindi_stt.inference.session_pair import SessionPair
from hindi_stt.observability.request_context import for_request, log
from hindi_stt.observability.tracing import past_stage
from hindi_stt.processes.garbage import leave_out_start_up_objects
from hindi_stt.processes.memory import MemoryReturn
from hindi_stt.processes.watchdog import Heartbeat, Watchdog, end_with_supervisor
from hindi_stt.runner.client import NOT_RUN, FeatureItem, LogProbsItem, to_item
from hindi_stt.runner.dispatcher import Dispatcher
from hindi_stt.runner.scheduler import Priority, SchedulerLimits
from hindi_stt.runner.wire import MEDIA_TYPE, PATH, ClipMessage, decode_clip, encode_result
from hindi_stt.startup import NO_ACCESS_LOG, NO_SPANS, model_tag, registry, send_traces_of, settings
from hindi_stt.types import Features, LogProbs

__all__ = ["BatchingRunner", "ConformerRunner", "ScheduledRunner"]

# The default closes the shared client session every 100 requests, with calls still in flight.
_CONNECTION = {"max_requests": 10**9, "max_age": 1e9}
# Clips share a run while it stays this short, in seconds of padded audio: fp32 gains 5 to 10 %, and nothing past it.
_MAX_SHARED_RUN_S = 8.0
_RUNNER = "ConformerRunner"  # the name of both kinds of runner: a server has one


class _Runner:
    """The state of both runners: the models, and their metrics."""

    if model_tag:
        model = bentoml.models.BentoModel(model_tag)

    def __init__(self) -> None:
        self._metrics = make_metrics()
        folder = find_runtime_dir()
        self._heartbeat = Heartbeat(folder, "runner")
        self._memory_return = MemoryReturn()
        self._watchdog = Watchdog(folder, "api", lambda pid: log.error("killed the API worker %d, which hung", pid))
        self._end_traces = send_traces_of("hindi-stt-runner")

    @bentoml.on_startup
    async def start(self) -> None:
        """Show that the event loop turns, and watch the API workers'; the runner ends after them."""
        leave_out_start_up_objects()
        self._heartbeat.start()
        self._memory_return.start()
        self._watching = asyncio.create_task(self._watchdog.watch(), name="the watch over the API workers")
        end_after_api_workers()
        end_with_supervisor()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Send the traces that wait."""
        await anyio.to_thread.run_sync(self._end_traces)

    def _note_stages(self, item: FeatureItem | ClipMessage, start_s: float, end_s: float, clips: int) -> None:
        """When a clip's run began and ended, and how many clips it had."""
        self._metrics.queue_wait_seconds.observe(max(0.0, start_s - item.sent_s))
        past_stage("queue", item.trace, item.sent_s, start_s, {})
        past_stage("inference", item.trace, start_s, end_s, {"clips": clips})

    def _open(self, bundle: Bundle, threads: int) -> LocalAcoustic:
        bundle.check_unchanged()  # since the server started, which may be long ago
        provider = settings.provider
        acoustic = LocalAcoustic(bundle, threads=threads, max_padding=settings.max_padding, provider=provider)
        log.info("%s: %s, provider %s, threads a run: %d", bundle.tag, acoustic.form, provider, threads)
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
    logging=NO_ACCESS_LOG,
    tracing=NO_SPANS,
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
        """Compute the log-probs of each clip, or its error; a clip that fails does not affect the others."""
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
    logging=NO_ACCESS_LOG,
    tracing=NO_SPANS,
)
class ScheduledRunner(_Runner):
    """Runs the acoustic model on one core a clip, in the order of `hindi_stt.runner.scheduler`."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, ClipMessage] = {}  # by the identity of their features
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

    def _load(self, bundle: Bundle) -> SessionPair:
        # Each session has a copy of the weights, so that of a large model there is the first one only.
        one_core, cores = self._open(bundle, 1), settings.effective_threads
        several = n_sessions(bundle, settings) > 1
        return SessionPair(one_core, (lambda: self._open(bundle, cores)) if several else None)

    async def infer(self, item: ClipMessage) -> LogProbs | HindiSTTError:
        """Run the model on one clip.

        Args:
            item: The clip.

        Returns:
            Its log-probabilities, or its error.
        """
        features = item.features
        priority = Priority.LIVE_FINAL if item.live_final else Priority.INTERACTIVE
        self._items[id(features)] = item
        try:
            return await self._dispatch(
                features,
                model=item.model,
                flow=item.flow,
                deadline_s=item.deadline_s,
                client=item.client,
                priority=priority,
            )
        except HindiSTTError as error:
            return error
        finally:
            # The dispatcher counts the run in the turn of the event loop after this one.
            asyncio.get_running_loop().call_soon(self._items.pop, id(features))

    def _run(self, model: str, clips: Sequence[Features], alone: bool) -> list[LogProbs | HindiSTTError]:  # noqa: FBT001  # RunModel
        try:
            sessions = self._models(model)
        except ModelUnavailable as error:
            return [error] * len(clips)
        items = [item for clip in clips if (item := self._items.get(id(clip)))]
        with for_request(_ids(items)):
            return sessions.session(alone=alone)(clips)

    def _count(self, clips: Sequence[Features], elapsed_s: float) -> None:
        self._metrics.batch_size.observe(len(clips))
        self._metrics.inference_seconds.observe(elapsed_s)
        end_s = time.monotonic()
        for clip in clips:
            if item := self._items.get(id(clip)):  # not those that were given up while they ran
                self._note_stages(item, end_s - elapsed_s, end_s, len(clips))
        self._count_run(clips)


def _ids(items: Iterable[FeatureItem | ClipMessage]) -> str:
    """The ids of the requests that the clips of one run belong to, for its log entries."""
    return ",".join(dict.fromkeys(item.flow for item in items)) or "-"


class ClipMiddleware:
    """Answers the requests for `ScheduledRunner.infer`, whose bodies are as `runner.wire` has them.

    They do not go through BentoML's API methods: reading and validating arguments there, and writing the result, takes
    more than a millisecond of the event loop for each clip.

    Args:
        app: What answers all other requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await (await self._answer(Request(scope, receive)))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            item = decode_clip(await request.body())
        except ValueError as error:
            return Response(str(error), HTTPStatus.BAD_REQUEST)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads this
        runner: ScheduledRunner = bentoml.get_current_service()
        try:
            result = await unless_disconnected(request, runner.infer(item))
        except ClientClosedRequest as error:  # nobody reads this, and nobody has to see it in the log
            result = error
        return Response(encode_result(result), media_type=MEDIA_TYPE)


ConformerRunner = BatchingRunner if settings.scheduler == "bentoml" else ScheduledRunner
_service: Any = ConformerRunner
if ConformerRunner is ScheduledRunner:
    _service.add_asgi_middleware(ClipMiddleware)
remember_media_types(ConformerRunner)
