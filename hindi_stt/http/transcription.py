"""One upload → one transcript: the line at the API level, off the event loop, within its bounds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request

from hindi_stt import render
from hindi_stt.errors import HindiSTTError, Overloaded, Timeout
from hindi_stt.http.disconnect import unless_disconnected
from hindi_stt.http.requests import state_of
from hindi_stt.http.schemas import TimingsBody, TranscriptionResponse
from hindi_stt.http.uploads import receive_upload
from hindi_stt.metrics import Metrics
from hindi_stt.options import FIELDS, Options
from hindi_stt.pipeline import Pipeline, Prepared
from hindi_stt.settings import Settings, available_cores
from hindi_stt.types import Features, LogProbs

__all__ = ["RemoteAcoustic", "Transcriber"]

T = TypeVar("T")

RemoteAcoustic = Callable[[Features], Awaitable[LogProbs]]
"""The Acoustic protocol across the hop to the runner, a clip at a time: the runner puts the batches together."""

# Assumed until the first requests have shown how fast this machine is; only Retry-After depends on it.
_FIRST_RTF: Final = 0.1
_RTF_MEMORY: Final = 0.95


class Transcriber:
    """Answers transcription requests of one API worker.

    Its CPU work runs in as many threads as there are cores; what it admits is bounded in seconds of audio.
    """

    def __init__(self, pipeline: Pipeline, acoustic: RemoteAcoustic, settings: Settings, metrics: Metrics) -> None:
        self._pipeline = pipeline
        self._acoustic = acoustic
        self._settings = settings
        self._metrics = metrics
        self._threads = anyio.CapacityLimiter(available_cores())
        self._in_progress_s = 0.0
        self._rtf = _FIRST_RTF

    async def __call__(self, request: Request) -> TranscriptionResponse:
        """Raises whatever of `hindi_stt.errors` applies; counts the request either way."""
        try:
            upload = await receive_upload(
                request,
                fields=FIELDS,
                max_bytes=self._settings.max_body_bytes,
                timeout_s=self._settings.upload_timeout_s,
            )
            with upload.file.file as file:
                options = self._pipeline.options(upload.fields)
                work = self._transcribe(request, lambda: self._pipeline.prepare(file), options)
                return await unless_disconnected(request, self._bounded(work))
        except HindiSTTError:
            self._metrics.requests.inc()
            raise

    async def _bounded(self, work: Awaitable[T]) -> T:
        limit_s = self._settings.request_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await work
        except TimeoutError as error:
            raise Timeout(f"There was no transcript within {limit_s:g} s.") from error

    async def _transcribe(
        self, request: Request, prepare: Callable[[], Prepared], options: Options
    ) -> TranscriptionResponse:
        start = time.perf_counter()
        prepared = await self._in_thread(prepare)
        with self._admitted(prepared.duration_s):
            called = time.perf_counter()
            log_probs = await asyncio.gather(*(self._acoustic(features) for features in prepared.features))
            answered = time.perf_counter()
            transcript = await self._in_thread(lambda: self._pipeline.finish(log_probs, prepared, options))
        done = time.perf_counter()
        stages_s = {
            "decode": prepared.decode_s,
            "features": prepared.features_s,
            "queue_inference": answered - called,
            "decoding": done - answered,
        }
        self._metrics.count_request(prepared.duration_s, done - start, stages_s)
        state = state_of(request)
        state.facts["audio_s"] = round(prepared.duration_s, 3)
        timings = TimingsBody(**{stage: round(seconds * 1000, 3) for stage, seconds in stages_s.items()})
        body = render.to_json(transcript, self._pipeline.bundle.tag)
        return TranscriptionResponse(**body, timings_ms=timings, request_id=state.request_id)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    @contextlib.contextmanager
    def _admitted(self, duration_s: float) -> Iterator[None]:
        """Hold a place for this much audio. Raises Overloaded where there is none."""
        if self._in_progress_s + duration_s > self._settings.max_queue_s and self._in_progress_s:
            raise Overloaded(
                f"{self._in_progress_s:.0f} s of audio are waiting, the bound is {self._settings.max_queue_s:g} s.",
                retry_after_s=self._in_progress_s * self._rtf,
            )
        self._in_progress_s += duration_s
        self._metrics.in_progress.inc(duration_s)
        ahead_s, start = self._in_progress_s, time.perf_counter()
        try:
            yield
            measured = (time.perf_counter() - start) / ahead_s
            self._rtf = _RTF_MEMORY * self._rtf + (1 - _RTF_MEMORY) * measured
        finally:
            self._in_progress_s -= duration_s
            self._metrics.in_progress.dec(duration_s)
