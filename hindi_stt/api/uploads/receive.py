"""A request body → uploaded recordings and options, bounded in bytes and time while they are received."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from hindi_stt.api.forms.values import boolean, unknown_field
from hindi_stt.api.uploads.streaming_upload import Arriving, ArrivingFile, promised_by_riff
from hindi_stt.audio import Recording
from hindi_stt.audio.media_types import is_audio, is_url_encoded_form, raw_format
from hindi_stt.errors import (
    BodyTooLarge,
    ClientClosedRequest,
    EmptyBody,
    HindiSTTError,
    InvalidRequest,
    MissingFile,
    TooManyFiles,
    UploadTimeout,
    UrlNotAccepted,
    needing_room,
)
from hindi_stt.settings import Settings

__all__ = ["FRAMING_BYTES", "Upload", "bounded", "receive_upload"]

_FIELD: Final = "file"
# Room for the boundary lines and part headers of a multipart body.
FRAMING_BYTES: Final = 16 * 1024
_MAX_FIELDS: Final = 64
_IN_MEMORY_BYTES: Final = MultiPartParser.spool_max_size
_WHAT_TO_SEND: Final = (
    f"multipart/form-data with a file part '{_FIELD}', or a recording as it is with its own type, audio/wav for "
    "instance"
)
_HEAD_BYTES: Final = 16
_URL: Final = re.compile(r"\s*[\"']?[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_RIFF: Final = b"RIFF"
_READ_FORWARD: Final = (_RIFF, b"fLaC")


@dataclass(frozen=True, slots=True)
class Upload:
    """The recordings of a request, at least one, and its text fields.

    Attributes:
        request: The one to watch for a client that goes, whose body may still be arriving.
        files: The recordings; each is a file.
        arriving: What brings the only recording, where it may not be whole yet.
        fields: Values by name.
        lists: Values of the fields that may come several times.
        stream: Whether the answer is to come by events.
    """

    request: Request
    files: tuple[Recording, ...]
    fields: dict[str, str]
    lists: dict[str, list[str]]
    stream: bool
    arriving: Arriving | None = None


@contextlib.asynccontextmanager
async def receive_upload(
    request: Request,
    fields: Collection[str],
    settings: Settings,
    *,
    lists: Collection[str] = (),
    max_files: int = 1,
) -> AsyncIterator[Upload]:
    """Receive a request's recordings: the parts named "file" of a form, or the whole body. They are closed at the end.

    A small file is kept in memory, a larger one in an unlinked file. With stream=true in the query, a body without a
    form is returned as soon as it begins to arrive; a later error is then in `arriving.error`.

    Args:
        request: The request.
        fields: Names of the other fields, which come from the form and the query.
        settings: Bounds on the body.
        lists: Fields that may be repeated, with or without [] after their names.
        max_files: Largest number of recordings.

    Yields:
        The upload.

    Raises:
        BodyTooLarge: The body is too long, by Content-Length before anything is read, else while receiving.
        UploadTimeout: The body arrives too slowly.
        MissingFile: There is no recording.
        TooManyFiles: There are too many recordings.
        EmptyBody: A recording has no bytes.
        UrlNotAccepted: The file field holds text.
        InvalidRequest: A field is unknown, or the form cannot be parsed.
        ClientClosedRequest: The client disconnected.
    """
    bound = settings.max_body_bytes + FRAMING_BYTES
    content_type = request.headers.get("content-type", "")
    _check_headers(request, content_type, bound)
    async with contextlib.AsyncExitStack() as stack:
        pairs: list[tuple[str, str | UploadFile]] = [*request.query_params.multi_items()]
        parts: list[str | UploadFile] = []
        files: list[Recording] = []
        arriving = None
        if _is_form(content_type):
            async with bounded(request, bound, settings) as receive:
                # One more than is allowed, so that it is we who count them.
                form = await Request(request.scope, receive).form(max_files=max_files + 1, max_fields=_MAX_FIELDS)
                stack.push_async_callback(form.close)
                pairs += form.multi_items()
            parts = [value for name, value in pairs if name == _FIELD]
            pairs = [(name, value) for name, value in pairs if name != _FIELD]
        else:
            file, arriving = await _receive_raw(request, content_type, stack, bound, settings)
            files = [file]
        values, several = _the_fields(pairs, fields, lists)
        files = files or _the_files(parts, settings, max_files)
        if arriving is not None:
            request = Request(request.scope, arriving.receive_after(request.receive))
        stream = "stream" in values and boolean(values, "stream")
        yield Upload(request, tuple(files), values, several, stream, arriving)


def _is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def _check_headers(request: Request, content_type: str, bound: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > bound:
        raise BodyTooLarge(f"The request body has {length} bytes; the limit is {bound} bytes.")
    if length == "0":
        raise EmptyBody("The request has no body.")
    if not _is_form(content_type) and not is_audio(content_type):
        media = content_type.partition(";")[0].strip().lower()
        raise InvalidRequest(f"The content type is {media!r}; send {_WHAT_TO_SEND}.")


@contextlib.asynccontextmanager
async def bounded(request: Request, bound: int, settings: Settings) -> AsyncIterator[Receive]:
    """Bound the bytes and the time of a request's body, and translate errors while it is received.

    Args:
        request: The request.
        bound: Largest number of bytes.
        settings: Bounds on the time.

    Yields:
        A replacement for the request's `receive`.

    Raises:
        BodyTooLarge: The body is too long.
        UploadTimeout: The body arrives too slowly.
        ClientClosedRequest: The client disconnected.
        InvalidRequest: The form cannot be parsed.
        StorageFull: The disk is full.
    """  # noqa: DOC501  # _form_error is a function
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
        with needing_room("this upload"):
            async with timer:
                yield receive
    except TimeoutError as error:
        raise UploadTimeout(f"{received} bytes of the request body arrived in {loop.time() - start:.0f} s.") from error
    except ClientDisconnect as error:
        raise ClientClosedRequest("The client disconnected while it was sending.") from error
    except (MultiPartException, HTTPException) as error:
        raise _form_error(getattr(error, "message", "") or getattr(error, "detail", "")) from error
    except (FormParserError, KeyError, UnicodeDecodeError) as error:
        raise InvalidRequest("The multipart body cannot be parsed.") from error


def _form_error(message: str) -> HindiSTTError:
    """The error for what Starlette's parser of forms says."""
    if message.startswith("Too many files"):
        return TooManyFiles("The form has too many files.", param=_FIELD)
    if message.startswith("Missing boundary"):
        return InvalidRequest(
            "The content type multipart/form-data has no boundary: leave this header to the HTTP library."
        )
    if message.startswith("Part exceeded"):
        bound = MultiPartParser.max_part_size // 1024
        return InvalidRequest(
            f"A text field of the form has more than {bound} KB; a recording is a file part, which has a filename."
        )
    if message.startswith("Too many fields"):
        return InvalidRequest(f"The form has more than {_MAX_FIELDS} text fields.")
    return InvalidRequest("The multipart body cannot be parsed.")


