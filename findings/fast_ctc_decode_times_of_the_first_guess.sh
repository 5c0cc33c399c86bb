#!/usr/bin/env bash
# fast-ctc-decode 0.3.7 and NumPy 2.4.6, Python 3.11.
#
# Behaviour: beam_search() returns a path of frames beside the text, as viterbi_search() does, but it is the frame in which a prefix was
#   first tried, not the one in which the letter was spoken: with its default settings, a letter after a second of silence gets the
#   first frame of that silence, though the network gave it 0.25 % there and 99 % a second later. beam_cut_threshold=0.1, as in the
#   README, hides that where each frame is certain: one frame with 15 % far before the letter is enough to move it there.
# Wrong guess: the path tells where each letter is, within a frame or two, as the one of viterbi_search() does.
# Seen, for "a", 50 blank frames of 20 ms and "b": "default: ab at frames 0 1", "threshold 0.001: ab at frames 0 1", "threshold 0.1: ab at
#   frames 0 51", "threshold 0.1, 15 % for b in frame 10: ab at frames 0 10", "viterbi: ab at frames 0 51".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check fast-ctc-decode==0.3.7 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
from fast_ctc_decode import beam_search, viterbi_search

ALPHABET = "-abcd"  # the first one is the blank


def posteriors(spoken):
    frames = np.full((len(spoken), len(ALPHABET)), 0.0025, dtype=np.float32)
    for frame, letter in enumerate(spoken):
        frames[frame, ALPHABET.index(letter)] = 0.99
    return frames


clear = posteriors("a" + 50 * "-" + "b")
doubt = clear.copy()
doubt[10] = [0.8425, 0.0025, 0.15, 0.0025, 0.0025]
assert np.allclose(doubt.sum(axis=1), 1)

as_expected = True
for name, decode, frames, expected in [
    ("default", beam_search, clear, "ab at frames 0 1"),
    ("threshold 0.001", lambda *a: beam_search(*a, beam_cut_threshold=0.001), clear, "ab at frames 0 1"),
    ("threshold 0.1", lambda *a: beam_search(*a, beam_cut_threshold=0.1), clear, "ab at frames 0 51"),
    ("threshold 0.1, 15 % for b in frame 10", lambda *a: beam_search(*a, beam_cut_threshold=0.1), doubt, "ab at frames 0 10"),
    ("viterbi", viterbi_search, clear, "ab at frames 0 51"),
    ("viterbi, 15 % for b in frame 10", viterbi_search, doubt, "ab at frames 0 51"),
]:
    text, path = decode(frames, ALPHABET)
    found = f"{text} at frames {' '.join(map(str, path))}"
    print(f"{name}: {found}")
    as_expected = as_expected and found == expected
sys.exit(not as_expected)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" "$work/run.py"
