#!/usr/bin/env bash
# elevenlabs 2.78.0, websockets 17.4, Python 3.11.
#
# Behaviour: the real-time speech-to-text of the package sends an empty chunk, without an error, for send({"audioBase64": …}), which is what
#   the docstrings of its class and of commit() show, since unknown keys are dropped and a missing one is empty audio; only "audio_base_64" is read. send() has to be
#   awaited, too, which those examples leave out. And a handler that is an `async def`, as the example of close() has one, is called and never
#   awaited; of the transcript for it nothing is left but Python's warning. Plain functions get theirs.
# Wrong guess: the docstrings of a class fit its methods; a chunk without audio is refused; an asynchronous client awaits handlers.
# Seen: "audioBase64: 0 bytes", "audio_base_64: 3200 bytes", "def got ['नमस्ते'], async def got []".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check elevenlabs==2.78.0 websockets==17.4
cat > "$work/run.py" <<'PY'
import asyncio
import base64
import json
import sys

from elevenlabs.realtime import AudioFormat, RealtimeEvents, ScribeRealtime
from elevenlabs.realtime.connection import RealtimeConnection
from websockets.asyncio.server import serve

CHUNK = base64.b64encode(bytes(3200)).decode()
OPTIONS = {"model_id": "scribe_v2_realtime", "audio_format": AudioFormat.PCM_16000, "sample_rate": 16_000}


async def main():
    heard, plain, awaited, done = [], [], [], asyncio.Event()

    async def answer(connection):
        async for message in connection:
            chunk = json.loads(message)
            if chunk["commit"]:
                await connection.send(json.dumps({"message_type": "committed_transcript", "text": "नमस्ते"}))
            else:
                heard.append(len(base64.b64decode(chunk["audio_base_64"])))

    async def handle(message):
        awaited.append(message["text"])

    def note(message):
        plain.append(message["text"])
        done.set()

    async with serve(answer, "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        connection = await ScribeRealtime(api_key="none", base_url=address).connect(OPTIONS)
        connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT, handle)
        connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT, note)
        await connection.send({"audioBase64": CHUNK})
        await connection.send({"audio_base_64": CHUNK})
        await connection.commit()
        await asyncio.wait_for(done.wait(), 30)
        await connection.close()
    return heard, plain, awaited


heard, plain, awaited = asyncio.run(main())
shown = '{"audioBase64": audio_chunk}' in RealtimeConnection.__doc__
print(f"audioBase64: {heard[0]} bytes (in the docstring: {shown}), audio_base_64: {heard[1]} bytes")
print(f"def got {plain}, async def got {awaited}")
sys.exit((shown, heard, plain, awaited) != (True, [0, 3200], ["नमस्ते"], []))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
