"""Counts seconds of audio in progress in one API worker: for admission, and for the autoscaler."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Final

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.errors import Overloaded
from hindi_stt.observability.metrics import Metrics
from hindi_stt.settings import Settings
from hindi_stt.transcription.accounting import Accounting

__all__ = ["AudioLoad", "ClientAccounting", "Hold"]

# Assumed until the first requests have shown how fast this machine is; only Retry-After depends on it.
_FIRST_RTF: Final = 0.1
_RTF_MEMORY: Final = 0.95
# How long a refusal speaks for those that would come next.
_REFUSAL_LASTS_S: Final = 1.0
# From this share of the bound on, a refusal speaks for short recordings too.
_NEARLY_FULL: Final = 0.9


class Hold:
    """Audio of one recording that counts as load while it is decoded.

    Args:
        load: Where it is counted.
        client: Name of the client.
    """

    def __init__(self, load: AudioLoad, client: str) -> None:
        self._load = load
        self._client = client
        self._duration_s = 0.0

    def change(self, duration_s: float) -> None:
        """Count so many seconds instead of those before."""
        self._load.add(self._client, duration_s - self._duration_s)
        self._duration_s = duration_s


class AudioLoad:
    """Bounds the audio in progress, in total and per client; see `Settings.max_queue_s` and `Settings.client_share`.

    Args:
        settings: The bounds.
        metrics: Where the audio in progress is shown.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._max_s = settings.max_queue_s
        self._client_max_s = settings.client_share * settings.max_queue_s
        self._metrics = metrics
        self._total_s = 0.0
        self._by_client: defaultdict[str, float] = defaultdict(float)
        self._rtf = _FIRST_RTF
        self._refusals: dict[str, tuple[float, float]] = {}  # all clients under "": until when, and Retry-After

    def add(self, client: str, duration_s: float) -> None:
        """Count more audio in progress, or less.

        Args:
            client: Name of the client.
            duration_s: Seconds of audio; negative to subtract.
        """
        self._total_s = max(0.0, self._total_s + duration_s)
        self._by_client[client] += duration_s
        if self._by_client[client] <= 1e-6:
            del self._by_client[client]
        if not self._by_client:  # sums of floats drift
            self._total_s = 0.0
        self._metrics.in_progress.inc(duration_s)

    def hold(self, client: str) -> Hold:
        """Something to count the audio of one recording with; it counts nothing yet."""
        return Hold(self, client)

    @contextlib.contextmanager
    def in_progress(self, client: str, duration_s: float) -> Iterator[None]:
        """Count a clip while it is transcribed.

        Args:
            client: Name of the client.
            duration_s: Seconds of audio of the clip.
        """
        self.add(client, duration_s)
        ahead_s, start = self._total_s, time.perf_counter()
        try:
            yield
            if ahead_s:
                measured = (time.perf_counter() - start) / ahead_s
                self._rtf = _RTF_MEMORY * self._rtf + (1 - _RTF_MEMORY) * measured
        finally:
            self.add(client, -duration_s)

    def admit(self, client: str, duration_s: float) -> None:
        """Check that more audio is within the bounds; a client's only recording is refused by the total bound alone.

        Args:
            client: Name of the client.
            duration_s: Seconds of audio.

        Raises:
            Overloaded: A bound would be exceeded.
        """
        own_s = self._by_client.get(client, 0.0)
        if self._total_s and self._total_s + duration_s > self._max_s:
            self._refuse(client, "", self._total_s, self._max_s)
        if own_s and own_s + duration_s > self._client_max_s:
            self._refuse(client, client, own_s, self._client_max_s)

    def _refuse(self, client: str, full: str, in_progress_s: float, bound_s: float) -> None:
        retry_after_s = in_progress_s * self._rtf
        if in_progress_s >= _NEARLY_FULL * bound_s:
            self.remember_refusal(full, retry_after_s)
        whose = f" of {client}" if full else ""
        raise Overloaded(
            f"{in_progress_s:.0f} s of audio{whose} are waiting; the limit is {bound_s:g} s.",
            retry_after_s=retry_after_s,
        )

    def remember_refusal(self, client: str, retry_after_s: float) -> None:
        """Refuse this client's bodies for a moment, before they are read.

        Args:
            client: The client that was refused; empty for all.
            retry_after_s: Value of the Retry-After header in seconds.
        """
        now_s = time.monotonic()
        self._refusals = {name: kept for name, kept in self._refusals.items() if kept[0] > now_s}
        self._refusals[client] = (now_s + min(_REFUSAL_LASTS_S, retry_after_s), retry_after_s)

    def refuse_if_full(self, client: str) -> None:
        """Refuse a body before it is read, where a recording or a clip has just been refused.

        Raises:
            Overloaded: Audio was refused a moment ago.
        """
        now_s = time.monotonic()
        for name in ("", client):
            until_s, retry_after_s = self._refusals.get(name, (0.0, 0.0))
            if now_s < until_s:
                raise Overloaded("The queue of the model is full.", retry_after_s=retry_after_s)


class ClientAccounting(Accounting):
    """Counts a recording as load, against its client's limits, and in the metrics.

    Args:
        load: Audio in progress in the worker.
        limits: The server's.
        metrics: Metrics of the worker.
        model: Tag of the recording's model.
        client: The client.
    """

    def __init__(self, load: AudioLoad, limits: RateLimits, metrics: Metrics, model: str, client: Client) -> None:
        self._load = load
        self._limits = limits
        self._metrics = metrics
        self._model = model
        self._client = client
        self._hold = load.hold(client.name)
        self._admitted = False

    def admit(self, duration_s: float) -> None:
        """See `Accounting.admit`."""
        self._load.admit(self._client.name, duration_s)

    async def decoded(self, duration_s: float) -> None:
        """Count a slice as audio of its client, and as load until a clip of it counts or the next slice does.

        Raises:
            HindiSTTError: Overloaded, RateLimited, LimitsUnavailable.
        """
        if not self._admitted:
            self.admit(duration_s)
            self._admitted = True
        self._hold.change(duration_s)
        await self._limits.count_audio(self._client, duration_s)

    def clip_is_ready(self) -> None:
        """See `Accounting`."""
        self._hold.change(0.0)

    def in_progress(self, duration_s: float) -> AbstractContextManager[None]:
        """See `Accounting`."""
        return self._load.in_progress(self._client.name, duration_s)

    def finished(self, duration_s: float, elapsed_s: float, stages_s: Mapping[str, float]) -> None:
        """Count a recording in the metrics.

        Args:
            duration_s: Seconds of audio.
            elapsed_s: Seconds that the request took.
            stages_s: Seconds of each stage.
        """
        self._metrics.count_request(self._model, duration_s, elapsed_s, stages_s)

    def close(self) -> None:
        """See `Accounting`."""
        self._hold.change(0.0)
