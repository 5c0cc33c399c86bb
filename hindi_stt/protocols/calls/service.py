"""The calls of one API worker: begun, ended, and followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hindi_stt.access.limits import Client
from hindi_stt.api.jobs.service import JobService, owner_of
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import HindiSTTError
from hindi_stt.protocols.adapter import Start
from hindi_stt.protocols.calls.archive import CallArchive
from hindi_stt.protocols.calls.feed import CallFeed, MemoryFeed
from hindi_stt.protocols.calls.recorder import CallRecorder, EndedCall
from hindi_stt.protocols.calls.redis_feed import RedisFeed
from hindi_stt.protocols.options import ConnectionOptions

__all__ = ["Calls"]


class Calls:
    """The calls. Needs a running event loop.

    Args:
        recognizer: The worker's recognizer.
        jobs: Returns the worker's jobs; None where the server has none.
    """

    def __init__(self, recognizer: Recognizer, jobs: Callable[[], JobService] | None) -> None:
        self.settings = recognizer.settings
        self._metrics = recognizer.metrics
        url = self.settings.calls_url or self.settings.limits_url
        self.feed: CallFeed = RedisFeed(url, self._metrics.call_events_lost.inc) if url else MemoryFeed()
        self._archive = CallArchive(jobs, self.settings) if jobs is not None else None
        self._live: set[tuple[str, str]] = set()

    def owner(self, client: Client) -> str:
        """Whose calls a client's are: as with jobs."""
        return owner_of(client, self.settings)

    async def reserve(
        self, client: Client, protocol: str, start: Start, options: ConnectionOptions
    ) -> CallRecorder | None:
        """Make a call that is about to begin, or else is released.

        Args:
            client: The client.
            protocol: Name of the protocol.
            start: What the platform says of it.
            options: Its options.

        Returns:
            What takes its words; None where the connection is no call.
        """
        if start.call is None:
            return None
        call = CallRecorder(self.feed, self.owner(client), protocol, start.call, start.tracks, options)

        async def free(call_id: str) -> bool:
            key = (call.owner, call_id)
            if key in self._live:
                return False
            self._live.add(key)
            found = False
            try:
                found = await self.feed.reserve(*key)
            finally:
                if not found:
                    self._live.discard(key)
            return found

        # A platform may send a call's tracks as streams of their own.
        await call.make_unique(free)
        return call

    async def release(self, call: CallRecorder) -> None:
        """Give back the id of a call that does not begin.

        Args:
            call: The call.
        """
        self._live.discard((call.owner, call.id))
        await self.feed.release(call.owner, call.id)

    async def end(self, call: CallRecorder, track_s: Sequence[float], error: HindiSTTError | None) -> None:
        """Store the transcript of a call that has ended, and say so to who follows it.

        Args:
            call: The call.
            track_s: Seconds of audio of each track.
            error: Why the server ended it, if it did.
        """
        try:
            await call.ended(track_s, error, self._store)
        finally:
            self._live.discard((call.owner, call.id))

    async def close(self) -> None:
        """End all that follow calls."""
        await self.feed.close()

    async def _store(self, owner: str, call: EndedCall) -> str | None:
        job_id = await self._archive.store(owner, call) if self._archive else None
        stored = "off" if self._archive is None else "yes" if job_id else "no"
        self._metrics.calls.labels(call.protocol, stored).inc()
        return job_id
