#!/usr/bin/env bash
# auditok 0.5.2, numpy 2.3.5, Python 3.11.
#
# Behaviour: 8-bit WAV, which its errors name among the supported formats, is read as signed, though WAV's 8 bits are unsigned, and is not
#   brought to the scale of the other widths, though to_array's documentation says that thresholds mean the same for all: silence is -128
#   and a tone of half the full scale is quieter than it; split() finds nothing with its usual threshold, and with 40 the silences and not
#   the tone; make_silence(1, 8000, 1, 1) is saved as a constant at negative full scale. At 16 bits, min_dur counts the silence behind
#   a sound, up to max_silence (0.3 s): a click of 50 ms is an event of 0.35 s for min_dur=0.3. With max_trailing_silence=0 it is none,
#   and a sound of 200 ms for min_dur=0.25 neither: the option removes events instead of making them shorter.
# Wrong guess: 8-bit WAV is read as every reader does, with silence at 0, and thresholds mean the same for all widths; min_dur is the least
#   duration of the sound; and max_trailing_silence changes where events end, not which there are.
# Seen: "16 bits: [(1.0, 2.3)]; threshold 40: [(1.0, 2.3)]", "8 bits: []; threshold 40: [(0.0, 1.3), (2.0, 3.0)]", "8 bits: samples from
#   -128 to 123, in silence -128", "click of 50 ms, min_dur=0.3: [(1.0, 1.35)]; with max_trailing_silence=0: []".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check auditok==0.5.2 numpy==2.3.5
cat > run.py <<'PY'
import sys
import wave

import auditok
import numpy as np

RATE = 8000


def recording(seconds):
    """Three seconds: silence with a tone at half the full scale that begins at one second."""
    samples = np.zeros(3 * RATE)
    count = round(seconds * RATE)
    samples[RATE : RATE + count] = 0.5 * np.sin(2 * np.pi * 300 * np.arange(count) / RATE)
    return samples


def write(name, samples, width):
    coded = np.round(samples * 32767).astype("<i2") if width == 2 else (np.round(samples * 127) + 128).astype("u1")
    with wave.open(name, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(RATE)
        file.writeframes(coded.tobytes())


def events(name, **options):
    return [(round(float(region.start), 2), round(float(region.end), 2)) for region in auditok.split(name, **options)]


as_expected = True
for width, usual, lower, silence in ((2, [(1.0, 2.3)], [(1.0, 2.3)], 0), (1, [], [(0.0, 1.3), (2.0, 3.0)], -128)):
    name = f"{8 * width}.wav"
    write(name, recording(1.0), width)
    samples = auditok.load(name).numpy()
    found = events(name), events(name, energy_threshold=40)
    print(f"{8 * width} bits: {found[0]}; threshold 40: {found[1]}")
    print(f"{8 * width} bits: samples from {samples.min():.0f} to {samples.max():.0f}, in silence {samples[0, 0]:.0f}")
    as_expected = as_expected and found == (usual, lower) and samples[0, 0] == silence

auditok.make_silence(1, RATE, 1, 1).save("silence.wav")
with wave.open("silence.wav") as file:
    values = set(file.readframes(RATE))
print(f"make_silence at 8 bits: the WAV file's values are {values}, where 128 is silence")
as_expected = as_expected and values == {0}

write("click.wav", recording(0.05), 2)
found = events("click.wav", min_dur=0.3), events("click.wav", min_dur=0.3, max_trailing_silence=0)
print(f"click of 50 ms, min_dur=0.3: {found[0]}; with max_trailing_silence=0: {found[1]}")
write("short.wav", recording(0.2), 2)
short = events("short.wav", min_dur=0.25), events("short.wav", min_dur=0.25, max_trailing_silence=0)
print(f"sound of 200 ms, min_dur=0.25: {short[0]}; with max_trailing_silence=0: {short[1]}")
as_expected = as_expected and found == ([(1.0, 1.35)], []) and short == ([(1.0, 1.5)], [])
sys.exit(not as_expected)
PY
venv/bin/python run.py
