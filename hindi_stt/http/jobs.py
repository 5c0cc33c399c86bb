"""POST /v1/jobs and what is below it: recordings that are heard later, and for which nobody holds a connection open."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from functools import partial
from typing import Any, BinaryIO, Final, TypeVar

import anyio.to_thread
from pydantic import TypeAdapter
from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hindi_stt import render
from hindi_stt.audio import RawFormat
from hindi_stt.errors import (
    DuplicateReference,
    HindiSTTError,
    InvalidRequest,
    JobsOff,
    JobsUnavailable,
    ResultNotReady,
    TooManyFiles,
    from_code,
)
from hindi_stt.http.raw_audio import raw_format
from hindi_stt.http.recognition import Recognizer
from hindi_stt.http.requests import answering, state_of
from hindi_stt.http.uploads import Upload, bounded, receive_upload
from hindi_stt.http.wishes import FIELDS, FORMATS, read_wishes
from hindi_stt.jobs.backend import Backend, JobOptions
from hindi_stt.jobs.queue import JobQueue
from hindi_stt.jobs.records import NewFile, NewJob
from hindi_stt.jobs.webhooks import check_webhook
from hindi_stt.types import Transcript

__all__ = ["JOB_FIELDS", "Jobs", "job_routes"]

T = TypeVar("T")

_WEBHOOK: Final = ("webhook_url", "webhook_secret")
JOB_FIELDS: Final = tuple(name for name in FIELDS if name not in {"stream", "response_format"})
_LISTS: Final = ("keywords", "languages")
_SOURCES: Final = ("references", "uploads")
# Whose jobs are whose is known by keys alone.
_EVERYBODY: Final = "everybody"
_MAX_REFERENCE: Final = 2048
_MAX_KEY: Final = 128
_PAGE: Final = 100
_MAX_PAGE: Final = 1000
_MAX_POSITION: Final = 2**31 - 1
_TEXTS: Final[Mapping[str, tuple[Callable[[Transcript], str], str]]] = {
    "text": (lambda transcript: render.to_text(transcript) + "\n", "text/plain"),
    "srt": (render.to_srt, "application/x-subrip"),
    "vtt": (render.to_vtt, "text/vtt"),
}
_options: Final = TypeAdapter(JobOptions)
_raw: Final = TypeAdapter(RawFormat)
_transcript: Final = TypeAdapter(Transcript)


class Jobs:
    """What the requests of one API worker share."""

    def __init__(self, backend: Backend, queue: JobQueue, recognizer: Recognizer) -> None:
        self.backend = backend
        self.records = backend.records
        self.recognizer = recognizer
        self.settings = recognizer.settings
        self._queue = queue

    def owner(self, request: Request) -> str:
        """Whose jobs the request is about."""
        return state_of(request).client.name if self.settings.key_file else _EVERYBODY

    async def ask(self, work: Callable[[], T]) -> T:
        """Database and disk, beside the event loop. Raises JobsUnavailable."""
        try:
            return await anyio.to_thread.run_sync(work)
        except SQLAlchemyError as error:
            raise JobsUnavailable("The database of jobs does not answer.") from error

    async def create(self, job: NewJob, audio: Iterable[tuple[int, BinaryIO]]) -> str:
        """Its id, when nothing can undo it any more. audio: positions and what is to be heard there."""

        def keep() -> str:
            n = 0
            for position, file in audio:
                self.backend.audio.put(job.id, position, file)
                n += 1
            if n:
                self.backend.audio.settle(job.id)
            job_id = self.records.create(job)
            if job_id != job.id:  # the same request has been here before
                self.backend.audio.delete(job.id)
            self._queue.top_up(len(job.files))
            return job_id

        return await self.ask(keep)

    async def close(self) -> None:
        """Let go of the database."""
        await anyio.to_thread.run_sync(self.records.close)


def job_routes(jobs: Callable[[], Jobs | None]) -> list[Route]:
    """jobs: the worker's, asked for at each request; None where the server takes none."""

    def on() -> Jobs:
        if (found := jobs()) is None:
            raise JobsOff("This server takes no jobs.")
        return found

    async def collection(request: Request) -> Response:
        if request.method == "POST":
            return await _create(request, on())
        return await _list(request, on())

    async def one(request: Request) -> Response:
        if request.method == "DELETE":
            return await _delete(request, on())
        return await _show(request, on())

    async def cancel(request: Request) -> Response:
        return await _cancel(request, on())

    async def results(request: Request) -> Response:
        return await _results(request, on())

    async def transcript(request: Request) -> Response:
        return await _transcribed(request, on())

    return [
        Route("/v1/jobs", answering(collection), methods=["GET", "POST"]),
        Route("/v1/jobs/{job}", answering(one), methods=["GET", "DELETE"]),
        Route("/v1/jobs/{job}/cancel", answering(cancel), methods=["POST"]),
        Route("/v1/jobs/{job}/results", answering(results)),
        Route("/v1/jobs/{job}/files/{position}", answering(transcript)),
    ]


