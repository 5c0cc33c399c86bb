"""Periodic maintenance of jobs. Every worker does it, since any of them may be the last one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.deliveries import Deliveries
from hindi_stt.settings import Settings
from hindi_stt.storage.database import first_line

__all__ = ["Maintenance"]

log = logging.getLogger("hindi_stt")

_ROUND_S: Final = 1.0
_TIDY_S: Final = 60.0
_AT_ONCE: Final = 100


class Maintenance:
    """Requeues files of lost workers, sends webhooks, and deletes what is older than the retention time.

    Args:
        backend: The jobs' database and folders.
        settings: The retention time.
    """

    def __init__(self, backend: Backend, settings: Settings) -> None:
        self._backend = backend
        self._retention_s = settings.jobs_retention_s
        self._tidied_s = float("-inf")
        self._deliveries = Deliveries(backend.claims, backend.network)

    def start(self) -> None:
        """Begin, in threads that end with the process: a webhook that does not answer delays no file."""
        for step in (self.recover, self.deliver_webhooks):
            threading.Thread(target=_repeat, args=(step,), daemon=True).start()

    def recover(self) -> None:
        """Requeue files of lost workers, and delete what is older than the retention time, once."""
        claims = self._backend.claims
        if n := claims.recover():
            log.warning("%d files of jobs go to another worker", n)
        if time.monotonic() - self._tidied_s > _TIDY_S:
            self._tidied_s = time.monotonic()
            self._tidy()

    def deliver_webhooks(self) -> None:
        """Begin with the webhooks that are due, once."""
        self._deliveries.start_due()

    def _tidy(self) -> None:
        records, audio = self._backend.records, self._backend.audio
        for job_id in records.finished_before(time.time() - self._retention_s, _AT_ONCE):
            records.delete(job_id)
        for job_id in records.without_need_of_audio(audio.job_ids()):
            audio.delete(job_id)
        self._backend.uploads.delete_old()


def _repeat(step: Callable[[], None]) -> None:
    """Repeat; a database that does not answer is asked again in the next round."""
    while True:
        try:
            step()
        except (SQLAlchemyError, OSError) as error:
            log.warning("the maintenance of jobs has failed and is tried again: %s", first_line(error))
        time.sleep(_ROUND_S)
