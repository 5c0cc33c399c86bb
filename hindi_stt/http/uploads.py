"""A request body → one uploaded file and its options, bounded in bytes and time while they are received."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from hindi_stt.errors import (
    BodyTooLarge,
    ClientClosedRequest,
    EmptyBody,
    InvalidRequest,
    MissingFile,
    UploadTimeout,
    UrlNotAccepted,
)
from hindi_stt.settings import Settings

__all__ = ["Upload", "receive_upload"]

_FIELD: Final = "file"
# Room for the boundary lines and part headers of a multipart body.
_FRAMING_BYTES: Final = 16 * 1024
_MAX_PARTS: Final = 64
_URL: Final = re.compile(r"\s*[\"']?[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """A recording as it was uploaded, and the text fields beside it. The caller closes the file."""

    file: UploadFile
    fields: dict[str, str]
    lists: dict[str, list[str]]


async def receive_upload(
    request: Request, fields: Collection[str], settings: Settings, *, lists: Collection[str] = ()
) -> Upload:
    """The part named "file" of a multipart request, and those of the named fields that it has.

    lists: the fields that may come several times, with or without [] after their names.

    A small file lies in memory, a larger one in an unlinked file. Raises BodyTooLarge (from Content-Length before
    anything is read, else while receiving), UploadTimeout, MissingFile, EmptyBody, UrlNotAccepted, InvalidRequest,
    ClientClosedRequest.
    """
    bound = settings.max_body_bytes + _FRAMING_BYTES
    _check_headers(request, bound)
    form = await _receive_form(request, bound, settings)
    try:
        values, several = _the_fields(form, fields, lists)
        return Upload(_the_file(form, settings.max_body_bytes), values, several)
    except BaseException:
        await form.close()
        raise


def _check_headers(request: Request, bound: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > bound:
        raise BodyTooLarge(f"The request body has {length} bytes, the bound is {bound}.")
    if length == "0":
        raise EmptyBody("The request has no body.")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "multipart/form-data":
        raise InvalidRequest(
            f"The content type is {content_type or 'missing'!r}; send multipart/form-data with a file part '{_FIELD}'."
        )


async def _receive_form(request: Request, bound: int, settings: Settings) -> FormData:
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

    bounded = Request(request.scope, receive)
    try:
        async with timer:
            return await bounded.form(max_files=_MAX_PARTS, max_fields=_MAX_PARTS)
    except TimeoutError as error:
        raise UploadTimeout(f"{received} bytes of the request body arrived in {loop.time() - start:.0f} s.") from error
    except ClientDisconnect as error:
        raise ClientClosedRequest("The client hung up while sending.") from error
    except (MultiPartException, HTTPException, FormParserError, KeyError, UnicodeDecodeError) as error:
        raise InvalidRequest("The multipart body cannot be parsed.") from error


def _the_fields(
    form: FormData, known: Collection[str], lists: Collection[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    fields: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        base = name.removesuffix("[]")
        if name == _FIELD:
            continue
        if name not in known and base not in lists:
            listed = ", ".join([_FIELD, *known, *lists])
            raise InvalidRequest(f"Unknown form field: {name[:64]}. Known are {listed}.")
        if not isinstance(value, str):
            raise InvalidRequest(f"The field '{name}' is a file, not text.")
        if base in lists:
            several.setdefault(base, []).append(value)
            continue
        if name in fields:
            raise InvalidRequest(f"The form has several fields named '{name}'.")
        fields[name] = value
    return fields, several


def _the_file(form: FormData, max_bytes: int) -> UploadFile:
    parts = form.getlist(_FIELD)
    if not parts:
        raise MissingFile(f"The form has no part named '{_FIELD}'.")
    if len(parts) > 1:
        raise InvalidRequest(f"The form has {len(parts)} parts named '{_FIELD}'; send one recording a request.")
    (part,) = parts
    if isinstance(part, str):
        if _URL.match(part):
            raise UrlNotAccepted(f"The part '{_FIELD}' is a URL, not an uploaded file.")
        raise MissingFile(f"The part '{_FIELD}' is text, not an uploaded file: it needs a filename.")
    if not part.size:
        raise EmptyBody("The uploaded file is empty.")
    if part.size > max_bytes:
        raise BodyTooLarge(f"The file has {part.size} bytes, the bound is {max_bytes}.")
    return part