async def _create(request: Request, jobs: Jobs) -> Response:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        job_id = await _create_from_json(request, jobs)
    else:
        job_id = await _create_from_form(request, jobs)
    body = await _body(jobs, await jobs.ask(lambda: jobs.records.job(job_id, jobs.owner(request))), -1, _PAGE)
    return JSONResponse(body, 202, {"Location": f"/v1/jobs/{job_id}"})


async def _create_from_form(request: Request, jobs: Jobs) -> str:
    fields, settings = (*JOB_FIELDS, *_WEBHOOK), jobs.settings
    async with receive_upload(
        request, fields, settings, lists=_LISTS, max_files=min(settings.jobs_max_files, settings.jobs_max_waiting)
    ) as upload:
        files = [NewFile(file.name, raw=_dump(file.raw)) for file in upload.files]
        job = _job(request, jobs, upload, files)
        return await jobs.create(job, enumerate(file.file for file in upload.files))


async def _create_from_json(request: Request, jobs: Jobs) -> str:
    body = await _json(request, jobs)
    given = {name: body.pop(name, []) for name in _SOURCES}
    n = sum(len(names) for names in given.values() if isinstance(names, list))
    if n > jobs.settings.jobs_max_files:
        raise TooManyFiles(f"The job has {n} files, the bound is {jobs.settings.jobs_max_files}.")
    sources = {name: _strings(name, names) for name, names in given.items()}
    if not n:
        raise InvalidRequest("There is nothing to hear: name 'references' or 'uploads', or send files in a form.")
    lists: dict[str, list[str]] = {name: _strings(name, body.pop(name)) for name in _LISTS if name in body}
    upload = Upload((), _fields(body), lists)
    references = await anyio.to_thread.run_sync(lambda: _referred(jobs, sources["references"]))
    owner, store = jobs.owner(request), jobs.backend.uploads
    found = [await jobs.ask(partial(store.find, upload_id, owner)) for upload_id in sources["uploads"]]
    uploaded = [NewFile(one.name, raw=_dump(raw_format(one.content_type))) for one in found]
    job = _job(request, jobs, upload, [*references, *uploaded], tuple(one.id for one in found))

    def audio() -> Iterable[tuple[int, BinaryIO]]:
        for position, one in enumerate(found, len(references)):
            with store.whole(one) as file:
                yield position, file

    job_id = await jobs.create(job, audio())
    for one in found:
        await jobs.ask(partial(store.delete, one.id))
    return job_id


def _job(request: Request, jobs: Jobs, upload: Upload, files: list[NewFile], uploads: tuple[str, ...] = ()) -> NewJob:
    webhook = {name: upload.fields.pop(name, "") for name in _WEBHOOK}
    if any(webhook.values()):
        check_webhook(webhook["webhook_url"], webhook["webhook_secret"])
    wishes = read_wishes(upload, jobs.recognizer)
    options = _options.dump_json(JobOptions(wishes.options, wishes.split, wishes.warnings)).decode()
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= _MAX_KEY:
        raise InvalidRequest(f"Idempotency-Key has 1 to {_MAX_KEY} characters.")
    return NewJob(jobs.owner(request), options, files, request_key=key, uploads=uploads, **webhook)


