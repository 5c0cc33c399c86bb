#!/usr/bin/env bash
# sarvamai 0.1.39, websockets 17.4, Python 3.11.
#
# Behaviour: on the asynchronous client of speech_to_text_streaming, a handler that is an `async def` is called and never awaited, so that no
#   transcript reaches it; Python's "coroutine … was never awaited" is all that is said. Plain functions get them. The asynchronous client
#   of speech_to_text_realtime_streaming in the same package awaits its handlers, which `on` takes in the same way.
# Wrong guess: an asynchronous client awaits asynchronous handlers, and both clients of a package do the same.
# Seen: "speech_to_text_streaming: def got 2, async def got 0 (never awaited: 2)" and
#   "speech_to_text_realtime_streaming: def got 2, async def got 2 (never awaited: 0)".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check sarvamai==0.1.39 websockets==17.4
cat > "$work/run.py" <<'PY'
import asyncio
import json
import sys
import warnings

from sarvamai import AsyncSarvamAI
from sarvamai.core.events import EventType
from sarvamai.environment import SarvamAIEnvironment
from websockets.asyncio.server import serve

TRANSCRIPTS = ["नमस्ते", "आप कैसे हैं"]


async def answer(connection):
    """Sends all transcripts in the form that the service documents for the client, and closes."""
    for number, transcript in enumerate(TRANSCRIPTS):
        if "realtime" in connection.request.path:
            message = {"event": "transcript.final", "utterance_idx": number, "text": transcript}
        else:
            metrics = {"audio_duration": 1.0, "processing_latency": 0.1}
            data = {"request_id": str(number), "transcript": transcript, "metrics": metrics}
            message = {"type": "data", "data": data}
        await connection.send(json.dumps(message))


def text_of(message):
    return message.data.transcript if hasattr(message, "data") else message.text


async def listen(streaming, handler):
    async with streaming.connect(language_code="hi-IN") as socket:
        socket.on(EventType.MESSAGE, handler)
        await socket.start_listening()


async def receive(name):
    plain, awaited = [], []

    async def handle(message):
        awaited.append(text_of(message))

    async with serve(answer, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        http, websocket = f"http://{address}", f"ws://{address}"
        environment = SarvamAIEnvironment(base=http, creative=http, production=websocket)
        client = AsyncSarvamAI(api_subscription_key="none", environment=environment)
        await listen(getattr(client, name), lambda message: plain.append(text_of(message)))
        await listen(getattr(client, name), handle)
    return plain, awaited


found = {}
for name in ("speech_to_text_streaming", "speech_to_text_realtime_streaming"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plain, awaited = asyncio.run(receive(name))
    unawaited = sum("was never awaited" in str(warning.message) for warning in caught)
    found[name] = plain, awaited, unawaited
    print(f"{name}: def got {len(plain)}, async def got {len(awaited)} (never awaited: {unawaited})")
as_expected = found["speech_to_text_streaming"] == (TRANSCRIPTS, [], 2)
sys.exit(not (as_expected and found["speech_to_text_realtime_streaming"] == (TRANSCRIPTS, TRANSCRIPTS, 0)))
PY
"$work/venv/bin/python" "$work/run.py"
