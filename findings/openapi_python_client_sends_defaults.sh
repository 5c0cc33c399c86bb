#!/usr/bin/env bash
# openapi-python-client 0.29.1, httpx 0.28.1, Python 3.11.
#
# Behaviour: the clients that openapi-python-client makes send the declared default of each parameter that the caller left out: in the
#   query, in headers and as parts of the multipart form. UNSET is the default of parameters without a declared default only.
#   So the server cannot tell "not said" from "said", the caller's values are fixed at the day when the client was generated (a new
#   default of the server has no effect), and a server that checks which options go together refuses calls that set none of them.
# Wrong guess: an optional parameter that is not given is not sent, since OpenAPI's `default` says what the server assumes in its absence.
# Seen: "/transcribe?page=1", "X-Mode: fast", "parts: file, temperature=0.0, model=general"; without defaults "parts: file".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check openapi-python-client==0.29.1 httpx==0.28.1
export PATH="$work/venv/bin:$PATH"
cd "$work"
cat > run.py <<'PY'
import importlib
import io
import json
import re
import subprocess
import sys

import httpx


def document(with_defaults):
    def declared(kind, value):
        return {"type": kind, "default": value} if with_defaults else {"type": kind}

    form = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "temperature": declared("number", 0.0),
            "model": declared("string", "general"),
        },
    }
    operation = {
        "operationId": "transcribe",
        "parameters": [
            {"name": "page", "in": "query", "schema": declared("integer", 1)},
            {"name": "X-Mode", "in": "header", "schema": declared("string", "fast")},
        ],
        "requestBody": {"content": {"multipart/form-data": {"schema": form}}},
        "responses": {"204": {"description": "done"}},
    }
    info = {"title": "Speech", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": {"/transcribe": {"post": operation}}}


def request_of(package, with_defaults):
    with open(f"{package}.json", "w") as file:
        json.dump(document(with_defaults), file)
    command = ["openapi-python-client", "generate", "--path", f"{package}.json", "--meta", "none", "--output-path", package]
    subprocess.run(command, check=True, capture_output=True)
    client, types, models, call = (
        importlib.import_module(f"{package}.{name}") for name in ("client", "types", "models", "api.default.transcribe")
    )
    seen = []

    def answer(request):
        seen.append((request.url.raw_path.decode(), request.headers.get("x-mode"), request.read().decode()))
        return httpx.Response(204)

    transport = httpx.MockTransport(answer)
    caller = client.Client(base_url="http://test", httpx_args={"transport": transport})
    recording = types.File(payload=io.BytesIO(b"RIFF"), file_name="a.wav")
    call.sync_detailed(client=caller, body=models.TranscribeBody(file=recording))
    path, mode, body = seen[0]
    return path, mode, re.findall(r'name="(\w+)"', body)


found = []
for package, with_defaults in (("declared", True), ("undeclared", False)):
    path, mode, parts = request_of(package, with_defaults)
    print(f"{package} defaults: {path}, X-Mode: {mode}, parts: {', '.join(parts)}")
    found.append((path, mode, parts))
expected = [("/transcribe?page=1", "fast", ["file", "temperature", "model"]), ("/transcribe", None, ["file"])]
sys.exit(found != expected)
PY
python run.py
