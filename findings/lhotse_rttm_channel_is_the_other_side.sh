#!/usr/bin/env bash
# lhotse 1.33.0 with torch 2.13.0 (any build) and urllib3, which lhotse imports and does not ask for, Python 3.11.
#
# Behaviour: RTTM counts channels from 1, as from_rttm's own documentation says, and a Recording counts them from 0; SupervisionSet.from_rttm takes
#   the number over as it is. What a call's left side said is cut out of the right side's audio, without a message, and the right side's
#   segments raise. For a mono recording each cut by speaker raises. CTM is the same: with_alignment_from_ctm(match_channel=True)
#   gives the left side's words to the right side and none to the left. write_alignment_to_ctm numbers the channels from 0.
# Wrong guess: a reader that describes the column as counted from 1 subtracts the 1, or CutSet.from_manifests refuses a channel that the
#   recording does not have.
# Seen: the left side has a tone of 300 Hz, the right one of 1000 Hz: "left: 1000 Hz", "right: AssertionError", "mono: AssertionError",
#   "words of channel 0 (left): [], of channel 1 (right): ['बायाँ']", "written CTM: call 0 0.50 0.50 बायाँ".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check \
  lhotse==1.33.0 torch==2.13.0 urllib3==2.5.0 numpy==2.4.6 soundfile==0.14.0
cat > "$work/run.py" <<'PY'
import os
import sys
from pathlib import Path

import numpy as np
import soundfile
from lhotse import CutSet, Recording, RecordingSet, SupervisionSegment, SupervisionSet
from lhotse.supervision import AlignmentItem

os.chdir(sys.argv[1])
RATE = 16_000
seconds = np.arange(3 * RATE) / RATE
sides = 0.3 * np.sin(2 * np.pi * seconds[:, None] * np.array([300, 1_000]))
soundfile.write("call.wav", sides, RATE)
soundfile.write("mono.wav", sides[:, 0], RATE)
rttm = "SPEAKER {} {} 0.500 1.000 <NA> <NA> {} <NA> <NA>\n"
Path("call.rttm").write_text(rttm.format("call", 1, "left") + rttm.format("call", 2, "right"), encoding="utf-8")
Path("mono.rttm").write_text(rttm.format("mono", 1, "mono"), encoding="utf-8")


def heard(name):
    """What the audio of each speaker's cut is: the frequency of its tone, or the error."""
    recordings = RecordingSet.from_recordings([Recording.from_file(f"{name}.wav")])
    cuts = CutSet.from_manifests(recordings=recordings, supervisions=SupervisionSet.from_rttm(f"{name}.rttm"))
    found = {}
    for cut in cuts.trim_to_supervisions(keep_overlapping=False):
        try:
            samples = cut.load_audio()[0]
        except AssertionError as error:
            found[cut.supervisions[0].speaker] = type(error).__name__
            continue
        loudest = np.argmax(np.abs(np.fft.rfft(samples)))
        found[cut.supervisions[0].speaker] = f"{loudest * RATE / len(samples):.0f} Hz"
    return found


cut_out = heard("call") | heard("mono")
for speaker, audio in cut_out.items():
    print(f"{speaker}: {audio}")

Path("call.ctm").write_text("call 1 0.50 0.50 बायाँ\ncall 2 0.50 0.50 दायाँ\n", encoding="utf-8")
both = SupervisionSet.from_segments(SupervisionSegment(f"u{side}", "call", 0.5, 1, channel=side) for side in (0, 1))
aligned = both.with_alignment_from_ctm("call.ctm", match_channel=True)
words = {segment.channel: [item.symbol for item in segment.alignment["word"]] for segment in aligned}
print(f"words of channel 0 (left): {words[0]}, of channel 1 (right): {words[1]}")

item = AlignmentItem("बायाँ", 0.5, 0.5)
left = SupervisionSegment("u", "call", 0.5, 1, channel=0, alignment={"word": [item]})
SupervisionSet.from_segments([left]).write_alignment_to_ctm("written.ctm")
written = Path("written.ctm").read_text(encoding="utf-8").strip()
print("written CTM:", written)
sys.exit(
    not (
        cut_out == {"left": "1000 Hz", "right": "AssertionError", "mono": "AssertionError"}
        and words == {0: [], 1: ["बायाँ"]}
        and written.startswith("call 0 ")
    )
)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" -W ignore "$work/run.py" "$work"
