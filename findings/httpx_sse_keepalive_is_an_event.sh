#!/usr/bin/env bash
# httpx-sse 0.4.3 with httpx 0.28.1, sseclient-py 1.9.0, aiohttp-sse-client 0.2.1 with aiohttp 3.14.5, Python 3.11.
#
# Behaviour: once a server-sent event had an id, httpx-sse makes an empty event ("message", data "") of every comment line that a server
#   sends to keep the connection open, since it takes the id that stays for a part of a new event; without ids it makes none. A "retry:"
#   alone is an empty event too, so that json.loads(event.data) raises JSONDecodeError in the middle of a transcript. Of a stream that
#   breaks off, httpx-sse drops the unfinished event, as the standard says, and sseclient-py hands it out as a whole one. At the end of a
#   complete answer, aiohttp-sse-client sends its request again, with method POST too: the recording is uploaded and transcribed again
#   and again while its loop runs.
# Wrong guess: comments are ignored, an unfinished event is nowhere an event, and a POST whose answer is complete is not repeated.
# Seen: "httpx-sse, keep-alive comments, no ids: ['नमस्ते', 'आप']", "httpx-sse, keep-alive comments, ids: ['नमस्ते', '', 'आप', '']", "httpx-sse,
#   broken off: ['नमस्ते']", "sseclient-py, broken off: ['नमस्ते', 'आप के']", "aiohttp-sse-client: ['नमस्ते', 'नमस्ते', 'नमस्ते'], POST requests 3".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check httpx-sse==0.4.3 httpx==0.28.1 sseclient-py==1.9.0 \
  aiohttp-sse-client==0.2.1 aiohttp==3.14.5
cat > "$work/run.py" <<'PY'
import asyncio
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import httpx_sse
import sseclient
from aiohttp_sse_client.client import EventSource

ANSWERS = {
    "/plain": "data: नमस्ते\n\n: ping\n\ndata: आप\n\n: ping\n\n",
    "/ids": "id: 1\ndata: नमस्ते\n\n: ping\n\nid: 2\ndata: आप\n\n: ping\n\n",
    "/retry": "retry: 3000\n\ndata: नमस्ते\n\n",
    "/broken": "data: नमस्ते\n\ndata: आप के",
    "/one": "data: नमस्ते\n\n",
}
posts = []


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        posts.append(self.rfile.read(int(self.headers.get("content-length", 0))))
        body = ANSWERS[self.path].encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"


def by_httpx_sse(path):
    with httpx.Client() as client, httpx_sse.connect_sse(client, "POST", base + path) as source:
        return [event.data for event in source.iter_sse()]


def by_sseclient(path):
    with httpx.stream("POST", base + path) as answer:
        return [event.data for event in sseclient.SSEClient(answer.iter_bytes()).events()]


async def read_aiohttp(path, events):
    got = []
    settings = {"option": {"method": "POST"}, "data": b"RIFF", "reconnection_time": timedelta(milliseconds=10)}
    async with asyncio.timeout(20), EventSource(base + path, **settings) as source:
        async for event in source:
            got.append(event.data)
            if len(got) == events:
                break
    return got


as_expected = True


def check(name, found, expected):
    global as_expected
    print(f"{name}: {found}")
    as_expected = as_expected and found == expected


check("httpx-sse, keep-alive comments, no ids", by_httpx_sse("/plain"), ["नमस्ते", "आप"])
check("httpx-sse, keep-alive comments, ids", by_httpx_sse("/ids"), ["नमस्ते", "", "आप", ""])
check("httpx-sse, a retry alone", by_httpx_sse("/retry"), ["", "नमस्ते"])
check("httpx-sse, broken off", by_httpx_sse("/broken"), ["नमस्ते"])
check("sseclient-py, keep-alive comments, ids", by_sseclient("/ids"), ["नमस्ते", "आप"])
check("sseclient-py, broken off", by_sseclient("/broken"), ["नमस्ते", "आप के"])
posts.clear()
check("aiohttp-sse-client", asyncio.run(read_aiohttp("/one", 3)), ["नमस्ते"] * 3)
check("POST requests", len(posts), 3)
check("bodies of them", set(posts), {b"RIFF"})
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