async def _receive_raw(
    request: Request, content_type: str, stack: contextlib.AsyncExitStack, bound: int, settings: Settings
) -> tuple[Recording, Arriving | None]:
    """The body as a recording, and what brings it where it is to be transcribed while it arrives."""

    async def receive_all(append: Callable[[bytes], Awaitable[None]]) -> None:
        async with bounded(request, bound, settings) as receive:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                await append(message.get("body", b""))
                more = message.get("more_body", False)

    file = ArrivingFile(bound, _IN_MEMORY_BYTES)
    arriving = Arriving(file, receive_all)
    stack.push_async_callback(arriving.close)
    head = await arriving.begun()
    if not head:
        raise EmptyBody("The request has no body.")
    if is_url_encoded_form(content_type, head):
        raise InvalidRequest(f"The body is a URL-encoded form; send {_WHAT_TO_SEND}.")
    raw = raw_format(content_type, head)
    if raw is None and _URL.match(head.decode("latin-1")):
        raise UrlNotAccepted("The body is a URL, not a recording.")
    streams = "stream" in request.query_params and boolean(request.query_params, "stream")
    if not streams:
        await arriving.ended()
    file.forward = raw is not None or head.startswith(_READ_FORWARD)
    if head.startswith(_RIFF):
        file.promised = min(bound, promised_by_riff(head))
    recording = Recording(cast("BinaryIO", file), raw, growing=file if streams else None)
    return recording, arriving if streams else None


def _the_fields(
    pairs: Iterable[tuple[str, str | UploadFile]], known: Collection[str], lists: Collection[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    fields: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        base = name.removesuffix("[]")
        if name not in known and base not in lists:
            raise unknown_field(name, [_FIELD, *known, *lists])
        if not isinstance(value, str):
            raise InvalidRequest(f"The field '{name}' is a file, not text.", param=name[:64])
        if not value.strip():  # a form's field that was not filled in
            continue
        if base in lists:
            several.setdefault(base, []).append(value)
            continue
        if name in fields:
            raise InvalidRequest(f"There are several fields named '{name}'.", param=name)
        fields[name] = value
    return fields, several


def _the_files(parts: list[str | UploadFile], settings: Settings, max_files: int) -> list[Recording]:
    if not parts:
        raise MissingFile(f"The form has no part named '{_FIELD}'.")
    if len(parts) > max_files:
        several = " POST /transcribe takes several." if max_files == 1 else ""
        raise TooManyFiles(
            f"The form has {len(parts)} parts named '{_FIELD}'; the limit is {max_files}.{several}", param=_FIELD
        )
    return [_the_file(part, settings.max_body_bytes) for part in parts]


def _the_file(part: str | UploadFile, max_bytes: int) -> Recording:
    if isinstance(part, str):
        if _URL.match(part):
            raise UrlNotAccepted(f"The part '{_FIELD}' is a URL, not an uploaded file.")
        raise MissingFile(f"The part '{_FIELD}' is text, not an uploaded file: it needs a filename.")
    if not part.size:
        raise EmptyBody("The uploaded file is empty.")
    if part.size > max_bytes:
        raise BodyTooLarge(f"The file has {part.size} bytes; the limit is {max_bytes} bytes.")
    head = part.file.read(_HEAD_BYTES)
    part.file.seek(0)
    return Recording(part.file, raw_format(part.content_type or "", head), name=part.filename or "")
