"""Resumable uploads for jobs: tus 1.0.0, its core with the extensions creation and termination."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hindi_stt.api.error_responses import error_response
from hindi_stt.api.jobs.service import JobService
from hindi_stt.api.uploads.receive import bounded
from hindi_stt.concurrency.threads import entered_in_thread, run_to_end
from hindi_stt.errors import BodyTooLarge, HindiSTTError, InvalidRequest, UploadProtocol, UploadType
from hindi_stt.text_values import parse_whole_number

__all__ = ["upload_routes"]

_VERSION: Final = "1.0.0"
_PART: Final = "application/offset+octet-stream"
_WRITE_BYTES: Final = 2**20
_MAX_METADATA: Final = 4096
# Of an offset or a length, in bytes.
_MAX_OFFSET: Final = 10**15 - 1


def upload_routes(jobs: Callable[[], JobService]) -> list[Route]:
    """Make the routes of resumable uploads (tus 1.0.0).

    Args:
        jobs: Returns the worker's jobs; called for each request.

    Returns:
        The routes.
    """

    def speaking(handlers: dict[str, Callable[[Request, JobService], Awaitable[Response]]]) -> Route:
        async def answer(request: Request) -> Response:
            try:
                if request.method != "OPTIONS" and request.headers.get("tus-resumable") != _VERSION:
                    raise UploadProtocol(f"The request has no Tus-Resumable: {_VERSION}.")
                response = await handlers[request.method](request, jobs())
            except HindiSTTError as error:
                response = error_response(request, error)
            response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = _VERSION
            return response

        path = "/v1/uploads" if "POST" in handlers else "/v1/uploads/{upload}"
        return Route(path, answer, methods=list(handlers))

    return [
        speaking({"OPTIONS": _offer, "POST": _begin}),
        speaking({"HEAD": _offset, "PATCH": _append, "DELETE": _delete}),
    ]


async def _offer(_: Request, jobs: JobService) -> Response:
    size = str(jobs.settings.jobs_max_upload_bytes)
    return Response(status_code=204, headers={"Tus-Extension": "creation,termination", "Tus-Max-Size": size})


async def _begin(request: Request, jobs: JobService) -> Response:
    length = _whole_number(request, "Upload-Length")
    if length > jobs.settings.jobs_max_upload_bytes:
        raise BodyTooLarge(f"The upload has {length} bytes; the limit is {jobs.settings.jobs_max_upload_bytes} bytes.")
    facts = _metadata(request.headers.get("upload-metadata", ""))
    name, content_type, owner = facts.get("filename", ""), facts.get("filetype", ""), jobs.owner(request)
    upload_id = await jobs.ask(lambda: jobs.backend.uploads.begin(owner, name, content_type, length))
    return Response(status_code=201, headers={"Location": f"/v1/uploads/{upload_id}"})


async def _offset(request: Request, jobs: JobService) -> Response:
    store, owner = jobs.backend.uploads, jobs.owner(request)
    upload = await jobs.ask(lambda: store.find(request.path_params["upload"], owner))
    offset = await jobs.ask(lambda: store.offset(upload))
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    return Response(headers=headers)


async def _append(request: Request, jobs: JobService) -> Response:
    if request.headers.get("content-type", "") != _PART:
        raise UploadType(f"A part has the content type {_PART}.")
    offset = _whole_number(request, "Upload-Offset")
    store, owner = jobs.backend.uploads, jobs.owner(request)
    upload = await jobs.ask(lambda: store.find(request.path_params["upload"], owner))
    async with (
        entered_in_thread(store.append(upload, offset), jobs.ask) as file,
        bounded(request, max(0, upload.length - offset), jobs.settings) as receive,
    ):
        waiting = bytearray()

        async def write() -> None:
            data = bytes(waiting)
            waiting.clear()  # before the write, which comes to its end even where this task is cancelled in it
            await run_to_end(lambda: file.write(data))

        more = True
        try:
            while more:
                message = await receive()
                more = message.get("more_body", False)
                waiting += message.get("body", b"")
                if len(waiting) >= _WRITE_BYTES:
                    await write()
        finally:  # bytes that have arrived need not be sent again
            await write()
            offset = file.tell()
    return Response(status_code=204, headers={"Upload-Offset": str(offset)})


async def _delete(request: Request, jobs: JobService) -> Response:
    store, owner = jobs.backend.uploads, jobs.owner(request)
    upload = await jobs.ask(lambda: store.find(request.path_params["upload"], owner))
    await jobs.ask(lambda: store.delete(upload.id))
    return Response(status_code=204)


def _whole_number(request: Request, name: str) -> int:
    number = parse_whole_number(request.headers.get(name, ""), range(_MAX_OFFSET + 1))
    if number is None:
        raise InvalidRequest(f"The header {name} is missing, or not a whole number.")
    return number


def _metadata(header: str) -> dict[str, str]:
    """Names and values: pairs with commas between, values in base64."""
    if len(header) > _MAX_METADATA:
        raise InvalidRequest(f"Upload-Metadata has more than {_MAX_METADATA} characters.")
    found = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = pair.partition(" ")
        with contextlib.suppress(binascii.Error, ValueError):
            found[name] = base64.b64decode(value, validate=True).decode().replace("\0", "")
            continue
        raise InvalidRequest("Upload-Metadata has a value that is not text in base64.")
    return found