def _referred(jobs: Jobs, references: list[str]) -> list[NewFile]:
    """What is wrong with a reference on its face is known at once, and leaves the others alone."""
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


async def _json(request: Request, jobs: Jobs) -> dict[str, Any]:
    """The body as an object. Raises InvalidRequest, and what `bounded` raises."""
    bound = min(jobs.settings.max_body_bytes, jobs.settings.jobs_max_files * _MAX_REFERENCE)
    async with bounded(request, bound, jobs.settings) as receive:
        data = await Request(request.scope, receive).body()
    try:
        body = await anyio.to_thread.run_sync(lambda: json.loads(data))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise InvalidRequest("The body is not a JSON object.")
    return body


def _strings(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) and _storable(entry) for entry in value):
        raise InvalidRequest(f"The field '{name}' is not a list of texts.")
    return value


def _fields(body: Mapping[str, Any]) -> dict[str, str]:
    fields = {}
    for name, value in body.items():
        if name not in JOB_FIELDS and name not in _WEBHOOK:
            listed = ", ".join([*_SOURCES, *JOB_FIELDS, *_WEBHOOK, *_LISTS])
            raise InvalidRequest(f"Unknown field: {name[:64]!r}. Known are {listed}.")
        if not isinstance(value, str | int | float) or not _storable(str(value)):
            raise InvalidRequest(f"The field '{name}' is not a text.")
        fields[name] = str(value)
    return fields


def _storable(text: str) -> bool:
    """Whether a database takes it: no zero bytes, no halves of surrogate pairs."""
    return "\0" not in text and text.encode(errors="ignore").decode() == text


async def _list(request: Request, jobs: Jobs) -> Response:
    limit = _number(request, "limit", _PAGE, _MAX_PAGE)
    try:
        before = float(request.query_params.get("before", "inf"))
    except ValueError as error:
        raise InvalidRequest("before is not a time: take 'created' of the last job of a page.") from error
    found = await jobs.ask(lambda: jobs.records.of_owner(jobs.owner(request), before=before, limit=limit + 1))
    return JSONResponse({"object": "list", "data": [_facts(job) for job in found[:limit]], "more": len(found) > limit})


async def _show(request: Request, jobs: Jobs) -> Response:
    after = _number(request, "after", -1, _MAX_POSITION, least=-1)
    limit = _number(request, "limit", _PAGE, _MAX_PAGE)
    return JSONResponse(await _body(jobs, await _found(request, jobs), after, limit))


async def _cancel(request: Request, jobs: Jobs) -> Response:
    job = await _found(request, jobs)
    await jobs.ask(lambda: jobs.records.cancel(job["id"]))
    return JSONResponse(await _body(jobs, await _found(request, jobs), -1, _PAGE))


async def _delete(request: Request, jobs: Jobs) -> Response:
    job = await _found(request, jobs)
    await jobs.ask(lambda: jobs.records.delete(job["id"]))
    await jobs.ask(lambda: jobs.backend.audio.delete(job["id"]))
    return Response(status_code=204)


async def _transcribed(request: Request, jobs: Jobs) -> Response:
    job, wanted, text = await _found(request, jobs), _format(request), request.path_params["position"]
    position = int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(_MAX_POSITION)) else -1
    rows = await jobs.ask(lambda: jobs.records.files(job["id"], after=position - 1, limit=1, results=True))
    if not rows or rows[0]["position"] != position:
        raise ResultNotReady(f"The job has {job['n_files']} files, counted from 0.")
    if rows[0]["state"] != "done":
        raise ResultNotReady(f"The file is {rows[0]['state']}: {rows[0]['error_message'] or 'there is no transcript.'}")
    result = await jobs.ask(lambda: _rendered(rows[0], wanted))
    if isinstance(result, str):
        return Response(result, media_type=_TEXTS[wanted][1])
    return JSONResponse(result)


