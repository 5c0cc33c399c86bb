#!/usr/bin/env bash
# assemblyai 1.8.2, websockets 17.4, Python 3.11.
#
# Behaviour: stream() of the real-time clients takes a bytearray or a memoryview for an iterable of pieces, and queues its bytes as numbers.
#   The first of them ends the thread (or the task) that sends, with a ValueError that reaches no handler of the event Error; stream()
#   goes on to accept audio, bytes too, of which nothing is sent. disconnect(terminate=True) waits for terminate_timeout and does not
#   send the end. The package's clients for whole recordings take bytearray.
# Wrong guess: bytes-like objects are audio, as for WebSocket libraries, or raise TypeError at the call; and an error while sending
#   becomes the event Error.
# Seen: "threads, bytes: 16000 bytes and Terminate", "threads, bytearray: 0 bytes and no Terminate, events [], uncaught ["ValueError: Attempted
#   to send invalid message: <class 'int'>"]" and the same with memoryview, and with the asynchronous client.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check assemblyai==1.8.2 websockets==17.4
cat > "$work/run.py" <<'PY'
import asyncio
import gc
import json
import logging
import sys
import threading

from assemblyai.streaming.v3 import (
    AsyncRealTimeTranscriber,
    RealTimeEvents,
    RealTimeParameters,
    RealTimeTranscriber,
    RealTimeTranscriberOptions,
)
from websockets.asyncio.server import serve

logging.getLogger("assemblyai").setLevel(logging.CRITICAL)
PARAMETERS = RealTimeParameters(sample_rate=16000, speech_model="whisper-rt")
END = {"type": "Termination", "audio_duration_seconds": 1, "session_duration_seconds": 1}
uncaught = []
threading.excepthook = lambda failed: uncaught.append(f"{failed.exc_type.__name__}: {failed.exc_value}")


class Service:
    def __init__(self):
        self.size, self.terminated = 0, False

    async def __call__(self, connection):
        await connection.send(json.dumps({"type": "Begin", "id": "1", "expires_at": 1900000000}))
        async for message in connection:
            if isinstance(message, bytes):
                self.size += len(message)
            elif json.loads(message)["type"] == "Terminate":
                self.terminated = True
                return await connection.send(json.dumps(END))


def pieces(kind):
    """Half a second: four pieces of the kind, then one of bytes."""
    return [kind(bytes(3200))] * 4 + [bytes(3200)]


def in_thread(options, kind, events):
    client = RealTimeTranscriber(options)
    client.on(RealTimeEvents.Error, lambda _, error: events.append(str(error)))
    client.connect(PARAMETERS)
    for piece in pieces(kind):
        client.stream(piece)
    client.disconnect(terminate=True)


async def in_task(options, kind, events):
    client = AsyncRealTimeTranscriber(options)
    client.on(RealTimeEvents.Error, lambda _, error: events.append(str(error)))
    await client.connect(PARAMETERS)
    for piece in pieces(kind):
        await client.stream(piece)
    await client.disconnect(terminate=True)


async def main():
    def keep(_, context):
        uncaught.append(f"{type(context['exception']).__name__}: {context['exception']}")

    asyncio.get_running_loop().set_exception_handler(keep)
    as_expected = True
    for way in ("threads", "asyncio"):
        for kind in (bytes, bytearray, memoryview):
            uncaught.clear()
            events, service = [], Service()
            async with serve(service, "127.0.0.1", 0) as server:
                host = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
                options = RealTimeTranscriberOptions(api_key="none", api_host=host, terminate_timeout=1)
                if way == "threads":
                    await asyncio.to_thread(in_thread, options, kind, events)
                else:
                    await in_task(options, kind, events)
                    gc.collect()
            end = "Terminate" if service.terminated else "no Terminate"
            print(f"{way}, {kind.__name__}: {service.size} bytes and {end}, events {events}, uncaught {uncaught}")
            good = (service.size, service.terminated) == ((16000, True) if kind is bytes else (0, False))
            as_expected = as_expected and good and events == [] and len(uncaught) == (kind is not bytes)
    return as_expected


sys.exit(not asyncio.run(main()))
PY
"$work/venv/bin/python" "$work/run.py"
