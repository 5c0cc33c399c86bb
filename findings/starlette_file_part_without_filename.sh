#!/usr/bin/env bash
# starlette 1.10.0 with python-multipart 0.0.34 and httpx 0.28.1, Python 3.11 to 3.13.
#
# Behaviour: whether a part of a form is a file is decided by `filename` alone. A part of type audio/wav that has a name and no filename, which
#   the multipart standard allows and n8n sends for recordings without a name, becomes a str: its bytes are decoded as Latin-1 or UTF-8,
#   so that a handler which takes "file or text" sees text, and a recording above 1 MB is refused as too long a field.
# Wrong guess: a part with a media type that is no text is an UploadFile.
# Seen: "with filename: UploadFile", "without: str"; above 1 MB: status 400.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check starlette==1.10.0 python-multipart==0.0.34 httpx==0.28.1
"$work/venv/bin/python" - <<'PY'
import asyncio
import sys
import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def kind(request):
    async with request.form() as form:
        return PlainTextResponse(type(form["file"]).__name__)


app = Starlette(routes=[Route("/", kind, methods=["POST"])])


def body(disposition, n):
    head = f"--x\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: audio/wav\r\n\r\n"
    return head.encode() + bytes(range(128)) * (n // 128) + b"\r\n--x--\r\n"


async def main():
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    found = []
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for name, disposition, n in (
            ("with filename", 'name="file"; filename="a.wav"', 1_280),
            ("without", 'name="file"', 1_280),
            ("without, 2 MB", 'name="file"', 2_000_000),
        ):
            headers = {"content-type": "multipart/form-data; boundary=x"}
            answer = await client.post("/", content=body(disposition, n), headers=headers)
            found.append(answer.text if answer.is_success else answer.status_code)
            print(f"{name}: {found[-1]}")
    return found


sys.exit(asyncio.run(main()) != ["UploadFile", "str", 400])
PY
