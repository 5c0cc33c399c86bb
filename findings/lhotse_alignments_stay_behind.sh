#!/usr/bin/env bash
# lhotse 1.33.0 with torch 2.13.0 (any build) and urllib3, which lhotse imports and does not ask for, Python 3.11.
#
# Behaviour: where a cut is truncated, windowed or trimmed, its supervisions' times become the cut's, while the times of the words within them
#   (`alignment`) stay those of the recording, so that both can only be compared with the cut's start added. move_to_memory,
#   save_audio and to_shar, by which the data of a training are stored, keep the cut's part of the audio and set its start to 0: then
#   nothing tells where the words were, and trim_to_alignments cuts other words' audio under their text, without a message.
# Wrong guess: a word's time counts from where its supervision's does, and storing a cut does not change what belongs to what.
# Seen: words of 400, 800 and 1600 Hz: "truncated: supervision at 0.2, एक at 1.2", then "एक 400, दो 800, तीन 1600"; after
#   move_to_memory, save_audio and to_shar "एक 800, दो 1600, तीन silence".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  lhotse==1.33.0 torch==2.13.0 urllib3==2.5.0 numpy==2.4.6 soundfile==0.14.0
cat > "$work/run.py" <<'PY'
import os
import sys

import numpy as np
import soundfile
from lhotse import CutSet, MonoCut, Recording, SupervisionSegment
from lhotse.supervision import AlignmentItem

os.chdir(sys.argv[1])
RATE = 16_000
WORDS = {"एक": (1.2, 400), "दो": (2.2, 800), "तीन": (3.2, 1_600)}  # each 0.5 s long: its start in seconds, its tone in Hz

seconds = np.arange(8 * RATE) / RATE
recorded = np.zeros(8 * RATE)
for start, frequency in WORDS.values():
    spoken = (seconds >= start) & (seconds < start + 0.5)
    recorded[spoken] = 0.3 * np.sin(2 * np.pi * frequency * seconds[spoken])
soundfile.write("words.wav", recorded, RATE)
items = [AlignmentItem(word, start, 0.5) for word, (start, _) in WORDS.items()]
sentence = SupervisionSegment("s", "words", 1.2, 2.5, text=" ".join(WORDS), alignment={"word": items})
whole = MonoCut("words", 0, 8, 0, recording=Recording.from_file("words.wav"), supervisions=[sentence])


def heard(cut):
    """The tone in the audio of each word's own cut."""
    found = {}
    for part in CutSet.from_cuts([cut]).trim_to_alignments("word"):
        samples = part.load_audio()[0]
        middle = samples[len(samples) // 4 : -len(samples) // 4]
        tone = round(float(np.argmax(np.abs(np.fft.rfft(middle))) * RATE / len(middle)))
        found[part.supervisions[0].text] = tone if np.abs(middle).max() > 0.01 else "silence"
    return found


truncated = whole.truncate(offset=1, duration=7)
(moved,) = truncated.supervisions
print(f"truncated: supervision at {moved.start}, {moved.alignment['word'][0].symbol} at {moved.alignment['word'][0].start}")
os.mkdir("shar")
CutSet.from_cuts([truncated]).to_shar("shar", fields={"recording": "wav"})
cuts = {
    "whole": whole,
    "truncated": truncated,
    "move_to_memory": truncated.move_to_memory(),
    "save_audio": truncated.save_audio("saved.wav"),
    "to_shar": next(iter(CutSet.from_shar(in_dir="shar"))),
}
found = {name: heard(cut) for name, cut in cuts.items()}
for name, tones in found.items():
    print(f"{name}:", ", ".join(f"{word} {tone}" for word, tone in tones.items()))
right = {word: tone for word, (_, tone) in WORDS.items()}
wrong = {"एक": 800, "दो": 1_600, "तीन": "silence"}
sys.exit(
    not (
        (moved.start, moved.alignment["word"][0].start) == (0.2, 1.2)
        and found["whole"] == found["truncated"] == right
        and found["move_to_memory"] == found["save_audio"] == found["to_shar"] == wrong
    )
)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" -W ignore "$work/run.py" "$work"
