"""The routes of jobs, /v1/jobs: recordings that are transcribed later, without an open connection."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from hindi_stt.api.error_responses import answering
from hindi_stt.api.jobs.requests import create_from_form, create_from_json
from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.jobs.view import ResultView, parse_view
from hindi_stt.api.warnings_header import WARNINGS_HEADER, warnings_header
from hindi_stt.errors import InvalidRequest, ResultNotReady, from_code
from hindi_stt.jobs.backend import JobOptions
from hindi_stt.jobs.timestamps import utc_text
from hindi_stt.text_values import parse_whole_number

__all__ = ["job_routes"]

_PAGE: Final = 100
_MAX_PAGE: Final = 1000
_MAX_POSITION: Final = 2**31 - 1
_options: Final = TypeAdapter(JobOptions)


def job_routes(jobs: Callable[[], JobService]) -> list[Route]:
    """Make the routes of jobs.

    Args:
        jobs: Returns the worker's jobs; called for each request.

    Returns:
        The routes.
    """

    async def collection(request: Request) -> Response:
        if request.method == "POST":
            return await _create(request, jobs())
        return await _list(request, jobs())

    async def one(request: Request) -> Response:
        if request.method == "DELETE":
            return await _delete(request, jobs())
        return await _show(request, jobs())

    async def cancel(request: Request) -> Response:
        return await _cancel(request, jobs())

    async def results(request: Request) -> Response:
        return await _results(request, jobs())

    async def transcript(request: Request) -> Response:
        return await _transcribed(request, jobs())

    return [
        Route("/v1/jobs", answering(collection), methods=["GET", "POST"]),
        Route("/v1/jobs/{job}", answering(one), methods=["GET", "DELETE"]),
        Route("/v1/jobs/{job}/cancel", answering(cancel), methods=["POST"]),
        Route("/v1/jobs/{job}/results", answering(results)),
        Route("/v1/jobs/{job}/files/{position}", answering(transcript)),
    ]


async def _create(request: Request, jobs: JobService) -> Response:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        job_id = await create_from_json(request, jobs)
    else:
        job_id = await create_from_form(request, jobs)
    body = await _body(jobs, await jobs.ask(lambda: jobs.records.job(job_id, jobs.owner(request))), -1, _PAGE)
    return JSONResponse(body, 202, {"Location": f"/v1/jobs/{job_id}"})


async def _list(request: Request, jobs: JobService) -> Response:
    limit = _number(request, "limit", _PAGE, _MAX_PAGE)
    try:
        before = float(request.query_params.get("before", "inf"))
    except ValueError as error:
        raise InvalidRequest(
            "before is not a time: take 'created' of the last job of a page.", param="before"
        ) from error
    found = await jobs.ask(lambda: jobs.records.of_owner(jobs.owner(request), before=before, limit=limit + 1))
    return JSONResponse({"object": "list", "data": [_facts(job) for job in found[:limit]], "more": len(found) > limit})


async def _show(request: Request, jobs: JobService) -> Response:
    after = _number(request, "after", -1, _MAX_POSITION, least=-1)
    limit = _number(request, "limit", _PAGE, _MAX_PAGE)
    return JSONResponse(await _body(jobs, await _found(request, jobs), after, limit))


async def _cancel(request: Request, jobs: JobService) -> Response:
    job = await _found(request, jobs)
    await jobs.ask(lambda: jobs.records.cancel(job["id"]))
    return JSONResponse(await _body(jobs, await _found(request, jobs), -1, _PAGE))


async def _delete(request: Request, jobs: JobService) -> Response:
    job = await _found(request, jobs)
    await jobs.ask(lambda: jobs.records.delete(job["id"]))
    await jobs.ask(lambda: jobs.backend.audio.delete(job["id"]))
    return Response(status_code=204)


async def _transcribed(request: Request, jobs: JobService) -> Response:
    job, text = await _found(request, jobs), request.path_params["position"]
    found = parse_whole_number(text, range(_MAX_POSITION + 1))
    position = -1 if found is None else found
    view = parse_view(request, jobs.recognizer, job)
    rows = await jobs.ask(lambda: jobs.records.files(job["id"], after=position - 1, limit=1, results=True))
    if not rows or rows[0]["position"] != position:
        raise ResultNotReady(f"The job has {job['n_files']} files; positions begin at 0.")
    if rows[0]["state"] != "done":
        raise ResultNotReady(f"The file is {rows[0]['state']}: {rows[0]['error_message'] or 'there is no transcript.'}")
    result = await jobs.ask(lambda: view.render(rows[0]))
    if isinstance(result, dict):
        return JSONResponse(result)
    text, warnings = result
    return PlainTextResponse(text, headers={WARNINGS_HEADER: warnings_header(warnings)} if warnings else None)


async def _results(request: Request, jobs: JobService) -> Response:
    """Every file, a line of JSON each; those that have not ended have no result yet."""
    job = await _found(request, jobs)
    view = parse_view(request, jobs.recognizer, job)

    async def lines() -> AsyncGenerator[str]:
        page, after = await jobs.ask(partial(_lines, jobs, job["id"], -1, view))
        while page:
            yield page
            page, after = await jobs.ask(partial(_lines, jobs, job["id"], after, view))

    return StreamingResponse(lines(), media_type="application/x-ndjson")


def _lines(jobs: JobService, job_id: str, after: int, view: ResultView) -> tuple[str, int]:
    """The lines of a page behind a position, and where it ends."""
    rows = jobs.records.files(job_id, after=after, limit=_PAGE, results=True)
    return "".join(_line(row, view) for row in rows), rows[-1]["position"] if rows else after


def _line(row: RowMapping, view: ResultView) -> str:
    body = _file(row)
    if row["state"] == "done":
        result = view.render(row)
        if isinstance(result, dict):
            body["result"] = result
        else:
            body["result"], warnings = result
            if warnings:
                body["warnings"] = list(warnings)
    return json.dumps(body, ensure_ascii=False) + "\n"


async def _found(request: Request, jobs: JobService) -> RowMapping:
    return await jobs.ask(lambda: jobs.records.job(request.path_params["job"], jobs.owner(request)))


async def _body(jobs: JobService, job: RowMapping, after: int, limit: int) -> dict[str, Any]:
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
        "created_at": utc_text(job["created"]),
        "finished_at": job["finished"] and utc_text(job["finished"]),
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


def _number(request: Request, name: str, default: int, most: int, *, least: int = 1) -> int:
    number = parse_whole_number(request.query_params.get(name, str(default)), range(least, most + 1))
    if number is None:
        raise InvalidRequest(f"{name} is a whole number from {least} to {most}.", param=name)
    return number
