"""A job worker: one process that transcribes one file at a time, at the lowest CPU priority.

It runs the model itself and not through the server's runner: BentoML's dispatcher has no priorities, the system's
scheduler has. Under SCHED_IDLE, which `hindi-stt jobs work` asks for before all else, its threads run when nothing else
wants to, and stop as soon as something does.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.exc import SQLAlchemyError

from hindi_stt import audio
from hindi_stt.access.ledger import Entry, Ledger
from hindi_stt.audio import RawFormat
from hindi_stt.bentoml_compat.worker_metrics import make_metrics
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import HindiSTTError, InternalError, JobsUnavailable
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.jobs.backend import Backend, JobOptions
from hindi_stt.jobs.claims import Claim
from hindi_stt.jobs.maintenance import Maintenance
from hindi_stt.jobs.wakeups import Wakeups
from hindi_stt.settings import Settings
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.storage.database import first_line
from hindi_stt.transcription import channels
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Transcript

__all__ = ["Worker"]

log = logging.getLogger("hindi_stt")

_options: Final = TypeAdapter(JobOptions)
_raw: Final = TypeAdapter(RawFormat)
_transcript: Final = TypeAdapter(Transcript)
_RENEWALS_PER_LEASE: Final = 4
# Less than the time after which a server kills its workers.
_STOP_S: Final = 3.0
_MAX_RENEWAL_INTERVAL_S: Final = 1.0


class _Lost(Exception):
    """The file is no longer this worker's."""


