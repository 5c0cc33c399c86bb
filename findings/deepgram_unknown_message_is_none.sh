#!/usr/bin/env bash
# deepgram-sdk 7.17.0, websockets 17.4, Python 3.11.
#
# Behaviour: a streamed message of a type that the client does not know, as a service adds them, is not skipped, though the client has a log
#   line that says so: its handlers get None. A handler that asks for message.type, as the examples do, raises AttributeError, and what a
#   handler raises ends start_listening() without an exception: it becomes the event ERROR, as a broken connection does, and all
#   transcripts after it are lost, while the connection was good.
# Wrong guess: an unknown message is skipped with the warning, or arrives as it is; an error in a handler concerns one message or reaches the caller.
# Seen, where the service sends two transcripts with a "Progress" between them: "a handler that asks for the type got ['नमस्ते',
#   'AttributeError'], logged []" and "a handler that takes None got ['नमस्ते', None, 'आप कैसे हैं']".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check deepgram-sdk==7.17.0 websockets==17.4
cat > "$work/run.py" <<'PY'
import asyncio
import json
import logging
import sys

from deepgram import AsyncDeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from websockets.asyncio.server import serve

logged = []


class Listed(logging.Handler):
    def emit(self, record):
        logged.append(record.getMessage())


logging.getLogger().addHandler(Listed(logging.WARNING))


def results(transcript):
    model = {"name": "general", "version": "1", "arch": "nova"}
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "start": 0.0,
        "duration": 1.0,
        "is_final": True,
        "channel": {"alternatives": [{"transcript": transcript, "confidence": 0.9, "words": []}]},
        "metadata": {"request_id": "1", "model_info": model, "model_uuid": "1"},
    }


async def answer(connection):
    for message in (results("नमस्ते"), {"type": "Progress", "seconds": 1.0}, results("आप कैसे हैं")):
        await connection.send(json.dumps(message))


async def listen(text_of):
    got = []
    async with serve(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        http, websocket = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        environment = DeepgramClientEnvironment(base=http, production=websocket, agent=websocket, agent_rest=http)
        client = AsyncDeepgramClient(api_key="none", environment=environment)
        async with client.listen.v1.connect(model="nova-3", language="hi") as socket:
            socket.on(EventType.MESSAGE, lambda message: got.append(text_of(message)))
            socket.on(EventType.ERROR, lambda error: got.append(type(error).__name__))
            await socket.start_listening()
    return got


def by_type(message):
    return message.channel.alternatives[0].transcript if message.type == "Results" else message.type


usual = asyncio.run(listen(by_type))
careful = asyncio.run(listen(lambda message: message and by_type(message)))
print(f"a handler that asks for the type got {usual}, logged {logged}")
print(f"a handler that takes None got {careful}")
sys.exit((usual, careful, logged) != (["नमस्ते", "AttributeError"], ["नमस्ते", None, "आप कैसे हैं"], []))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
