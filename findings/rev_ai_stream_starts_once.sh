#!/usr/bin/env bash
# rev-ai 2.21.0, websockets 17.4, Python 3.11.
#
# Behaviour: a RevAiStreamingClient can be started once: the second start() connects, and then raises AttributeError, since it asks the first sender's thread
#   for isAlive(), which Python has not had since 3.9. So a client cannot take up a stream again that the service closed; its new
#   connection has been made by then. That a stream was closed with a code for an error (4003, no credit) is no exception, either: the
#   responses end as after a whole transcript, and a line is printed to standard output unless on_close was given.
# Wrong guess: start() is for each stream, as its check for a sender still at work says; a code above 4000 raises, as on_error's
#   default does for a connection that fails.
# Seen: "closed with 4003: 1 response, nothing raised", "printed: Connection Closed. Code : 4003; Reason : no credit", "second start: AttributeError",
#   "connections 2".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check rev-ai==2.21.0 websockets==17.4
cat > "$work/run.py" <<'PY'
import contextlib
import io
import json
import logging
import sys
import threading

from rev_ai.models import MediaConfig
from rev_ai.streamingclient import RevAiStreamingClient
from websockets.sync.server import serve

connections = []
logging.disable()


def answer(connection):
    connections.append(connection)
    connection.send(json.dumps({"type": "connected", "id": "1"}))
    for message in connection:
        if message == "EOS":
            connection.send(json.dumps({"type": "final", "elements": [{"type": "text", "value": "नमस्ते"}]}))
            return connection.close(4003, "no credit")
    return None


with serve(answer, "127.0.0.1", 0, close_timeout=1) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
    config = MediaConfig("audio/x-raw", "interleaved", 16_000, "S16LE", 1)
    client = RevAiStreamingClient("none", config, url=address, on_connected=lambda _: None)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        responses = list(client.start(iter([bytes(3200)]), language="hi"))
    client.request_thread.join()
    try:
        client.start(iter([bytes(3200)]), language="hi")
        second = "started"
    except Exception as error:
        second = type(error).__name__
    client.end()
    server.shutdown()
print(f"closed with 4003: {len(responses)} response, nothing raised")
print(f"printed: {printed.getvalue().strip()}")
print(f"second start: {second}, connections {len(connections)}")
line = "Connection Closed. Code : 4003; Reason : no credit\n"
sys.exit((len(responses), printed.getvalue(), second, len(connections)) != (1, line, "AttributeError", 2))
PY
"$work/venv/bin/python" "$work/run.py"
