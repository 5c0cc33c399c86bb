#!/usr/bin/env bash
# pysubs2 1.8.1 and webvtt-py 0.6.0, Python 3.11 to 3.13.
#
# Behaviour: pysubs2 reads WebVTT as if it were SubRip. A NOTE, STYLE or REGION block between two cues becomes text of the cue before it
#   and is shown to viewers; the speaker of <v Name> is dropped (the event's name stays empty); &amp; and &lt; stay as they are
#   written, in SubRip too, where they are not escapes. webvtt-py leaves NOTE and STYLE out and knows the voice, but what it saves as
#   SubRip has &amp; and &lt; in its text, and no speaker.
# Wrong guess: converters undo WebVTT's escapes, skip comments, and keep who is speaking, which SubRip can say in its text.
# Seen: "pysubs2: '' 'Fish &amp; chips\\N\\NNOTE checked by nobody'", and "Fish &amp; chips" in both SubRip files.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysubs2==1.8.1 webvtt-py==0.6.0
"$work/venv/bin/python" - <<'PY'
import io
import sys
import pysubs2
import webvtt

TEXT = """WEBVTT

00:00:01.000 --> 00:00:03.000
<v Agent>Fish &amp; chips

NOTE checked by nobody

00:00:05.000 --> 00:00:06.000
<v Caller>Two &lt; three
"""
events = pysubs2.SSAFile.from_string(TEXT)
for event in events:
    print("pysubs2:", repr(event.name), repr(event.text))
subrip = events.to_string("srt")
captions = webvtt.from_string(TEXT)
for caption in captions:
    print("webvtt-py:", repr(caption.voice), repr(caption.text))
saved = io.StringIO()
captions.write(saved, format="srt")
print("SubRip of pysubs2:", subrip.splitlines()[2:5])
print("SubRip of webvtt-py:", saved.getvalue().splitlines()[2:5])
as_seen = (
    "NOTE checked by nobody" in events[0].text
    and events[0].name == ""
    and all("Fish &amp; chips" in text and "Agent" not in text for text in (subrip, saved.getvalue()))
    and captions[0].voice == "Agent"
)
sys.exit(not as_seen)
PY
