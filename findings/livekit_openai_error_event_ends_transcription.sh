#!/usr/bin/env bash
# livekit-agents and livekit-plugins-openai 1.8.9, aiohttp 3.14.5, Python 3.11.
#
# Behaviour: the realtime speech-to-text of livekit-plugins-openai ends for good at the first `error` event, also where the server goes on: it
#   raises an APIError that is marked as not to be retried, and the next push_frame() raises RuntimeError. A connection that the server
#   closes at the same place is opened again, and transcription goes on. So a server does these clients more harm with an error event
#   for a single message (an empty commit, an unknown parameter) than by closing the connection.
# Wrong guess: an error event is reported and the session goes on, since OpenAI's reference says of it that most errors are recoverable
#   and that the session stays open; a lost connection is the worse of the two.
# Seen: "error event: 1 connection, 0 transcripts, APIError, RuntimeError", "closed: 2 connections, several transcripts, no error".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check livekit-agents==1.8.9 livekit-plugins-openai==1.8.9 aiohttp==3.14.5
cat > "$work/run.py" <<'PY'
import asyncio
import json
import logging
import sys

from aiohttp import ClientSession, WSMsgType, web
from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.plugins import openai

logging.disable(logging.CRITICAL)
ERROR = {
    "type": "error",
    "event_id": "event_1",
    "error": {
        "type": "invalid_request_error",
        "code": "input_audio_buffer_commit_empty",
        "message": "buffer too small",
        "param": None,
        "event_id": None,
    },
}


class Server:
    """A transcription session that has a transcript after each sixth piece of audio, and one incident in the first connection."""

    def __init__(self, incident):
        self.incident = incident
        self.connections = 0

    async def __call__(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        first, pieces = self.connections == 1, 0
        async for message in socket:
            if message.type != WSMsgType.TEXT or json.loads(message.data)["type"] != "input_audio_buffer.append":
                continue
            pieces += 1
            if first and pieces == 4 and self.incident == "error event":
                await socket.send_json(ERROR)
            if first and pieces == 4 and self.incident == "closed":
                await socket.close()
                break
            if pieces % 6 == 0:
                kind = "conversation.item.input_audio_transcription.completed"
                await socket.send_json({"type": kind, "item_id": f"item_{pieces}", "content_index": 0, "transcript": "हाँ"})
        return socket


async def transcribe(incident):
    server = Server(incident)
    app = web.Application()
    app.router.add_get("/v1/realtime", server)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    transcripts, errors = [], []
    async with ClientSession() as session:
        speech = openai.STT(model="gpt-4o-transcribe", use_realtime=True, base_url=url, api_key="none", language="hi")
        speech._session = session  # outside a LiveKit job there is no session of its own
        stream = speech.stream(conn_options=APIConnectOptions(max_retry=3, retry_interval=0.2, timeout=5))

        async def read():
            try:
                async for event in stream:
                    if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                        transcripts.append(event.alternatives[0].text)
            except Exception as error:
                errors.append(type(error).__name__)

        reader = asyncio.create_task(read())
        silence = rtc.AudioFrame(data=bytes(4_800), sample_rate=24_000, num_channels=1, samples_per_channel=2_400)
        for _ in range(30):
            try:
                stream.push_frame(silence)
            except RuntimeError as error:
                errors.append(type(error).__name__)
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)
        await stream.aclose()
        await reader
        await speech.aclose()
    await runner.cleanup()
    return server.connections, len(transcripts), errors


found = {}
for incident in ("none", "closed", "error event"):
    found[incident] = connections, transcripts, errors = asyncio.run(transcribe(incident))
    print(f"{incident}: connections {connections}, transcripts {transcripts}, errors {errors}", flush=True)
as_expected = (
    found["none"][0] == 1
    and found["none"][1] > 2
    and found["closed"][0] == 2
    and found["closed"][1] > 2
    and found["closed"][2] == []
    and found["error event"] == (1, 0, ["APIError", "RuntimeError"])
)
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
