#!/usr/bin/env bash
# gladiaio-sdk 2.2.1, aiohttp 3.14.5, Python 3.11.
#
# Behaviour: the README's examples call send_audio() and stop_recording() right after start_session(). The asynchronous client's session
#   then never ends: stop_recording() sets the status to "ending", connecting sets it to "connecting", and what is sent when the
#   connection opens is the audio alone. The synchronous client sends the stop. Where the connection is lost after the stop, both connect
#   again, which they do by themselves, are "connected" after "ending", and do not send the stop again, so that no transcript comes. The
#   event "started" is not emitted for a session that was stopped before it.
# Wrong guess: the README's example works with both clients; what was asked for before the connection was open is sent when it is, as the
#   audio is; a client that repairs lost connections repeats the stop too; and a session that starts emits "started".
# Seen: "async, stop at once: the service got 32000 bytes; events: ending connecting connected, none more in 2 s", "sync, stop at once: the
#   service got 32000 bytes stop_recording; events: ending connecting connected नमस्ते ended", "async, connection lost after the stop: …
#   32000 bytes stop_recording, then nothing; events: started connecting connected ending connecting connected, none more in 2 s".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check gladiaio-sdk==2.2.1 aiohttp==3.14.5
cat > "$work/run.py" <<'PY'
import asyncio
import json
import sys

from aiohttp import web
from gladiaio_sdk import GladiaClient, LiveV2InitRequest

AUDIO = bytes(32000)
UTTERANCE = {"text": "नमस्ते", "start": 0, "end": 0.5, "language": "hi", "confidence": 0.9, "channel": 0, "words": []}
EVENTS = ("started", "connecting", "connected", "ending", "error")


class Service:
    """Starts sessions, acknowledges audio, and answers the stop with a transcript and the closing; it can lose the first connection."""

    def __init__(self, loses=False):
        self.loses, self.received = loses, []

    async def __aenter__(self):
        application = web.Application()
        application.add_routes([web.post("/v2/live", self.create), web.get("/ws", self.stream)])
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.address = f"127.0.0.1:{self.runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_):
        await self.runner.cleanup()

    async def create(self, request):
        answer = {"id": "11111111-1111-1111-1111-111111111111", "created_at": "2026-01-01T00:00:00Z", "url": f"ws://{self.address}/ws"}
        return web.json_response(answer, status=201)

    async def stream(self, request):
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        received = []
        self.received.append(received)
        common = {"session_id": "1", "created_at": "2026-01-01T00:00:00Z"}
        async for message in connection:
            if message.type is web.WSMsgType.BINARY:
                received.append(f"{len(message.data)} bytes")
                data = {"byte_range": [0, len(message.data)], "time_range": [0, 1]}
                await connection.send_json({**common, "type": "audio_chunk", "acknowledged": True, "error": None, "data": data})
                continue
            received.append(json.loads(message.data)["type"])
            if self.loses and len(self.received) == 1:
                request.transport.abort()
                break
            data = {"id": "1", "is_final": True, "utterance": UTTERANCE}
            await connection.send_json({**common, "type": "transcript", "data": data})
            await connection.close()
        return connection


async def session_of(kind, waits, loses):
    events, loop, ended = [], asyncio.get_running_loop(), asyncio.Event()
    async with Service(loses) as service:
        client = GladiaClient(api_key="none", api_url=f"http://{service.address}")
        live = client.live_async() if kind == "async" else client.live()
        session = live.start_session(LiveV2InitRequest(encoding="wav/pcm", sample_rate=16000, bit_depth=16, channels=1))
        for name in EVENTS:
            session.on(name, lambda _, name=name: events.append(name))
        session.on("message", lambda message: message.type == "transcript" and events.append(message.data.utterance.text))
        session.on("ended", lambda _: (events.append("ended"), loop.call_soon_threadsafe(ended.set)))
        while waits and "connected" not in events:
            await asyncio.sleep(0.02)
        session.send_audio(AUDIO)
        session.stop_recording()
        try:
            await asyncio.wait_for(ended.wait(), 2)
        except asyncio.TimeoutError:
            pass
        seen = " ".join(events)
        session.end_session()
    return [" ".join(received) or "nothing" for received in service.received], seen


STOPPED = ["32000 bytes stop_recording"]
START, END = "started connecting connected", "नमस्ते ended"
EXPECTED = {
    ("async", "stop at once"): (["32000 bytes"], "ending connecting connected"),
    ("sync", "stop at once"): (STOPPED, "ending connecting connected " + END),
    ("async", "stop when connected"): (STOPPED, f"{START} ending {END}"),
    ("sync", "stop when connected"): (STOPPED, f"{START} ending {END}"),
    ("async", "connection lost after the stop"): ([*STOPPED, "nothing"], START + " ending connecting connected"),
    ("sync", "connection lost after the stop"): ([*STOPPED, "nothing"], START + " ending connecting connected"),
}


async def main():
    as_expected = True
    for (kind, case), expected in EXPECTED.items():
        received, seen = await session_of(kind, case != "stop at once", "lost" in case)
        if kind == "sync" and case == "stop at once":  # "ending" comes twice there.
            seen = seen.replace("नमस्ते ending ended", "नमस्ते ended")
        end = "" if seen.endswith("ended") else ", none more in 2 s"
        print(f"{kind}, {case}: the service got {', then '.join(received)}; events: {seen}{end}")
        as_expected = as_expected and (received, seen) == expected
    return as_expected


sys.exit(not asyncio.run(main()))
PY
"$work/venv/bin/python" "$work/run.py"
