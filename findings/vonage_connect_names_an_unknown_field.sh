#!/usr/bin/env bash
# vonage-voice 1.5.1 (of vonage 4.9.1), Python 3.11 to 3.13.
#
# Behaviour: Connect to a WebSocket, by which a call's audio reaches a speech recogniser and nobody is called, needs a caller's number all the same,
#   and the error asks for a field that does not exist: with random_from_number=True, as it says, the same error comes again, since unknown
#   names are dropped without a word. The name is randomFromNumber, and False will do. Among the fields in camelCase from_ alone has an
#   underscore. In the same way content_type= is dropped, and so are content-type and `from`, the names in the API itself: the endpoint is
#   sent without a media type, and no error is raised for that.
# Wrong guess: the number is for telephone endpoints; an error names the field that mends it; a model refuses fields it does not know.
# Seen: "nothing: Either `from_` or `random_from_number` must be set.", the same for random_from_number=True and for from,
#   "randomFromNumber=False: sent", "content_type=: ['type', 'uri']", "contentType=: ['content-type', 'type', 'uri']".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check vonage-voice==1.5.1
cat > "$work/run.py" <<'PY'
import sys

from vonage_voice.errors import NccoActionError
from vonage_voice.models import Connect, WebsocketEndpoint

MEDIA = "audio/l16;rate=16000"
MESSAGE = "Either `from_` or `random_from_number` must be set."
found = {}
for name, fields in (
    ("nothing", {}),
    ("random_from_number=True", {"random_from_number": True}),
    ("from", {"from": "447700900000"}),
    ("randomFromNumber=False", {"randomFromNumber": False}),
    ("from_", {"from_": "447700900000"}),
):
    endpoint = WebsocketEndpoint(uri="wss://stt.example/call", contentType=MEDIA)
    try:
        Connect(endpoint=[endpoint], **fields)
        found[name] = "sent"
    except NccoActionError as error:
        found[name] = str(error)
for name in ("content_type", "content-type", "contentType"):
    endpoint = WebsocketEndpoint(uri="wss://stt.example/call", **{name: MEDIA})
    found[f"{name}="] = sorted(endpoint.model_dump(by_alias=True, exclude_none=True))
for name, answer in found.items():
    print(f"{name}: {answer}")
bare = ["type", "uri"]
sys.exit(list(found.values()) != [MESSAGE, MESSAGE, MESSAGE, "sent", "sent", bare, bare, ["content-type", *bare]])
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
