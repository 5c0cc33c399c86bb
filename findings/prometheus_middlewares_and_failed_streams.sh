#!/usr/bin/env bash
# starlette-exporter 0.24.0, prometheus-fastapi-instrumentator 8.1.0, Starlette 1.10.0, httpx 0.28.1, prometheus-client 0.26.0, Python 3.11.
#
# Behaviour: a streamed answer that sends a piece, works for 0.5 s and fails, is counted by starlette-exporter with status 500, which no client
#   saw, and less than 0.1 s, the time of the last piece; by prometheus-fastapi-instrumentator with 2xx and 0.5 s, as each one that
#   is complete. An answer that is complete in some milliseconds, with a BackgroundTask of 0.5 s, is counted by the instrumentator with 0.5 s,
#   by the exporter with the milliseconds. Both add 0 bytes for streamed answers and for uploads in chunks (the docstring of one says so).
# Wrong guess: both time a request from its beginning to its end for the client, and count a stream that broke off as an error, or as 200, alike.
# Seen: starlette-exporter "/fails: the client gets (200, 1000); counted are 500, 0.0003 s, 0 bytes", prometheus-fastapi-instrumentator
#   "/fails: ... counted are 2xx, 0.5031 s, 0 bytes", "/background: the client gets (200, 2000); counted are 2xx, 0.5006 s, 2000 bytes".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check starlette-exporter==0.24.0 \
  prometheus-fastapi-instrumentator==8.1.0 starlette==1.10.0 httpx==0.28.1 prometheus-client==0.26.0
cat > run.py <<'PY'
import asyncio

import httpx
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette_exporter import PrometheusMiddleware
from starlette_exporter.optional_metrics import request_body_size, response_body_size

WORK = 0.5


async def transcript(fails):
    yield b"x" * 1000
    await asyncio.sleep(WORK)
    if fails:
        raise RuntimeError("the model failed")
    yield b"x" * 1000


async def complete(request):
    return StreamingResponse(transcript(False))


async def fails(request):
    return StreamingResponse(transcript(True))


async def background(request):
    return PlainTextResponse("x" * 2000, background=BackgroundTask(asyncio.sleep, WORK))


async def upload(request):
    return PlainTextResponse(str(len(await request.body())))


ROUTES = [Route("/complete", complete), Route("/fails", fails), Route("/background", background), Route("/upload", upload, methods=["POST"])]


async def chunks():
    for _ in range(3):
        yield b"x" * 1000


async def ask(app):
    """The status and the number of bytes that the client gets, by path."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        answers = {path: await client.get(path) for path in ("/complete", "/fails", "/background")}
        answers["/upload"] = await client.post("/upload", content=chunks())
    return {path: (answer.status_code, len(answer.content)) for path, answer in answers.items()}


def values(registry, name, path_label):
    """Each sample of the metric by path: its value and its labels."""
    samples = [sample for family in registry.collect() for sample in family.samples if sample.name == name]
    return {sample.labels[path_label]: (sample.value, sample.labels) for sample in samples}


def report(name, client, registry, names, path_label, status_label):
    """By path what the client got, and the status and duration that are counted; True where a duration has the time of the work in it."""
    count, duration, sent, received = (values(registry, metric, path_label) for metric in names)
    print(f"{name}:")
    found = {}
    for path in ("/complete", "/fails", "/background"):
        seconds = duration[path][0]
        found[path] = (count[path][1][status_label], seconds > 0.9 * WORK, sent[path][0])
        print(f"  {path}: the client gets {client[path]}; counted are {found[path][0]}, {seconds:.4f} s, {sent[path][0]:.0f} bytes")
    print(f"  /upload in chunks: the server reads 3000 bytes; counted are {received['/upload'][0]:.0f}")
    return found, received["/upload"][0]


async def main():
    sizes = [response_body_size, request_body_size]
    app = Starlette(routes=ROUTES, middleware=[Middleware(PrometheusMiddleware, optional_metrics=sizes)])
    client = await ask(app)
    names = ("requests_total", "request_duration_seconds_sum", "response_body_bytes_total", "request_body_bytes_total")
    names = [f"starlette_{name}" for name in names]
    exporter = report("starlette-exporter", client, REGISTRY, names, "path", "status_code")

    registry = CollectorRegistry()
    app = Starlette(routes=ROUTES)
    Instrumentator(registry=registry).instrument(app)
    same = client == await ask(app)
    names = ("requests_total", "request_duration_seconds_sum", "response_size_bytes_sum", "request_size_bytes_sum")
    names = [f"http_{name}" for name in names]
    instrumentator = report("prometheus-fastapi-instrumentator", client, registry, names, "handler", "status")
    return (
        same
        and client == {"/complete": (200, 2000), "/fails": (200, 1000), "/background": (200, 2000), "/upload": (200, 4)}
        and exporter == ({"/complete": ("200", True, 0), "/fails": ("500", False, 0), "/background": ("200", False, 2000)}, 0)
        and instrumentator == ({"/complete": ("2xx", True, 0), "/fails": ("2xx", True, 0), "/background": ("2xx", True, 2000)}, 0)
    )


raise SystemExit(int(not asyncio.run(main())))
PY
venv/bin/python run.py
