"""Request bodies in parts, as a server's event loop delivers them: files, fields, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from hindi_stt.api.uploads.receive import FRAMING_BYTES, receive_upload
from hindi_stt.errors import ClientClosedRequest, HindiSTTError, UploadTimeout
from hindi_stt.settings import Settings
from tests.conftest import DATA
from tests.support.api_requests import make_request

MODULES_UNDER_TEST = ("hindi_stt/api/uploads/streaming_upload.py",)

RAIN = (DATA / "rain.flac").read_bytes()
BOUNDARY = "x-boundary"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
WAV = {"content-type": "audio/wav"}
BOUND = 200_000


def part(name: str, content: bytes | str, filename: str | None = None, content_type: str = "") -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n"
    head += f"Content-Type: {content_type}\r\n" if content_type else ""
    return head.encode() + b"\r\n" + (content.encode() if isinstance(content, str) else content) + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Received:
    """What came of a request, read while its files were open."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self.names: list[str] = []
        self.raw: list[Any] = []
        self.fields: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.stream = False


async def receive(request: Request, max_files: int = 1, **settings: float) -> Received:
    received = Received()
    chosen = Settings.model_validate({"model": "", "max_body_bytes": BOUND} | settings)
    async with receive_upload(
        request, ["language", "stream"], chosen, lists=["hotwords"], max_files=max_files
    ) as upload:
        if upload.arriving is not None:
            await upload.arriving.ended()
        for file in upload.files:
            file.source.seek(0)  # type: ignore[union-attr]
            received.contents.append(file.source.read())  # type: ignore[union-attr]
            received.names.append(file.name)
            received.raw.append(file.raw)
        received.fields, received.lists, received.stream = upload.fields, upload.lists, upload.stream
    assert all(file.source.closed for file in upload.files)  # type: ignore[union-attr]
    return received


def of(content: bytes, headers: Mapping[str, str] = FORM, query: str = "", parts: int = 5, **bounds: float) -> Received:
    request = make_request("POST", "/transcribe", content, dict(headers), parts)
    request.scope["query_string"] = query.encode()
    return asyncio.run(receive(request, **bounds))  # type: ignore[arg-type]


@pytest.mark.parametrize("parts", [1, 7, 1_000])
def test_a_form_with_a_file_and_fields(parts: int) -> None:
    content = body(
        part("language", "hi"), part("file", RAIN, "बारिश.flac"), part("hotwords", "एक"), part("hotwords[]", "दो")
    )
    received = of(content, query="stream=true", parts=parts)
    assert (received.contents, received.names) == ([RAIN], ["बारिश.flac"])
    assert received.fields == {"language": "hi", "stream": "true"}
    assert received.lists == {"hotwords": ["एक", "दो"]}
    assert received.stream


def test_several_files_keep_their_order() -> None:
    content = body(*(part("file", RAIN[: 1_000 * (n + 1)], f"{n}.flac") for n in range(3)))
    received = of(content, max_files=3)
    assert received.names == ["0.flac", "1.flac", "2.flac"]
    assert received.contents == [RAIN[: 1_000 * (n + 1)] for n in range(3)]


@pytest.mark.parametrize("query", ["", "stream=true&language=hi"])
@pytest.mark.parametrize("parts", [1, 50])
def test_a_recording_as_the_body(parts: int, query: str) -> None:
    received = of(RAIN, {"content-type": "audio/flac"}, query, parts)
    assert received.contents == [RAIN]
    assert received.stream is bool(query)


def test_samples_without_a_header() -> None:
    received = of(bytes(3_200), {"content-type": "audio/pcm;rate=8000;encoding=signed-int;bits=16"})
    (raw,) = received.raw
    assert raw.rate == 8_000
    assert received.contents == [bytes(3_200)]


def test_a_field_that_was_not_filled_in_was_not_sent() -> None:
    assert of(body(part("file", RAIN, "a"), part("language", "  "))).fields == {}


URL = "https://example.com/a.wav"
LARGE = bytes(BOUND + FRAMING_BYTES + 1)
CASES: dict[str, tuple[bytes, dict[str, str], str, str]] = {
    "no file": (body(part("language", "hi")), FORM, "", "missing_file"),
    "a file as text": (body(part("file", "RIFF")), FORM, "", "missing_file"),
    "a URL as the file": (body(part("file", URL)), FORM, "", "url_not_accepted"),
    "an empty file": (body(part("file", b"", "a.wav")), FORM, "", "empty_audio"),
    "two files": (body(part("file", RAIN, "a"), part("file", RAIN, "b")), FORM, "", "too_many_files"),
    "many files": (body(*(part("file", b"x", "a") for _ in range(4))), FORM, "", "too_many_files"),
    "many fields": (body(*(part("language", "x") for _ in range(65))), FORM, "", "invalid_request"),
    "an unknown field": (body(part("file", RAIN, "a"), part("langauge", "hi")), FORM, "", "invalid_request"),
    "a field twice": (body(part("file", RAIN, "a"), part("language", "hi")), FORM, "language=hi", "invalid_request"),
    "a field as a file": (body(part("file", RAIN, "a"), part("language", b"hi", "b")), FORM, "", "invalid_request"),
    "a text that is too long": (body(part("language", "x" * 2**21)), FORM, "", "invalid_request"),
    "no boundary": (body(part("file", RAIN, "a")), {"content-type": "multipart/form-data"}, "", "invalid_request"),
    "no form": (b"what is this", FORM, "", "invalid_request"),
    "another type": (b"{}", {"content-type": "application/json"}, "", "invalid_request"),
    "a URL-encoded form": (b"file=x", {"content-type": "application/x-www-form-urlencoded"}, "", "invalid_request"),
    "a URL as the body": (URL.encode(), WAV, "", "url_not_accepted"),
    "nothing": (b"", WAV, "", "empty_audio"),
    "length 0": (b"", WAV | {"content-length": "0"}, "", "empty_audio"),
    "too large by its length": (
        b"x",
        {"content-type": "audio/wav", "content-length": "999999999"},
        "",
        "body_too_large",
    ),
    "too large": (LARGE, WAV, "", "body_too_large"),
    "too large, streamed": (LARGE, WAV, "stream=true", "body_too_large"),
    "a form that is too large": (body(part("file", LARGE, "a")), FORM, "", "body_too_large"),
    "a file that is too large": (body(part("file", bytes(BOUND + 1), "a")), FORM, "", "body_too_large"),
    "stream=perhaps": (RAIN, {"content-type": "audio/flac"}, "stream=perhaps", "invalid_request"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused(name: str) -> None:
    content, headers, query, code = CASES[name]
    bounds = {"max_body_bytes": 2**23} if name == "a text that is too long" else {}
    with pytest.raises(HindiSTTError) as refused:
        of(content, headers, query, **bounds)
    assert refused.value.code == code


def endless(messages: list[Message]) -> Request:
    """A client that sends these messages, and then nothing more."""

    async def receive_() -> Message:
        await asyncio.sleep(0)
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    headers = [(b"content-type", b"audio/wav")]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}, receive_)


def test_a_client_that_sends_too_slowly() -> None:
    request = endless([{"type": "http.request", "body": b"RIFF", "more_body": True}])
    with pytest.raises(UploadTimeout, match="4 bytes"):
        asyncio.run(receive(request, upload_timeout_s=0.1))


def test_a_client_that_disconnects_while_it_sends() -> None:
    messages = [{"type": "http.request", "body": b"RIFF", "more_body": True}, {"type": "http.disconnect"}]
    with pytest.raises(ClientClosedRequest):
        asyncio.run(receive(endless(messages)))
