#!/usr/bin/env bash
# mistralai 3.7.0, websockets 17.4, Python 3.11.
#
# Behaviour: the events of a real-time transcription swallow the cancellation of the task that reads them. asyncio.timeout() around the
#   loop raises no TimeoutError when the time is over: the loop ends as if the service had ended, with the text so far. So a task that
#   was cancelled returns its text instead of being cancelled, and wait_for() of the next event raises StopAsyncIteration. Each of these
#   closes the connection. Leaving the loop with `break` closes it too, so that the audio after it raises RuntimeError, but not where that
#   is done at session.created, the first event. An error of the caller's audio source is raised by transcribe_stream() only when the
#   events end, for which the service waits, since it gets no end of the audio.
# Wrong guess: a time limit or a cancellation reaches the caller, as with other asynchronous iterators; a loop over the events of a
#   connection can be left and entered again; and an error of the audio source ends the transcription.
# Seen: "timeout(1): no TimeoutError, text नमस्ते, connection closed", "cancelled task: returned नमस्ते", "wait_for(next event, 1):
#   StopAsyncIteration", "break at session.created: open", "break at the first text: closed", "audio source failed: no error in 2 s".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check mistralai==3.7.0 websockets==17.4
cat > "$work/run.py" <<'PY'
import asyncio
import contextlib
import json
import sys

from mistralai.client import Mistral
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

SESSION = {"request_id": "1", "model": "voxtral", "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000}}
AUDIO = bytes(3200)
results = []


def check(message, expected):
    print(message)
    results.append(message == expected)


async def service(connection):
    """Answers each piece of audio with a text and goes on until the client closes."""
    await connection.send(json.dumps({"type": "session.created", "session": SESSION}))
    with contextlib.suppress(ConnectionClosed):
        async for message in connection:
            if json.loads(message)["type"] == "input_audio.append":
                await connection.send(json.dumps({"type": "transcription.text.delta", "text": "नमस्ते"}))


async def main():
    async with serve(service, "127.0.0.1", 0) as server:
        client = Mistral(api_key="none", server_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        realtime = client.audio.realtime

        async def connect():
            connection = await realtime.connect(model="voxtral")
            await connection.send_audio(AUDIO)
            return connection

        async def read(connection):
            return "".join([event.text async for event in connection if event.type == "transcription.text.delta"])

        connection, text = await connect(), ""
        try:
            async with asyncio.timeout(1):
                text = await read(connection)
            raised = "no TimeoutError"
        except TimeoutError:
            raised = "TimeoutError"
        state = "closed" if connection.is_closed else "open"
        check(f"timeout(1): {raised}, text {text}, connection {state}", "timeout(1): no TimeoutError, text नमस्ते, connection closed")

        task = asyncio.create_task(read(await connect()))
        await asyncio.sleep(0.5)
        task.cancel()
        try:
            outcome = f"returned {await task}"
        except asyncio.CancelledError:
            outcome = "CancelledError"
        check(f"cancelled task: {outcome}", "cancelled task: returned नमस्ते")

        events = (await connect()).events()
        kinds = [(await anext(events)).type, (await anext(events)).type]
        try:
            outcome = repr(await asyncio.wait_for(anext(events), 1))
        except (TimeoutError, StopAsyncIteration) as error:
            outcome = type(error).__name__
        check(f"wait_for(next event, 1): {outcome}", "wait_for(next event, 1): StopAsyncIteration")
        results.append(kinds == ["session.created", "transcription.text.delta"])

        for name, last, expected in (
            ("session.created", "session.created", "open"),
            ("the first text", "transcription.text.delta", "closed"),
        ):
            connection = await connect()
            async for event in connection:
                if event.type == last:
                    break
            await asyncio.sleep(0.2)
            try:
                await connection.send_audio(AUDIO)
                state = "open"
            except RuntimeError:
                state = "closed"
            check(f"break at {name}: {state}", f"break at {name}: {expected}")
            await connection.close()

        async def source():
            yield AUDIO
            raise OSError("the microphone was taken away")

        async def transcribe():
            async for _ in realtime.transcribe_stream(source(), model="voxtral"):
                pass

        task = asyncio.create_task(transcribe())
        done, _ = await asyncio.wait([task], timeout=2)
        outcome = "an error in 2 s" if done else "no error in 2 s"
        check(f"audio source failed: {outcome}", "audio source failed: no error in 2 s")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return all(results)


sys.exit(not asyncio.run(main()))
PY
"$work/venv/bin/python" "$work/run.py"
