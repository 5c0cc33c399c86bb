#!/usr/bin/env bash
# srt 3.5.3, Python 3.11.
#
# Behaviour: what stands behind the comma or point of a time is taken as a whole number of milliseconds: "00:00:01,5" is 1.005 s, and
#   "0:00:01.500000", which is how Python prints a timedelta, is 501 s, 8 min 21 s. In the text, a line that begins with three
#   numbers with commas, points or colons between them (a sum in Indian groups, 1,50,000; 15.08.1947; 10:30:00) is taken for the times of
#   another cue where a line with a number only is in front of it, or a blank line, which the text may have elsewhere: parse() raises
#   SRTParseError for the whole file, and with ignore_errors=True these lines are lost. A time without seconds, 10:30, is text.
# Wrong guess: a fraction is a fraction; only "-->" makes a line of times.
# Seen: "00:00:01,5: 1.005 s", "0:00:01.500000: 501.0 s", "कुल / 25 / 1,50,000 रुपये: SRTParseError; with ignore_errors कुल",
#   "कुल / / 1,50,000 रुपये: SRTParseError; ...", "कुल / / एक लाख रुपये: कुल / / एक लाख रुपये".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check srt==3.5.3
cat > run.py <<'PY'
import logging
from datetime import timedelta

import srt

logging.disable(logging.WARNING)


def parsed(text, ignore_errors):
    """The texts of the cues, with / for a line break, or the name of the error."""
    try:
        cues = list(srt.parse(text, ignore_errors=ignore_errors))
    except srt.SRTParseError:
        return "SRTParseError"
    return " | ".join(cue.content.replace("\n", " / ") for cue in cues)


as_expected = True
python_time = str(timedelta(seconds=1.5))
for time, expected in (
    ("00:00:01,500", 1.5),
    ("00:00:01,5", 1.005),
    ("00:00:01,50", 1.05),
    (python_time, 501.0),
):
    (cue,) = srt.parse(f"1\n{time} --> 01:00:00,000\nएक\n")
    print(f"{time}: {cue.start.total_seconds()} s")
    as_expected = as_expected and cue.start.total_seconds() == expected

fails = "SRTParseError"
for text, strict, lenient in (
    ("कुल\n1,50,000 रुपये", "कुल / 1,50,000 रुपये", "कुल / 1,50,000 रुपये"),
    ("कुल\n25\n1,50,000 रुपये", fails, "कुल"),
    ("कुल\n\n1,50,000 रुपये", fails, "कुल"),
    ("कुल\n\n15,000 रुपये", "कुल /  / 15,000 रुपये", "कुल /  / 15,000 रुपये"),
    ("कुल\n\nएक लाख रुपये", "कुल /  / एक लाख रुपये", "कुल /  / एक लाख रुपये"),
    ("आज़ादी\n\n15.08.1947 को", fails, "आज़ादी"),
    ("समय\n\n10:30:00 बजे", fails, "समय"),
    ("समय\n\n10:30 बजे", "समय /  / 10:30 बजे", "समय /  / 10:30 बजे"),
):
    file = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n\n2\n00:00:03,000 --> 00:00:04,000\nदो\n\n"
    found = parsed(file, False), parsed(file, True)
    shown = text.replace("\n", " / ")
    print(f"{shown}: {found[0]}; with ignore_errors {found[1]}")
    as_expected = as_expected and found == (strict if strict == fails else f"{strict} | दो", f"{lenient} | दो")
raise SystemExit(int(not as_expected))
PY
venv/bin/python run.py
