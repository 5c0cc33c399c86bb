#!/usr/bin/env bash
# ctc-segmentation 1.7.5, NumPy 2.4.6, Python 3.11 (it is built from source, with a C compiler).
#
# Behaviour: an utterance of one or two letters that begins in the first or second frame of the audio is put right in front of the next
#   utterance, here 3.4 s late, with a score of -0.58 (e to this is 0.56). Two more frames in front of the same audio put it right, and so
#   does preamble_transition_cost_zero=False. Three letters stay, with a score of -3.9 instead of -0.02. An utterance without a letter that
#   the model knows, such as OK or १९४७ with Devanagari letters only, gets a start that lies seconds behind its end, and no error, between
#   others; as the last one it raises IndexError for all of them.
# Wrong guess: the probabilities are near 1 in each frame, so the alignment is right wherever the speech begins; an utterance that cannot be aligned
#   is left out, or gets no time.
# Seen: "जी from frame 0: 3.38 to 3.94 s, score -0.58", "जी from frame 2: 0.02 to 0.18 s, score -0.02",
#   "जी, OK, बात: OK from 3.90 to 0.50 s", "जी, बात, OK: IndexError: index 9 is out of bounds for axis 0 with size 9".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check ctc-segmentation==1.7.5 numpy==2.4.6
cat > run.py <<'PY'
import logging

import numpy as np
from ctc_segmentation import CtcSegmentationParameters, ctc_segmentation, determine_utterance_segments, prepare_text

logging.disable(logging.WARNING)
LETTERS = ["<blank>", *"कखगघचछजझटठडढतथदधनपफबभमयरलवशषसहअआइईउऊएऐओऔािीुूेैोौंँ़्"]
FRAME = 0.04


def segments(utterances, first_frames, frames=250, **parameters):
    """Start, end and score of each utterance; its letters have a probability of 0.98 in every second frame from its first one on."""
    probabilities = np.full((frames, len(LETTERS)), 0.02 / (len(LETTERS) - 1))
    spoken = {}
    for utterance, first_frame in zip(utterances, first_frames):
        known = [letter for letter in utterance if letter in LETTERS]
        spoken.update({first_frame + 2 * index: LETTERS.index(letter) for index, letter in enumerate(known)})
    for frame in range(frames):
        probabilities[frame, spoken.get(frame, 0)] = 0.98
    config = CtcSegmentationParameters(char_list=LETTERS, index_duration=FRAME, **parameters)
    truth, begins = prepare_text(config, utterances)
    timings, letter_probabilities, _ = ctc_segmentation(config, np.log(probabilities), truth)
    found = determine_utterance_segments(config, begins, letter_probabilities, timings, utterances)
    return [tuple(round(float(value), 2) for value in segment) for segment in found]


as_expected = True
for word, frame, parameters, late in (
    ("जी", 0, {}, True),
    ("जी", 1, {}, True),
    ("जी", 2, {}, False),
    ("जी", 0, {"preamble_transition_cost_zero": False}, False),
    ("हाँ", 0, {}, False),
    ("हाँ", 2, {}, False),
    ("नमस्ते", 0, {}, False),
    ("नमस्ते", 2, {}, False),
):
    start, end, score = segments([word, "ठीक बात है", "अच्छा"], [frame, 100, 200], **parameters)[0]
    name = "".join(f", {key}={value}" for key, value in parameters.items())
    print(f"{word} from frame {frame}{name}: {start:.2f} to {end:.2f} s, score {score:.2f}")
    as_expected = as_expected and (start > 3 and score > -1 if late else start < 0.1)

for utterances in (["OK", "जी", "बात"], ["जी", "OK", "बात"], ["जी", "१९४७", "बात"]):
    index = next(index for index, utterance in enumerate(utterances) if not set(utterance) & set(LETTERS))
    start, end, _ = segments(utterances, [10, 60, 110])[index]
    print(f"{', '.join(utterances)}: {utterances[index]} from {start:.2f} to {end:.2f} s")
    as_expected = as_expected and start > end + 1
try:
    print(segments(["जी", "बात", "OK"], [10, 60, 110]))
    as_expected = False
except IndexError as error:
    print(f"जी, बात, OK: IndexError: {error}")
raise SystemExit(int(not as_expected))
PY
venv/bin/python run.py
