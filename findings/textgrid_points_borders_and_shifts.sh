#!/usr/bin/env bash
# TextGrid 1.6.1 (module textgrid), Python 3.11.
#
# Behaviour: `interval += 0.25`, which the class defines, moves the interval and leaves None in the variable. Two intervals with the same
#   times are equal whatever their text is, and remove(0, 1, "जी") removes another word at that time. intervalContaining() of the time at
#   which a word begins is the word before, if that ends there. Praat's short text format is read, but not with a tier of points
#   (AttributeError). With strict=False, intervals that overlap are written, which Praat's interval tiers cannot have; with and without,
#   words at 0 to 0.3 and from 0.1 + 0.2 on are three intervals in the file, one of them of 5e-17 s. The other way round, a word that
#   ends at 0.1 + 0.2 before one from 0.3 on, they raise ValueError.
# Wrong guess: an operator that is defined returns the object; equality compares the text; intervals hold their beginning and not their
#   end; a format is read with all kinds of tiers; and what is written is a valid TextGrid.
# Seen: "after interval += 0.25: None, Interval(0.25, 1.25, नमस्ते)", "remove(0, 1, 'जी') of नमस्ते: [] left", "at 1.0, where जी begins: नमस्ते",
#   "short format, words: ['नमस्ते']", "short format, points: AttributeError", "0 to 0.3, then from 0.1 + 0.2: 3 intervals".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check TextGrid==1.6.1
cat > run.py <<'PY'
import logging
import sys

from textgrid import Interval, IntervalTier, TextGrid

logging.disable(logging.WARNING)
results = []


def check(message, expected):
    print(message)
    results.append(message == expected)


def tier_of(*words, strict=True):
    tier = IntervalTier("words", 0, 2)
    tier.strict = strict
    for begin, end, text in words:
        tier.add(begin, end, text)
    return tier


def written(tier, strict=True):
    """The times of the intervals in the file."""
    grid = TextGrid(maxTime=2, strict=strict)
    grid.append(tier)
    grid.write("written.TextGrid")
    with open("written.TextGrid", encoding="utf-8") as file:
        values = [line.split(" = ")[1].strip() for line in file if line.strip().startswith(("xmin", "xmax"))]
    return [f"{begin} to {end}" for begin, end in zip(values[4::2], values[5::2])]


def short_format(kind, *entries):
    """What Praat saves as a short text file, with one tier."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "2", "<exists>", "1", f'"{kind}"', '"words"', "0", "2"]
    with open("short.TextGrid", "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, str(len(entries)), *("\n".join(entry) for entry in entries), ""]))
    try:
        return str([item.mark for item in TextGrid.fromFile("short.TextGrid")[0]])
    except AttributeError as error:
        return type(error).__name__


interval = kept = Interval(0, 1, "नमस्ते")
interval += 0.25
check(f"after interval += 0.25: {interval}, {kept}", "after interval += 0.25: None, Interval(0.25, 1.25, नमस्ते)")

check(f"two texts at one time are equal: {Interval(0, 1, 'नमस्ते') == Interval(0, 1, 'जी')}", "two texts at one time are equal: True")
tier = tier_of((0, 1, "नमस्ते"))
tier.remove(0, 1, "जी")
check(f"remove(0, 1, 'जी') of नमस्ते: {tier.intervals} left", "remove(0, 1, 'जी') of नमस्ते: [] left")

words = tier_of((0, 1, "नमस्ते"), (1, 2, "जी"))
check(f"at 1.0, where जी begins: {words.intervalContaining(1.0).mark}", "at 1.0, where जी begins: नमस्ते")

found = short_format("IntervalTier", ("0", "2", '"नमस्ते"'))
check(f"short format, words: {found}", "short format, words: ['नमस्ते']")
found = short_format("TextTier", ("0.5", '"नमस्ते"'), ("1.5", '"जी"'))
check(f"short format, points: {found}", "short format, points: AttributeError")

found = written(tier_of((0, 1.5, "नमस्ते"), (1, 2, "जी"), strict=False), strict=False)
check(f"strict=False writes {', '.join(found)}", "strict=False writes 0 to 1.5, 1 to 2")
found = written(tier_of((0, 0.3, "नमस्ते"), (0.1 + 0.2, 2, "जी")))
check(f"0 to 0.3, then from 0.1 + 0.2: {len(found)} intervals", "0 to 0.3, then from 0.1 + 0.2: 3 intervals")
try:
    error = written(tier_of((0, 0.1 + 0.2, "नमस्ते"), (0.3, 2, "जी")))
except ValueError as raised:
    error = type(raised).__name__
check(f"0 to 0.1 + 0.2, then from 0.3: {error}", "0 to 0.1 + 0.2, then from 0.3: ValueError")
sys.exit(not all(results))
PY
venv/bin/python run.py
