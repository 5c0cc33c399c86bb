#!/usr/bin/env bash
# opentelemetry-instrumentation-asgi 0.66b2, opentelemetry-sdk 1.45.2, Starlette 1.10.0, httpx 0.28.1, Python 3.11.
#
# Behaviour: the middleware keeps the Content-Length of an answer in itself, one for all requests. An answer without this header, which
#   is each streamed transcript, adds the size of the answer with the header that was sent last, of any route and any client, to
#   http.server.response.size and http.server.response.body.size under its own route. Before the first answer with the header it adds
#   nothing. Of two answers that overlap, both add the size of the one that began later.
# Wrong guess: streamed answers are missing in the histogram, or have the number of bytes that were sent.
# Seen: "/stream, 3000 bytes, Content-Length None, first: 0 sizes of 0 in all are added", "..., after /health: 1 sizes of 2 ...",
#   "..., after /health and /page: 1 sizes of 50000 ...", "/short, 5 bytes, ..., while /page is answered, with 50000 bytes: 2 sizes of 100000 ...".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check opentelemetry-instrumentation-asgi==0.66b2 \
  opentelemetry-sdk==1.45.2 starlette==1.10.0 httpx==0.28.1
cat > run.py <<'PY'
import asyncio
import os

import httpx
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

page_began = asyncio.Event()
name = "http.server.response.body.size" if os.environ.get("OTEL_SEMCONV_STABILITY_OPT_IN") else "http.server.response.size"


def sizes(reader):
    """How many sizes the histogram has, and their sum."""
    count, total = 0, 0
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data else []:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name == name:
                    count += sum(point.count for point in metric.data.data_points)
                    total += sum(point.sum for point in metric.data.data_points)
    return count, total


async def stream(request):
    async def pieces():
        for _ in range(3):
            yield b"x" * 1000

    return StreamingResponse(pieces())


async def health(request):
    return PlainTextResponse("ok")


async def page(request):
    return PlainTextResponse("x" * 50000)


class Short:
    """An answer of 5 bytes whose header leaves before /page is asked for, and whose body leaves afterwards."""

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await page_began.wait()
        await send({"type": "http.response.body", "body": b"short"})


async def sums_after(*requests):
    reader = InMemoryMetricReader()
    routes = [Route("/stream", stream), Route("/health", health), Route("/page", page), Route("/short", Short())]
    app = OpenTelemetryMiddleware(Starlette(routes=routes), meter_provider=MeterProvider(metric_readers=[reader]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        for path in requests:
            count_before, total_before = sizes(reader)
            if path == "/short":
                page_began.clear()
                task = asyncio.create_task(client.get(path))
                await asyncio.sleep(0.05)
                await client.get("/page")
                page_began.set()
                answer = await task
            else:
                answer = await client.get(path)
    count, total = sizes(reader)
    return len(answer.content), answer.headers.get("content-length"), (count - count_before, total - total_before)


async def main():
    as_expected = True
    for requests, when, expected in (
        (("/health",), "first", (1, 2)),
        (("/stream",), "first", (0, 0)),
        (("/health", "/stream"), "after /health", (1, 2)),
        (("/page", "/health", "/stream"), "after /page and /health", (1, 2)),
        (("/health", "/page", "/stream"), "after /health and /page", (1, 50000)),
        (("/short",), "while /page is answered, with 50000 bytes", (2, 100000)),
    ):
        length, header, added = await sums_after(*requests)
        print(f"{name}: {requests[-1]}, {length} bytes, Content-Length {header}, {when}: {added[0]} sizes of {added[1]} in all are added")
        as_expected = as_expected and added == expected
    return as_expected


raise SystemExit(int(not asyncio.run(main())))
PY
venv/bin/python run.py
OTEL_SEMCONV_STABILITY_OPT_IN=http venv/bin/python run.py
