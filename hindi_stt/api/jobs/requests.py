"""The body of POST /v1/jobs → a job: files of a form, or references and resumable uploads named in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, BinaryIO, Final, cast

import anyio.to_thread
from pydantic import TypeAdapter
from starlette.requests import Request

from hindi_stt.api.forms.transcription_request import JOB_FIELDS, JOB_LISTS, parse_transcription_request
from hindi_stt.api.forms.values import unknown_field
from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.json_messages import parse_json_object
from hindi_stt.api.known_speakers import with_known_speakers
from hindi_stt.api.uploads.receive import FRAMING_BYTES, Upload, bounded, receive_upload
from hindi_stt.audio import RawFormat
from hindi_stt.audio.media_types import raw_format
from hindi_stt.errors import DuplicateReference, HindiSTTError, InvalidRequest, TooManyFiles, within
from hindi_stt.jobs.backend import JobOptions
from hindi_stt.jobs.records import NewFile, NewJob
from hindi_stt.jobs.webhooks import check_webhook

__all__ = ["create_from_form", "create_from_json"]

_WEBHOOK: Final = ("webhook_url", "webhook_secret")
# Of the recordings of known speakers, in base64.
_MAX_VOICES: Final = 6 * 2**20
_SOURCES: Final = ("references", "uploads")
_MAX_REFERENCE: Final = 2048
_MAX_KEY: Final = 128
_options: Final = TypeAdapter(JobOptions)
_raw: Final = TypeAdapter(RawFormat)


async def create_from_form(request: Request, jobs: JobService) -> str:
    """Create a job from the files of a form.

    Args:
        request: The request.
        jobs: The worker's jobs.

    Returns:
        The job's id.

    Raises:
        HindiSTTError: TooManyJobs, and what `receive_upload` and `parse_transcription_request` raise.
    """
    fields, settings = (*JOB_FIELDS, *_WEBHOOK), jobs.settings
    await _check_bounds(request, jobs)
    async with receive_upload(
        request, fields, settings, lists=JOB_LISTS, max_files=min(settings.jobs_max_files, settings.jobs_max_waiting)
    ) as upload:
        files = [NewFile(file.name, raw=_dump(file.raw)) for file in upload.files]
        job = await _job(request, jobs, upload, files)
        return await jobs.create(job, enumerate(cast("BinaryIO", file.source) for file in upload.files))


async def _check_bounds(request: Request, jobs: JobService) -> None:
    """Refuse a form before it is read, if it would be refused afterwards: TooManyJobs, TooMuchStored."""
    owner, key = jobs.owner(request), _request_key(request)
    length = request.headers.get("content-length", "")
    n_bytes = max(0, int(length) - FRAMING_BYTES) if length.isdecimal() else 0
    if await jobs.ask(lambda: jobs.records.made_before(owner, key)) is None:
        await jobs.ask(lambda: jobs.records.check_bounds(owner, 1, n_bytes))


async def create_from_json(request: Request, jobs: JobService) -> str:
    """Create a job from references and resumable uploads.

    Args:
        request: The request.
        jobs: The worker's jobs.

    Returns:
        The job's id.

    Raises:
        InvalidRequest: There is nothing to transcribe, or a field cannot be used.
        TooManyFiles: The job has more files than the bound.
        UploadNotFound: The owner has no such upload.
        UploadIncomplete: An upload is not complete.
        TooManyJobs: Too many files of its owner would wait.
        HindiSTTError: As `parse_transcription_request` raises.
    """
    body = await _json(request, jobs)
    key = _request_key(request)
    if (before := await jobs.ask(lambda: jobs.records.made_before(jobs.owner(request), key))) is not None:
        return before  # its uploads are gone
    given = {name: body.pop(name, []) for name in _SOURCES}
    n = sum(len(names) for names in given.values() if isinstance(names, list))
    if n > jobs.settings.jobs_max_files:
        raise TooManyFiles(f"The job has {n} files; the limit is {jobs.settings.jobs_max_files}.")
    sources = {name: _strings(name, names) for name, names in given.items()}
    if not n:
        raise InvalidRequest(
            "There is nothing to transcribe: name 'references' or 'uploads', or send files in a form.",
            param="references",
        )
    lists: dict[str, list[str]] = {name: _strings(name, body.pop(name)) for name in JOB_LISTS if name in body}
    upload = Upload(request, (), _fields(body), lists, stream=False)
    references = await anyio.to_thread.run_sync(lambda: _referred(jobs, sources["references"]))
    owner, store = jobs.owner(request), jobs.backend.uploads
    with within("uploads"):
        found = [await jobs.ask(partial(store.find, upload_id, owner)) for upload_id in sources["uploads"]]
    uploaded = [NewFile(one.name, raw=_dump(raw_format(one.content_type))) for one in found]
    job = await _job(request, jobs, upload, [*references, *uploaded], tuple(one.id for one in found))

    def audio() -> Iterable[tuple[int, BinaryIO]]:
        for position, one in enumerate(found, len(references)):
            with store.whole(one) as file:
                yield position, file

    job_id = await jobs.create(job, audio())
    for one in found:
        await jobs.ask(partial(store.delete, one.id))
    return job_id


async def _job(
    request: Request, jobs: JobService, upload: Upload, files: list[NewFile], uploads: tuple[str, ...] = ()
) -> NewJob:
    webhook = {name: upload.fields.pop(name, "") for name in _WEBHOOK}
    if any(webhook.values()):
        check_webhook(webhook["webhook_url"], webhook["webhook_secret"])
    parameters = parse_transcription_request(upload, jobs.recognizer)
    own = jobs.recognizer.registry.default.tag
    if parameters.others or parameters.pipeline.bundle.tag != own:
        chosen_by = "model" if "model" in upload.fields else "language"
        raise InvalidRequest(f"Jobs are transcribed by this server's first model, {own}, only.", param=chosen_by)
    if parameters.known_speakers:
        parameters = await with_known_speakers(jobs.recognizer, parameters)
    options = _options.dump_json(JobOptions(parameters.options, parameters.split, parameters.warnings)).decode()
    key = _request_key(request)
    return NewJob(
        jobs.owner(request),
        options,
        files,
        request_key=key,
        uploads=uploads,
        webhook_url=webhook["webhook_url"],
        webhook_secret=webhook["webhook_secret"],
    )


def _request_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= _MAX_KEY:
        raise InvalidRequest(f"Idempotency-Key has 1 to {_MAX_KEY} characters.")
    return key


def _referred(jobs: JobService, references: list[str]) -> list[NewFile]:
    """Check references by their form; an invalid one does not affect the others."""
    first: dict[str, int] = {}
    found = []
    for position, reference in enumerate(references):
        error: HindiSTTError | None = None
        if (before := first.setdefault(reference, position)) != position:
            error = DuplicateReference(f"The reference stands at position {before} before.")
        elif len(reference) > _MAX_REFERENCE:
            error = InvalidRequest(f"The reference has more than {_MAX_REFERENCE} characters.")
        else:
            try:
                jobs.backend.references.check(reference)
            except HindiSTTError as refused:
                error = refused
        shown = reference[:_MAX_REFERENCE]
        found.append(NewFile(shown, shown, error=error))
    return found


async def _json(request: Request, jobs: JobService) -> dict[str, Any]:
    """The body as an object. Raises InvalidRequest, and what `bounded` raises."""
    bound = min(jobs.settings.max_body_bytes, jobs.settings.jobs_max_files * _MAX_REFERENCE + _MAX_VOICES)
    async with bounded(request, bound, jobs.settings) as receive:
        data = await Request(request.scope, receive).body()
    return await anyio.to_thread.run_sync(parse_json_object, data, "The body")


def _strings(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) and _storable(entry) for entry in value):
        raise InvalidRequest(f"The field '{name}' is not a list of texts.", param=name)
    return value


def _fields(body: Mapping[str, Any]) -> dict[str, str]:
    fields = {}
    for name, value in body.items():
        if name not in JOB_FIELDS and name not in _WEBHOOK:
            raise unknown_field(name, [*_SOURCES, *JOB_FIELDS, *_WEBHOOK, *JOB_LISTS])
        if not isinstance(value, str | int | float) or not _storable(str(value)):
            raise InvalidRequest(f"The field '{name}' is not a text.", param=name)
        fields[name] = str(value)
    return fields


def _storable(text: str) -> bool:
    """Whether a database takes it: no zero bytes, no halves of surrogate pairs."""
    return "\0" not in text and text.encode(errors="ignore").decode() == text


def _dump(raw: RawFormat | None) -> str:
    return _raw.dump_json(raw).decode() if raw else ""
