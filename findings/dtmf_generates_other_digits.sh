#!/usr/bin/env bash
# dtmf 1.1.0 and NumPy 2.4.6, Python 3.11.
#
# Behaviour: dtmf repeats one period of a whole number of samples, rounded up, so that the tones that it generates at 8 kHz are 4 % to 10 %
#   too low: 697 Hz is 667, 770 is 727, and 1,477 Hz is 1,333, which is the 1,336 Hz of other digits. Q.23 allows 1.8 %; a receiver
#   that takes the nearest tones hears 122122455788 for 123456789*0#. Its detect() compares a power with the mean square of the samples,
#   so that it depends on the level: of correct digits at a peak of 0.05 to 0.1 of full scale, as in a call, it finds none or one of
#   twelve, at full scale all, and none in 16-bit integers. It raises ZeroDivisionError for digital silence, and at the end of any
#   recording whose length is a multiple of 205 samples.
# Wrong guess: generated digits are within the tolerance, and detect() finds a digit at any level, in floats and in integers.
# Seen: "generated 1, lower and upper tone in Hz: (667, 1143)", "generated digits received as: 122122455788", "correct digits found at a
#   peak of 0.1: 1", "correct digits found at a peak of 1: 12", "correct digits found in 16-bit integers: 0", "400 samples of silence:
#   ZeroDivisionError: float division by zero", "3 x 205 samples of tone: ZeroDivisionError: float division by zero".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check dtmf==1.1.0 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
from dtmf import detect, generate, parse

LOW, HIGH, KEYS = (697, 770, 852, 941), (1209, 1336, 1477), "123456789*0#"
RATE = 8000
as_expected = True


def check(name, found, expected):
    global as_expected
    print(f"{name}: {found}")
    as_expected = as_expected and found == expected


def correct_tone(key, peak, samples=800):
    row, column = divmod(KEYS.index(key), 3)
    time = np.arange(samples) / RATE
    return peak / 2 * (np.sin(2 * np.pi * LOW[row] * time) + np.sin(2 * np.pi * HIGH[column] * time))


def frequencies(samples):
    """The strongest frequency of the lower and of the upper group, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * RATE))
    hertz = np.arange(len(spectrum)) / 8
    groups = [(hertz > 600) & (hertz < 1050), (hertz > 1050) & (hertz < 1750)]
    return tuple(round(float(hertz[group][spectrum[group].argmax()])) for group in groups)


def received(samples):
    low, high = frequencies(samples)
    row = min(range(4), key=lambda at: abs(LOW[at] - low))
    column = min(range(3), key=lambda at: abs(HIGH[at] - high))
    return KEYS[3 * row + column]


def found_in(samples):
    return {block.tone.symbol for block in detect(np.asarray(samples).tolist(), RATE) if block.tone}


check("correct 1", frequencies(correct_tone("1", 1)), (697, 1209))
check("correct digits received as", "".join(received(correct_tone(key, 1)) for key in KEYS), KEYS)
own = {key: np.array(list(generate(parse(key)))[:320]) for key in KEYS}  # 40 ms of tone, without the pause
check("generated 1, lower and upper tone in Hz", frequencies(own["1"]), (667, 1143))
check("generated 3, lower and upper tone in Hz", frequencies(own["3"]), (667, 1333))
check("generated digits received as", "".join(received(own[key]) for key in KEYS), "122122455788")

for peak, expected in ((0.05, 0), (0.1, 1), (1, 12)):
    check(f"correct digits found at a peak of {peak}", sum(found_in(correct_tone(key, peak)) == {key} for key in KEYS), expected)
integers = [np.round(32767 * correct_tone(key, 1)).astype(int).tolist() for key in KEYS]
check("correct digits found in 16-bit integers", sum(found_in(samples) == {key} for key, samples in zip(KEYS, integers)), 0)

for name, samples in (("400 samples of silence", np.zeros(400)), ("3 x 205 samples of tone", correct_tone("1", 1, 615))):
    try:
        outcome = found_in(samples)
    except ZeroDivisionError as error:
        outcome = f"ZeroDivisionError: {error}"
    check(name, outcome, "ZeroDivisionError: float division by zero")
sys.exit(not as_expected)
PY
OMP_NUM_THREADS=1 "$work/venv/bin/python" "$work/run.py"
