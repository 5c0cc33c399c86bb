#!/usr/bin/env bash
# bentoml 1.4.40 (starlette 1.10.0, uvicorn 0.54.0), httpx 0.28.1, Python 3.11.
#
# Behaviour: when a streaming API raises after its first item, BentoML logs the error and ends the chunked body in the regular way.
#   The client sees status 200 and a complete answer: nothing tells a short transcript from a whole one. Starlette's own
#   StreamingResponse lets the error reach the server, which closes the connection, so that every HTTP client raises. In a
#   synchronous generator an error that comes from StopIteration (next() of an empty iterator, which Python turns into
#   "RuntimeError: generator raised StopIteration" since PEP 479) is taken for the end and is not even logged.
# Wrong guess: an error in the middle of a stream breaks the connection, as with Starlette, on which BentoML is built; and each
#   error is in the log.
# Seen: "BentoML, OSError: 200 one, logged 1", "BentoML, next() of nothing: 200 one, logged 0",
#   "Starlette, OSError: RemoteProtocolError".
# So an API that streams should send a last item that marks the end, and clients should look for it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check bentoml==1.4.40 starlette==1.10.0 uvicorn==0.54.0 httpx==0.28.1
export BENTOML_HOME="$work/bentoml" BENTOML_DO_NOT_TRACK=True
cat > "$work/run.py" <<'PY'
import logging
import socket
import sys
import threading
import time
from collections.abc import AsyncGenerator, Generator

import bentoml
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route


@bentoml.service(metrics={"enabled": False})
class Streams:
    @bentoml.api
    async def whole(self) -> AsyncGenerator[str, None]:
        yield "one"

    @bentoml.api
    async def fails(self) -> AsyncGenerator[str, None]:
        yield "one"
        raise OSError("the model is gone")

    @bentoml.api
    def empty(self) -> Generator[str, None, None]:
        yield "one"
        yield next(iter([]))
        yield "three"


async def starlette_fails(_):
    async def stream():
        yield "one"
        raise OSError("the model is gone")

    return StreamingResponse(stream())


class Count(logging.Handler):
    seen = 0

    def emit(self, record):
        self.seen += 1


def serve(app):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


errors = Count(level=logging.ERROR)
logger = logging.getLogger("bentoml.serve")
logger.handlers, logger.propagate = [errors], False
bento = serve(Streams.to_asgi())
plain = serve(Starlette(routes=[Route("/fails", starlette_fails, methods=["POST"])]))
found = []
for name, url in (
    ("BentoML, no error", f"{bento}/whole"),
    ("BentoML, OSError", f"{bento}/fails"),
    ("BentoML, next() of nothing", f"{bento}/empty"),
    ("Starlette, OSError", f"{plain}/fails"),
):
    errors.seen = 0
    try:
        answer = httpx.post(url, json={})
        seen = f"{answer.status_code} {answer.text}, logged {errors.seen}"
    except httpx.HTTPError as error:
        seen = type(error).__name__
    print(f"{name}: {seen}", flush=True)
    found.append(seen)
expected = ["200 one, logged 0", "200 one, logged 1", "200 one, logged 0", "RemoteProtocolError"]
sys.exit(found != expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
