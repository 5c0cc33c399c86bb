"""Delivers webhooks concurrently, with a bound per host, so that a slow receiver does not delay the others."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from hindi_stt.jobs import webhooks
from hindi_stt.jobs.call_webhooks import call_of
from hindi_stt.jobs.claims import Claims
from hindi_stt.safe_fetch import Network
from hindi_stt.storage.database import first_line

__all__ = ["Deliveries"]

log = logging.getLogger("hindi_stt")

_AT_A_TIME: Final = 32
_PER_HOST: Final = 2
_PAGE: Final = 100
# So many due webhooks are searched for one whose host is below its bound; the others wait for the next round.
_MOST_LOOKED_AT: Final = 5_000


class Deliveries:
    """The webhooks that this process is sending. Thread-safe.

    Args:
        claims: Claims in the database of jobs.
        network: Which addresses may be reached.
    """

    def __init__(self, claims: Claims, network: Network) -> None:
        self._claims = claims
        self._network = network
        self._lock = threading.Lock()
        self._by_host: Counter[str] = Counter()

    def start_due(self) -> None:
        """Start delivering the webhooks that are due, up to the bounds; returns at once.

        Raises:
            SQLAlchemyError: The database does not answer.
        """
        skipped = 0  # those that are taken are due no more, and leave their places
        while skipped < _MOST_LOOKED_AT and self._by_host.total() < _AT_A_TIME:
            page = self._claims.due_webhooks(_PAGE, skip=skipped)
            for job in page:
                host = urlsplit(job["webhook_url"]).hostname or ""
                if not self._enter(host):
                    skipped += 1
                elif self._take(job, host):
                    # A daemon: the process need not wait for a receiver when it ends, since the try is noted.
                    threading.Thread(target=self._deliver, args=(job, host), name="webhook", daemon=True).start()
            if len(page) < _PAGE:
                return

    def _enter(self, host: str) -> bool:
        with self._lock:
            if self._by_host[host] >= _PER_HOST or self._by_host.total() >= _AT_A_TIME:
                return False
            self._by_host[host] += 1
            return True

    def _leave(self, host: str) -> None:
        with self._lock:
            self._by_host[host] -= 1
            if not self._by_host[host]:
                del self._by_host[host]

    def _take(self, job: RowMapping, host: str) -> bool:
        """Begin a try; False, and its place free again, where another process has begun it."""
        taken = False
        try:
            taken = self._claims.take_webhook(job, webhooks.next_try_s(job["webhook_tries"]))
        finally:
            if not taken:
                self._leave(host)
        return taken

    def _deliver(self, job: RowMapping, host: str) -> None:
        try:
            result = self._claims.result(job["id"]) if call_of(job) else None
            if webhooks.deliver(job, self._network, result):
                self._claims.webhook_told(job["id"])
        except SQLAlchemyError as error:  # it is delivered again, under the same id
            log.warning("a webhook was delivered, but this cannot be recorded: %s", first_line(error))
        except Exception:
            log.exception("a webhook cannot be delivered")
        finally:
            self._leave(host)