class Worker:
    """Transcribes the files of jobs, with a model of its own.

    Args:
        settings: The server's.
        bundle: The model.
        speakers: The speaker model; None where there is none.

    Raises:
        HindiSTTError: As `Backend`, `Pipeline`, `LocalAcoustic` and `Ledger` raise.
    """

    def __init__(self, settings: Settings, bundle: Bundle, speakers: SpeakerSource | None = None) -> None:
        self._backend = Backend(settings)
        self._claims = self._backend.claims
        self._wakeups = Wakeups(settings.jobs_queue_url)
        self._maintenance = Maintenance(self._backend, settings)
        self._pipeline = Pipeline(bundle, settings, speakers)
        self._acoustic = LocalAcoustic(bundle, threads=1, max_padding=settings.max_padding)
        self._metrics = make_metrics()
        self._ledger = Ledger(settings.usage_url) if settings.usage_url else None
        self._renewal_interval_s = min(_MAX_RENEWAL_INTERVAL_S, settings.jobs_lease_s / _RENEWALS_PER_LEASE)
        self._current: _CurrentFile | None = None

    def run(self) -> bool:
        """Transcribe files until a signal ends it; call it in the main thread.

        After SIGTERM, the file in progress goes to another worker at once; after SIGINT it is finished first, unless
        another SIGINT comes.

        Returns:
            Whether the work has stopped: False where the model is still at the file that was given back.
        """
        finish, end = threading.Event(), threading.Event()

        def interrupt(*_: object) -> None:
            if finish.is_set():
                end.set()
            finish.set()

        signal.signal(signal.SIGTERM, lambda *_: end.set())
        signal.signal(signal.SIGINT, interrupt)
        threading.Thread(target=self._renew_leases, daemon=True).start()
        self._maintenance.start()
        files = threading.Thread(target=self._work, args=(finish, end), name="files", daemon=True)
        files.start()
        end.wait()
        finish.set()
        self._release()
        files.join(_STOP_S)
        self._release()  # what was claimed while the signal came
        if self._ledger:
            self._ledger.close()
        return not files.is_alive()

    def _release(self) -> None:
        if (current := self._current) is not None:
            current.lost = True  # the work ends at its next report of progress
            self._claims.release(current.claim)

    def _work(self, finish: threading.Event, end: threading.Event) -> None:
        try:
            while not finish.is_set():
                if not self._has_done_one():
                    self._wakeups.wait()
        finally:
            end.set()

    def _has_done_one(self) -> bool:
        try:
            return self.transcribe_next()
        except (SQLAlchemyError, OSError) as error:  # a file in progress is found by its lease
            log.warning("the database of jobs does not answer: %s", first_line(error))
            return False

    def transcribe_next(self) -> bool:
        """Transcribe the next file that waits; whether there was one."""
        claim = self._claims.claim()
        if claim is None:
            return False
        self._current = _CurrentFile(claim)
        start_s = time.monotonic()
        try:
            transcript = self._transcribe(self._current)
        except _Lost:
            log.info("job %s: file %d was taken away", claim.job_id, claim.position)
        except JobsUnavailable as error:  # what the claim's lease is good for: another try, later
            log.error("job %s: file %d has to wait: %s", claim.job_id, claim.position, error.message)  # noqa: TRY400
        except HindiSTTError as error:
            self._fail(claim, error)
        except Exception:  # whatever it is, the file has its answer and the worker goes on
            log.exception("job %s: file %d", claim.job_id, claim.position)
            self._fail(claim, InternalError("An unexpected error has occurred."))
        else:
            self._finish(claim, transcript, time.monotonic() - start_s)
        finally:
            self._current = None
        return True

    def _transcribe(self, current: _CurrentFile) -> Transcript:
        claim, pipeline = current.claim, self._pipeline
        job = _options.validate_json(claim.options)
        raw = _raw.validate_json(claim.raw) if claim.raw else None
        with self._opened(claim) as path:
            current.total_s = audio.stated_duration_s(path, pipeline.limits, raw=raw)
            n = audio.count_channels(path, pipeline.limits, raw=raw) if job.split else 1
            transcripts = [
                pipeline.transcribe(
                    path,
                    self._acoustic,
                    job.options,
                    raw=raw,
                    channel=channel if job.split else None,
                    on_progress=current.progress(channel, n),
                )
                for channel in range(n)
            ]
        return channels.merge(transcripts) if job.split else transcripts[0]

    @contextlib.contextmanager
    def _opened(self, claim: Claim) -> Iterator[Path]:
        if claim.reference:
            with self._backend.references.open(claim.reference) as path:
                yield path
        else:
            with self._backend.audio.open(claim.job_id, claim.position) as path:
                yield path

    def _renew_leases(self) -> None:
        while True:
            time.sleep(self._renewal_interval_s)
            if (current := self._current) is None:
                continue
            try:
                current.lost = not self._claims.renew(current.claim, current.heard_s, current.total_s) or current.lost
            except (SQLAlchemyError, OSError) as error:
                log.warning("the database of jobs does not answer: %s", first_line(error))

    def _finish(self, claim: Claim, transcript: Transcript, elapsed_s: float) -> None:
        result, audio_s = _transcript.dump_json(transcript).decode(), transcript.duration_s
        model = self._pipeline.bundle.tag
        if not self._claims.finish(claim, result, audio_s, model):
            return
        self._metrics.job_files.labels("done").inc()
        self._metrics.job_audio_seconds.inc(audio_s)
        if self._ledger:
            entry = Entry(datetime.now(UTC), claim.owner, f"/v1/jobs/{claim.job_id}", model, 200, audio_s, elapsed_s)
            self._ledger.add(entry)

    def _fail(self, claim: Claim, error: HindiSTTError) -> None:
        if self._claims.fail(claim, error):
            self._metrics.job_files.labels("failed").inc()


class _CurrentFile:
    """The file that a worker is at.

    Attributes:
        claim: The worker's claim on it.
        heard_s: Seconds of it that are transcribed.
        total_s: Its duration in seconds; None if unknown.
        lost: Whether the claim is lost.
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.heard_s = 0.0
        self.total_s: float | None = None
        self.lost = False

    def progress(self, channel: int, n_channels: int) -> Callable[[float], None]:
        """Make a function that takes note of the transcribed seconds of one channel, and raises _Lost."""

        def note(heard_s: float) -> None:
            if self.lost:
                raise _Lost
            self.heard_s = (channel * (self.total_s or heard_s) + heard_s) / n_channels

        return note
