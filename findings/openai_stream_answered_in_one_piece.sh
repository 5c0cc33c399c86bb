#!/usr/bin/env bash
# openai 3.57.0 (Python), Python 3.11 to 3.13.
#
# Behaviour: audio.transcriptions.create(stream=True) takes whatever answers with 200 for a stream of events. A server that answers in one
#   piece, as OpenAI's documentation says whisper-1 does (it ignores `stream`), sends a JSON object: the loop over the stream ends without
#   one event and without an error, so that the transcript is lost. A plain text answer is lost in the same way.
# Wrong guess: the client looks at the content type, and raises or yields the transcript whole.
# Seen: "application/json: 0 events, no error" and "text/plain: 0 events, no error"; "text/event-stream: 1 events".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0
"$work/venv/bin/python" - <<'PY'
import http.server
import json
import sys
import threading
import openai

EVENT = {"type": "transcript.text.done", "text": "नमस्ते"}
ANSWERS = {
    "application/json": json.dumps({"text": "नमस्ते"}),
    "text/plain": "नमस्ते",
    "text/event-stream": f"data: {json.dumps(EVENT)}\n\n",
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        kind = self.headers["x-kind"]
        body = ANSWERS[kind].encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0)
found = {}
for kind in ANSWERS:
    try:
        file = ("a.wav", b"RIFF")
        asked = {"model": "whisper-1", "file": file, "stream": True, "extra_headers": {"x-kind": kind}}
        events = list(client.audio.transcriptions.create(**asked))
        found[kind] = len(events)
        print(f"{kind}: {len(events)} events, no error")
    except openai.OpenAIError as error:
        found[kind] = type(error).__name__
        print(f"{kind}: {found[kind]}")
server.shutdown()
sys.exit(found != {"application/json": 0, "text/plain": 0, "text/event-stream": 1})
PY
