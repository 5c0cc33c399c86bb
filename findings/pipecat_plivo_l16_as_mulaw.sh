#!/usr/bin/env bash
# pipecat-ai 1.14.0, Python 3.11.
#
# Behaviour: `PlivoFrameSerializer` decodes the media of an audio stream as mu-law whatever the start event's `mediaFormat` says. A stream of
#   `audio/x-l16` at 8 kHz, one of the formats that Plivo sends, becomes twice as many samples of loud noise, without an error.
# Wrong guess: the serializer reads the format from the start event, or refuses one that it cannot decode.
# Seen: 160 quiet samples (at most 100) of audio/x-l16 in, 320 samples out, the loudest above 8,000.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check pipecat-ai==1.14.0
cat > "$work/run.py" <<'PY'
import asyncio
import base64
import json
import sys

import numpy as np
from pipecat.frames.frames import StartFrame
from pipecat.serializers.plivo import PlivoFrameSerializer


async def main():
    parameters = PlivoFrameSerializer.InputParams(auto_hang_up=False)
    serializer = PlivoFrameSerializer("stream", params=parameters)
    await serializer.setup(StartFrame(audio_in_sample_rate=8000))
    media_format = {"encoding": "audio/x-l16", "sampleRate": 8000}
    start = {"event": "start", "start": {"streamId": "stream", "callId": "call", "mediaFormat": media_format}}
    await serializer.deserialize(json.dumps(start))
    quiet = (100 * np.sin(np.arange(160) / 3)).astype("<i2")
    payload = base64.b64encode(quiet.tobytes()).decode()
    media = {"event": "media", "streamId": "stream", "media": {"payload": payload, "track": "inbound"}}
    frame = await serializer.deserialize(json.dumps(media))
    return np.frombuffer(frame.audio, "<i2")


found = asyncio.run(main())
print(f"160 samples in, {len(found)} out, the loudest {int(np.abs(found.astype(int)).max())}")
sys.exit(not (len(found) == 320 and np.abs(found.astype(int)).max() > 8000))
PY
"$work/venv/bin/python" -W ignore "$work/run.py" 2>/dev/null