async def _results(request: Request, jobs: Jobs) -> Response:
    """Every file, a line of JSON each; those that have not ended have no result yet."""
    job, wanted = await _found(request, jobs), _format(request)

    async def lines() -> AsyncGenerator[str]:
        page, after = await jobs.ask(partial(_lines, jobs, job["id"], -1, wanted))
        while page:
            yield page
            page, after = await jobs.ask(partial(_lines, jobs, job["id"], after, wanted))

    return StreamingResponse(lines(), media_type="application/x-ndjson")


def _lines(jobs: Jobs, job_id: str, after: int, wanted: str) -> tuple[str, int]:
    """The lines of a page behind a position, and where it ends."""
    rows = jobs.records.files(job_id, after=after, limit=_PAGE, results=True)
    return "".join(_line(row, wanted) for row in rows), rows[-1]["position"] if rows else after


def _line(row: RowMapping, wanted: str) -> str:
    body = _file(row)
    if row["state"] == "done":
        body["result"] = _rendered(row, wanted)
    return json.dumps(body, ensure_ascii=False) + "\n"


def _rendered(row: RowMapping, wanted: str) -> str | dict[str, Any]:
    transcript = _transcript.validate_json(row["result"])
    if wanted in _TEXTS:
        return _TEXTS[wanted][0](transcript)
    body = render.to_json(transcript, row["model"])
    return body | {"segments": render.verbose_segments(transcript)} if wanted == "verbose_json" else body


async def _found(request: Request, jobs: Jobs) -> RowMapping:
    return await jobs.ask(lambda: jobs.records.job(request.path_params["job"], jobs.owner(request)))


async def _body(jobs: Jobs, job: RowMapping, after: int, limit: int) -> dict[str, Any]:
    """A job, its progress, and a page of its files."""
    rows = await jobs.ask(lambda: jobs.records.files(job["id"], after=after, limit=limit))
    heard_s, total_s = await jobs.ask(lambda: jobs.records.heard_s(job["id"]))
    progress = {"heard": round(heard_s, 3), "total": None if total_s is None else round(total_s, 3)}
    warnings = _options.validate_json(job["options"]).warnings
    page = {"results": [_file(row) for row in rows], "next": rows[-1]["position"] if len(rows) == limit else None}
    return {**_facts(job), "audio_s": progress, "warnings": list(warnings), **page}


def _facts(job: RowMapping) -> dict[str, Any]:
    return {
        "id": job["id"],
        "object": "job",
        "state": job["state"],
        "created": job["created"],
        "created_at": _iso(job["created"]),
        "finished_at": job["finished"] and _iso(job["finished"]),
        "files": {
            "total": job["n_files"],
            "done": job["n_done"],
            "failed": job["n_failed"],
            "cancelled": job["n_cancelled"],
        },
    }


def _file(row: RowMapping) -> dict[str, Any]:
    body: dict[str, Any] = {name: row[name] for name in ("position", "state", "heard_s", "total_s")}
    body |= {"file": row["name"], "heard_s": round(row["heard_s"], 3)}
    if code := row["error_code"]:
        body["error"] = {"code": code, "message": row["error_message"], "help": from_code(code, "").help}
    return body


def _format(request: Request) -> str:
    wanted = request.query_params.get("response_format", "json")
    if wanted not in FORMATS:
        raise InvalidRequest(f"response_format={wanted[:64]!r} is not offered; it may be {', '.join(FORMATS)}.")
    return wanted


def _number(request: Request, name: str, default: int, most: int, *, least: int = 1) -> int:
    text = request.query_params.get(name, str(default))
    try:
        number = int(text[:16])
    except ValueError as error:
        raise InvalidRequest(f"{name} is not a number.") from error
    if not least <= number <= most:
        raise InvalidRequest(f"{name} is {least} to {most}.")
    return number


def _dump(raw: RawFormat | None) -> str:
    return _raw.dump_json(raw).decode() if raw else ""


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
