#!/usr/bin/env bash
# litellm 1.108.7 (openai as it pins it), Python 3.11.
#
# Behaviour: litellm.transcription(..., stream=True) with an OpenAI-compatible server passes the option on, reads the server-sent events
#   as one string and puts that string into `text`: the caller gets "data: {...}" lines where the transcript should be, without an
#   error. The same in atranscription(). And a call without response_format asks the server for verbose_json, which the openai
#   client does not, so that a server that has json only refuses calls that set no format.
# Wrong guess: stream=True gives an iterator of events, as in openai and as completion() does, or is refused; and the caller's
#   parameters reach the server as they are.
# Seen: "plain: 'नमस्ते दुनिया', sent response_format=verbose_json" and
#   "stream: 'data: {"type": "transcript.text.delta", "delta": ...', a TranscriptionResponse".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check litellm==1.108.7
export LITELLM_LOCAL_MODEL_COST_MAP=True
cat > "$work/run.py" <<'PY'
import asyncio
import io
import json
import re
import sys
import threading
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm

TRANSCRIPT = "नमस्ते दुनिया"
forms = []


class Server(BaseHTTPRequestHandler):
    """Answers as OpenAI's transcription endpoint does."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        form = dict(re.findall(r'name="(\w+)"\r\n\r\n([^\r]*)', body.decode("latin-1")))
        forms.append(form)
        if form.get("stream") == "true":
            events = [
                {"type": "transcript.text.delta", "delta": TRANSCRIPT},
                {"type": "transcript.text.done", "text": TRANSCRIPT},
            ]
            media_type = "text/event-stream"
            answer = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
        else:
            media_type = "application/json"
            answer = json.dumps({"text": TRANSCRIPT})
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())


def recording():
    target = io.BytesIO()
    with wave.open(target, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(16_000)
        output.writeframes(bytes(32_000))
    return "a.wav", target.getvalue(), "audio/wav"


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
call = {"model": "openai/whisper-1", "api_base": f"http://127.0.0.1:{server.server_port}/v1", "api_key": "none"}
plain = litellm.transcription(file=recording(), **call)
print(f"plain: {plain.text!r}, sent response_format={forms[-1].get('response_format')}")
as_expected = plain.text == TRANSCRIPT and forms[-1].get("response_format") == "verbose_json"
streamed = litellm.transcription(file=recording(), stream=True, response_format="json", **call)
awaited = asyncio.run(litellm.atranscription(file=recording(), stream=True, response_format="json", **call))
for name, answer in (("stream", streamed), ("stream, asynchronous", awaited)):
    print(f"{name}: {answer.text!r}, a {type(answer).__name__}")
    as_expected &= type(answer).__name__ == "TranscriptionResponse" and answer.text.startswith("data: {")
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
