"""Drives a Scheduler: clips from many callers onto a pool of threads, inside one event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from hindi_stt.errors import ClientClosedRequest, HindiSTTError, InternalError, Overloaded, Timeout
from hindi_stt.observability.repeated_errors import RepeatedErrors
from hindi_stt.runner.scheduler import Priority, QueueFull, Run, Scheduler, SchedulerLimits, Work
from hindi_stt.types import Features, LogProbs

__all__ = ["Dispatcher", "RunModel"]

Result = LogProbs | HindiSTTError
# Runs clips through the model of this name; the flag says that the run may use every core.
RunModel = Callable[[str, Sequence[Features], bool], list[Result]]

_Item = tuple[Features, "asyncio.Future[Result]"]


class Dispatcher:
    """Runs clips on the model in the order that the scheduler gives. One per process, used from one event loop.

    Args:
        run_model: See `RunModel`.
        cores: Number of runs at the same time.
        limits: Bounds of the scheduler.
        on_run: Called after each run with its clips and its duration in seconds.
        on_drop: Called with the reason for each clip that is dropped before it runs.
    """

    def __init__(
        self,
        run_model: RunModel,
        cores: int,
        limits: SchedulerLimits,
        *,
        on_run: Callable[[Sequence[Features], float], None],
        on_drop: Callable[[str], None],
    ) -> None:
        self._run_model = run_model
        self._on_run = on_run
        self._on_drop = on_drop
        self._scheduler: Scheduler[_Item] = Scheduler(cores, limits)
        # One more than cores: a short clip may run in addition to the long ones.
        self._pool = ThreadPoolExecutor(cores + 1, thread_name_prefix="model")
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors = RepeatedErrors()

    async def __call__(
        self,
        features: Features,
        *,
        model: str,
        flow: str,
        deadline_s: float,
        client: str = "",
        priority: Priority = Priority.INTERACTIVE,
    ) -> LogProbs:
        """Compute the log-probs of a clip.

        When the caller is cancelled, a clip that still waits is never run.

        Args:
            features: Of the clip, float32 [mels, frames].
            model: Tag of its model; a run has clips of one model only.
            flow: Id of the recording to which it belongs.
            deadline_s: Reading of time.monotonic() after which it is dropped.
            client: Name of the client.
            priority: Its priority.

        Returns:
            Log-probs, float32 [output frames, classes].

        Raises:
            Overloaded: The queue is full.
            Timeout: The deadline passed.
            HindiSTTError: The model failed on this clip.
            asyncio.CancelledError: The caller was cancelled.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        work = Work((features, future), features.duration_s, flow, deadline_s, priority, model, client)
        try:
            self._scheduler.submit(work)
        except QueueFull as full:
            message = f"{self._scheduler.queued_s:.0f} s of audio are waiting for the model."
            raise Overloaded(message, retry_after_s=full.retry_after_s) from full
        self._start_runs()
        try:
            result = await future
        except asyncio.CancelledError:
            work.abandoned = True
            raise
        if isinstance(result, HindiSTTError):
            raise result
        return result

    def close(self) -> None:
        """Let the runs in progress end, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start_runs(self) -> None:
        while True:
            run, dropped = self._scheduler.take(time.monotonic())
            for work in dropped:
                self._drop(work)
            if run is None:
                return
            task = asyncio.get_running_loop().create_task(self._execute(run))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _drop(self, work: Work[_Item]) -> None:
        error = ClientClosedRequest("Nobody waits for it.") if work.abandoned else Timeout("The clip waited too long.")
        self._on_drop(error.code)
        _resolve(work, error)

    async def _execute(self, run: Run[_Item]) -> None:
        clips = [work.item[0] for work in run.works]
        start = time.monotonic()
        try:
            loop = asyncio.get_running_loop()
            results = await loop.run_in_executor(self._pool, self._run_model, run.works[0].model, clips, run.alone)
        except Exception as error:  # whatever it is, callers get an answer and the core goes on
            requests = ", ".join(dict.fromkeys(work.flow for work in run.works))
            self._errors.log(error, "a model run failed, of the requests %s", requests)
            results = [InternalError("The model run failed.") for _ in clips]
        elapsed_s = time.monotonic() - start
        self._scheduler.finished(run, elapsed_s)
        for work, result in zip(run.works, results, strict=True):
            _resolve(work, result)
        self._start_runs()
        await asyncio.sleep(0)  # what waits for these results goes on before they are counted
        self._on_run(clips, elapsed_s)


def _resolve(work: Work[_Item], result: Result) -> None:
    future = work.item[1]
    if not future.done():
        future.set_result(result)
