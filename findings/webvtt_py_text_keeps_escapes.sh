#!/usr/bin/env bash
# webvtt-py 0.6.0, Python 3.11.
#
# Behaviour: a caption's `text` has no tags (<v …>, <b>), but its character references are left as they stand in the file: "&lt;", "&amp;"
#   and "&nbsp;" reach whoever shows or counts the words. `raw_text` has both.
# Wrong guess: `text`, which is `raw_text` without mark-up, is what a browser shows.
# Seen: 'text: रवि &amp; सीमा &lt;हँसते हैं&gt;' for a cue that a browser shows as 'रवि & सीमा <हँसते हैं>'.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check webvtt-py==0.6.0
cat > "$work/run.py" <<'PY'
import sys

import webvtt

cue = "<v रवि><b>रवि</b> &amp; सीमा &lt;हँसते हैं&gt;</v>"
(caption,) = webvtt.from_string(f"WEBVTT\n\n00:01.000 --> 00:03.000\n{cue}\n")
print("text:", caption.text)
print("voice:", caption.voice)
sys.exit(not (caption.text == "रवि &amp; सीमा &lt;हँसते हैं&gt;" and caption.voice == "रवि"))
PY
"$work/venv/bin/python" "$work/run.py"
