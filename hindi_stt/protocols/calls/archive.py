"""Ended calls as jobs that are done: fetched by the API of jobs, and told to a webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from pydantic import TypeAdapter

from hindi_stt.api.jobs.service import JobService
from hindi_stt.errors import HindiSTTError
from hindi_stt.jobs.backend import CallFacts, JobOptions
from hindi_stt.jobs.records import NewFile, NewJob
from hindi_stt.observability.request_context import log
from hindi_stt.protocols.calls.recorder import EndedCall
from hindi_stt.settings import Settings
from hindi_stt.types import Transcript

__all__ = ["CallArchive"]

_options: Final = TypeAdapter(JobOptions)
_transcript: Final = TypeAdapter(Transcript)
# Seconds until a database that does not answer is tried again.
_PAUSES_S: Final = (0.5, 2.0, 5.0)


class CallArchive:
    """Stores calls.

    Args:
        jobs: Returns the worker's jobs; it raises JobsUnavailable while their database does not answer.
        settings: The server's.
    """

    def __init__(self, jobs: Callable[[], JobService], settings: Settings) -> None:
        self._jobs = jobs
        self._settings = settings

    async def store(self, owner: str, call: EndedCall) -> str | None:
        """Store a call as a job that is done.

        Args:
            owner: Whose it is.
            call: The call.

        Returns:
            The job's id; None where the database does not answer, which the log says.
        """
        model = call.options.model_request
        facts = CallFacts(call.id, call.protocol, call.tracks, call.started, call.facts)
        options = JobOptions(model.options, split=True, warnings=call.options.warnings, call=facts)
        job = NewJob(
            owner,
            _options.dump_json(options).decode(),
            [NewFile(f"call {call.id}")],
            webhook_url=self._settings.calls_webhook_url,
            webhook_secret=self._settings.calls_webhook_secret,
        )
        result = _transcript.dump_json(call.transcript).decode()
        tag = model.pipeline.bundle.tag
        for pause_s in (*_PAUSES_S, None):
            try:
                jobs = self._jobs()
                create = partial(jobs.records.create_done, job, result, call.transcript.duration_s, tag)
                return await jobs.ask(create)
            except HindiSTTError as error:
                if pause_s is None:
                    log.error("the transcript of a call cannot be stored: %s", error.message)
                    return None
                await asyncio.sleep(pause_s)
        return None
