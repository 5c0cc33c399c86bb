#!/usr/bin/env bash
# speechmatics-rt 1.2.1, websockets 17.4, Python 3.11.
#
# Behaviour: AsyncClient.transcribe() returns as if all were transcribed where the service reports an error in the middle (a used-up quota), closes
#   the connection or loses it: nothing is raised, though its documentation names TranscriptionError and ConnectionError for these, and
#   the rest of the recording is not sent. Errors before the first audio are raised. Only the event EndOfTranscript tells a whole
#   transcript from a part of one.
# Wrong guess: what transcribe() documents it raises, it raises; or it returns something that tells whether the end was reached.
# Seen: "whole: returned, 20 chunks, EndOfTranscript True", "Error: returned, 4 chunks, EndOfTranscript False", the same for a closed and a lost
#   connection (the number of chunks is what the service took).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check speechmatics-rt==1.2.1 websockets==17.4
cat > "$work/run.py" <<'PY'
import asyncio
import io
import json
import logging
import sys

from speechmatics.rt import AsyncClient, AudioEncoding, AudioFormat, ServerMessageType, TranscriptionConfig
from websockets.asyncio.server import serve

CHUNKS, SIZE, LAST = 20, 4096, 4
FORMAT = AudioFormat(encoding=AudioEncoding.PCM_S16LE, sample_rate=16_000, chunk_size=SIZE)
logging.disable()


async def transcribe(end):
    taken, ended = 0, False

    async def answer(connection):
        nonlocal taken
        async for message in connection:
            if isinstance(message, bytes):
                taken += 1
                await connection.send(json.dumps({"message": "AudioAdded", "seq_no": taken}))
                if taken == LAST and end == "Error":
                    error = {"message": "Error", "type": "quota_exceeded", "reason": "quota exceeded"}
                    await connection.send(json.dumps(error))
                    return await connection.close()
                if taken == LAST and end == "closed":
                    return await connection.close(1011)
                if taken == LAST and end == "lost":
                    return connection.transport.abort()
            elif json.loads(message)["message"] == "StartRecognition":
                await connection.send(json.dumps({"message": "RecognitionStarted", "id": "1"}))
            else:
                await connection.send(json.dumps({"message": "EndOfTranscript"}))
        return None

    def mark(_):
        nonlocal ended
        ended = True

    async with serve(answer, "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2"
        async with AsyncClient(api_key="none", url=address) as client:
            client.on(ServerMessageType.END_OF_TRANSCRIPT, mark)
            recording = io.BytesIO(bytes(CHUNKS * SIZE))
            config = TranscriptionConfig(language="hi")
            try:
                await client.transcribe(recording, transcription_config=config, audio_format=FORMAT, timeout=30)
                outcome = "returned"
            except Exception as error:
                outcome = type(error).__name__
    print(f"{end}: {outcome}, {taken} chunks, EndOfTranscript {ended}")
    return outcome, taken, ended


found = [asyncio.run(transcribe(end)) for end in ("whole", "Error", "closed", "lost")]
sys.exit(found != [("returned", CHUNKS, True)] + 3 * [("returned", LAST, False)])
PY
"$work/venv/bin/python" "$work/run.py"
