"""What somebody has to do now and then; every worker does, since any of them may be the last."""

from __future__ import annotations

import logging
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from hindi_stt.jobs import webhooks
from hindi_stt.jobs.backend import Backend
from hindi_stt.jobs.queue import JobQueue
from hindi_stt.settings import Settings

__all__ = ["Caretaker"]

log = logging.getLogger("hindi_stt")

_ROUND_S: Final = 1.0
_TIDY_S: Final = 60.0
_AT_ONCE: Final = 100


class Caretaker:
    """Recovers files of lost workers and lost orders; tells webhooks; deletes what is too old."""

    def __init__(self, backend: Backend, queue: JobQueue, settings: Settings) -> None:
        self._backend = backend
        self._queue = queue
        self._retention_s = settings.jobs_retention_s
        self._tidied_s = float("-inf")

    def run(self) -> None:
        """For ever; whatever does not answer does perhaps the next time."""
        while True:
            try:
                self.round()
            except (SQLAlchemyError, OSError) as error:
                log.warning("the records of jobs cannot be cared for: %s", error)
            time.sleep(_ROUND_S)

    def round(self) -> None:
        """Once."""
        records = self._backend.records
        if n := records.recover():
            log.warning("%d files of jobs go to another worker", n)
        if n := records.n_waiting(_AT_ONCE):
            self._queue.top_up(n)
        for job in records.due_webhooks(_AT_ONCE):
            if records.take_webhook(job, webhooks.next_try_s(job["webhook_tries"])) and webhooks.tell(
                job, self._backend.network
            ):
                records.webhook_told(job["id"])
        if time.monotonic() - self._tidied_s > _TIDY_S:
            self._tidied_s = time.monotonic()
            self._tidy()

    def _tidy(self) -> None:
        records, audio = self._backend.records, self._backend.audio
        for job_id in records.finished_before(time.time() - self._retention_s, _AT_ONCE):
            records.delete(job_id)
        for job_id in records.without_need_of_audio(audio.job_ids()):
            audio.delete(job_id)
        self._backend.uploads.delete_old()
