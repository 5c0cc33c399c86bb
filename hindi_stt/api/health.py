"""Is the runner really answering? A canary through it, in the background, so that /health costs nothing to ask."""

from __future__ import annotations

import asyncio
import math
import platform
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from hindi_stt import __version__
from hindi_stt.bentoml_compat.runtime_dir import find_runtime_dir
from hindi_stt.bundle.registry import Registry
from hindi_stt.concurrency.background_tasks import repeating_task
from hindi_stt.errors import HindiSTTError, Overloaded
from hindi_stt.observability.repeated_errors import RepeatedErrors
from hindi_stt.observability.request_context import log
from hindi_stt.processes.watchdog import Watchdog
from hindi_stt.types import Features, LogProbs

__all__ = ["Health"]

_INTERVAL_S: Final = 0.5
# A canary of a large model on a slow core takes tenths of a second: then they are fewer.
_MAX_SHARE: Final = 0.05
_MAX_INTERVAL_S: Final = 5.0
_N_TIMES: Final = 20
_MAX_AGE_S: Final = 1.0  # at the shortest interval
_BUSY_S: Final = 1.4  # with the interval, what hangs is seen within two seconds
_TIMEOUT_S: Final = 10.0
_CANARY_S: Final = 0.32
_PACKAGES: Final = ("bentoml", "onnxruntime", "numpy")


Probe = Callable[[str, Features], Awaitable[LogProbs]]
"""Runs one clip through the model of this tag, before whatever waits."""


class Health:
    """Watches the runner from one API worker: a canary half a second after the last answer, a canary's or a real one.

    The interval is longer where canaries would take more than 5 % of a core. A runner that hangs is killed, so that
    another one starts: see hindi_stt.processes.watchdog.

    "healthy": an answer within the last second, or within the interval and half a second. "busy": none, but the canary
    has not waited for long. "unhealthy": anything else.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        bundle = registry.default
        spec = bundle.manifest.features
        n_frames = round(_CANARY_S * spec.sample_rate / spec.hop_samples)
        values = np.random.default_rng(0).standard_normal((spec.n_channels, n_frames))
        self._canary = Features(values.astype(np.float32), 0.0)
        self._last_answer: float | None = None
        self._last_error = "no canary has come back yet"
        self._waiting_since: float | None = None
        self._started = -math.inf
        # Of the last canaries, of which the shortest says what one costs when nothing else runs.
        self._times_s: deque[float] = deque(maxlen=_N_TIMES)
        self._watchdog = Watchdog(
            find_runtime_dir(), "runner", lambda pid: log.error("killed the runner %d, which hung", pid)
        )
        self._errors = RepeatedErrors()
        self._tasks: list[asyncio.Task[None]] = []
        self._versions = {"hindi_stt": __version__, "python": platform.python_version()} | {
            name: version(name) for name in _PACKAGES
        }

    def start(self, probe: Probe) -> None:
        """Begin to watch the runner, reached by this call; needs a running event loop."""
        self._tasks = [
            repeating_task("the canary", lambda: self._watch(probe)),
            asyncio.create_task(self._watchdog.watch(), name="the watch over the runner"),
        ]

    async def stop(self) -> None:
        """Stop watching."""
        for task in self._tasks:
            task.cancel()

    def answered(self) -> None:
        """Note that the runner has just answered."""
        self._last_answer = time.monotonic()

    @property
    def status(self) -> str:
        """One of "healthy", "busy", "unhealthy"; see the class."""
        now = time.monotonic()
        max_age_s = _MAX_AGE_S - _INTERVAL_S + self._interval_s
        if self._last_answer is not None and now - self._last_answer <= max_age_s:
            return "healthy"
        if self._last_answer is not None and self._waiting_since and now - self._waiting_since <= _BUSY_S:
            return "busy"
        return "unhealthy"

    def report(self, key_file: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The body of GET /health.

        Args:
            key_file: The problem with the file of API keys, if any.

        Returns:
            Among others `answer_age_s`: seconds since the runner last answered, null before it ever did.
        """
        age_s = None if self._last_answer is None else round(time.monotonic() - self._last_answer, 3)
        runner: dict[str, Any] = {"answer_age_s": age_s}
        status = self.status
        if status == "unhealthy":
            runner["error"] = self._last_error
        keys = {"keys": dict(key_file)} if key_file else {}
        if key_file and key_file["refusing"]:
            status = "unhealthy"
        return {
            "status": status,
            **keys,
            "model": self._registry.default.tag,
            "models": {bundle.tag: bundle.manifest.language for bundle in self._registry},
            "forms": {bundle.tag: str(bundle.form) for bundle in self._registry},
            "runner": runner,
            "versions": self._versions,
        }

    @property
    def _interval_s(self) -> float:
        cost_s = min(self._times_s, default=0.0)
        return max(_INTERVAL_S, min(cost_s / _MAX_SHARE, _MAX_INTERVAL_S))

    @property
    def _wait_s(self) -> float:
        """How long the next canary has to wait; an answer in the meantime puts it off."""
        last = self._started if self._last_answer is None else max(self._started, self._last_answer)
        return last + self._interval_s - time.monotonic()

    async def _watch(self, probe: Probe) -> None:
        while True:
            while (wait_s := self._wait_s) > 0:  # noqa: ASYNC110  (an answer puts it off, and need not wake it)
                await asyncio.sleep(wait_s)
            self._waiting_since = self._started = time.monotonic()
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    await probe(self._registry.default.tag, self._canary)
                self.answered()
                self._times_s.append(time.monotonic() - self._started)
            except Overloaded:  # it is there, and says so
                self.answered()
            except TimeoutError:
                self._last_error = f"no answer within {_TIMEOUT_S:g} s"
            except HindiSTTError as error:
                self._last_error = error.message
            except Exception as error:  # whatever it is, the watch goes on
                self._errors.log(error, "the canary failed")
                self._last_error = type(error).__name__
            self._waiting_since = None
