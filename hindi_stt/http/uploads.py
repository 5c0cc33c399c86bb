"""A request body → uploaded recordings and options, bounded in bytes and time while they are received."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from hindi_stt.audio import RawFormat
from hindi_stt.errors import (
    BodyTooLarge,
    ClientClosedRequest,
    EmptyBody,
    InvalidRequest,
    MissingFile,
    TooManyFiles,
    UploadTimeout,
    UrlNotAccepted,
)
from hindi_stt.http.raw_audio import is_audio, raw_format
from hindi_stt.settings import Settings

__all__ = ["Upload", "UploadedFile", "bounded", "receive_upload"]

_FIELD: Final = "file"
# Room for the boundary lines and part headers of a multipart body.
_FRAMING_BYTES: Final = 16 * 1024
_MAX_FIELDS: Final = 64
_IN_MEMORY_BYTES: Final = MultiPartParser.spool_max_size
_URL: Final = re.compile(r"\s*[\"']?[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_URL_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One recording; name: what the client calls it; raw: its format where it has no container."""

    name: str
    file: BinaryIO
    raw: RawFormat | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """The recordings of a request, at least one, and the text fields beside them."""

    files: tuple[UploadedFile, ...]
    fields: dict[str, str]
    lists: dict[str, list[str]]


@contextlib.asynccontextmanager
async def receive_upload(
    request: Request,
    fields: Collection[str],
    settings: Settings,
    *,
    lists: Collection[str] = (),
    max_files: int = 1,
) -> AsyncIterator[Upload]:
    """A request's recordings, which are closed at the end: the parts named "file" of a form, or the whole body.

    The fields beside them come from the form and the query. lists: those that may come several times, with or without
    [] after their names.

    A small file lies in memory, a larger one in an unlinked file. Raises BodyTooLarge (from Content-Length before
    anything is read, else while receiving), UploadTimeout, MissingFile, TooManyFiles, EmptyBody, UrlNotAccepted,
    InvalidRequest, ClientClosedRequest.
    """
    bound = settings.max_body_bytes + _FRAMING_BYTES
    content_type = request.headers.get("content-type", "")
    _check_headers(request, content_type, bound)
    async with contextlib.AsyncExitStack() as stack:
        pairs: list[tuple[str, str | UploadFile]] = [*request.query_params.multi_items()]
        files: list[UploadedFile] = []
        async with bounded(request, bound, settings) as receive:
            if is_audio(content_type):
                files.append(await _receive_raw(receive, content_type, stack))
            else:
                # One more than is allowed, so that it is we who count them.
                form = await Request(request.scope, receive).form(max_files=max_files + 1, max_fields=_MAX_FIELDS)
                stack.push_async_callback(form.close)
                pairs += form.multi_items()
        parts = [] if files else [value for name, value in pairs if name == _FIELD]
        values, several = _the_fields((pair for pair in pairs if files or pair[0] != _FIELD), fields, lists)
        files = files or _the_files(parts, settings, max_files)
        yield Upload(tuple(files), values, several)


def _check_headers(request: Request, content_type: str, bound: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > bound:
        raise BodyTooLarge(f"The request body has {length} bytes, the bound is {bound}.")
    if length == "0":
        raise EmptyBody("The request has no body.")
    media = content_type.partition(";")[0].strip().lower()
    if media != "multipart/form-data" and not is_audio(content_type):
        raise InvalidRequest(
            f"The content type is {media or 'missing'!r}; send multipart/form-data with a file part '{_FIELD}', or a "
            "recording as it is with its own type, audio/wav for instance."
        )


@contextlib.asynccontextmanager
async def bounded(request: Request, bound: int, settings: Settings) -> AsyncIterator[Receive]:
    """The request's `receive`, ended where bytes or time pass their bounds."""
    received = 0
    loop = asyncio.get_running_loop()
    start = loop.time()
    timer = asyncio.timeout(settings.upload_timeout_s)

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > bound:
            raise BodyTooLarge(f"The request body has more than {bound} bytes.")
        timer.reschedule(start + settings.upload_timeout_s + received / settings.min_upload_rate)
        return message

    try:
        async with timer:
            yield receive
    except TimeoutError as error:
        raise UploadTimeout(f"{received} bytes of the request body arrived in {loop.time() - start:.0f} s.") from error
    except ClientDisconnect as error:
        raise ClientClosedRequest("The client hung up while sending.") from error
    except (MultiPartException, HTTPException) as error:
        message = getattr(error, "message", "") or getattr(error, "detail", "")
        if message.startswith("Too many files"):
            raise TooManyFiles("The form has too many files.") from error
        raise InvalidRequest("The multipart body cannot be parsed.") from error
    except (FormParserError, KeyError, UnicodeDecodeError) as error:
        raise InvalidRequest("The multipart body cannot be parsed.") from error


async def _receive_raw(receive: Receive, content_type: str, stack: contextlib.AsyncExitStack) -> UploadedFile:
    raw = raw_format(content_type)
    file = stack.enter_context(cast("BinaryIO", SpooledTemporaryFile(_IN_MEMORY_BYTES)))  # noqa: SIM115
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if file.tell() + len(message.get("body", b"")) > _IN_MEMORY_BYTES:
            await anyio.to_thread.run_sync(file.write, message["body"])
        else:
            file.write(message.get("body", b""))
        if not message.get("more_body"):
            break
    if not file.tell():
        raise EmptyBody("The request has no body.")
    file.seek(0)
    if raw is None and _URL.match(file.read(_URL_BYTES).decode("latin-1")):
        raise UrlNotAccepted("The body is a URL, not a recording.")
    file.seek(0)
    return UploadedFile("", file, raw)


def _the_fields(
    pairs: Iterable[tuple[str, str | UploadFile]], known: Collection[str], lists: Collection[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    fields: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        base = name.removesuffix("[]")
        if name not in known and base not in lists:
            listed = ", ".join([_FIELD, *known, *lists])
            raise InvalidRequest(f"Unknown field: {name[:64]}. Known are {listed}.")
        if not isinstance(value, str):
            raise InvalidRequest(f"The field '{name}' is a file, not text.")
        if base in lists:
            several.setdefault(base, []).append(value)
            continue
        if name in fields:
            raise InvalidRequest(f"There are several fields named '{name}'.")
        fields[name] = value
    return fields, several


def _the_files(parts: list[str | UploadFile], settings: Settings, max_files: int) -> list[UploadedFile]:
    if not parts:
        raise MissingFile(f"The form has no part named '{_FIELD}'.")
    if len(parts) > max_files:
        raise TooManyFiles(f"The form has {len(parts)} parts named '{_FIELD}', the bound is {max_files}.")
    return [_the_file(part, settings.max_body_bytes) for part in parts]


def _the_file(part: str | UploadFile, max_bytes: int) -> UploadedFile:
    if isinstance(part, str):
        if _URL.match(part):
            raise UrlNotAccepted(f"The part '{_FIELD}' is a URL, not an uploaded file.")
        raise MissingFile(f"The part '{_FIELD}' is text, not an uploaded file: it needs a filename.")
    if not part.size:
        raise EmptyBody("The uploaded file is empty.")
    if part.size > max_bytes:
        raise BodyTooLarge(f"The file has {part.size} bytes, the bound is {max_bytes}.")
    return UploadedFile(part.filename or "", part.file, raw_format(part.content_type or ""))
