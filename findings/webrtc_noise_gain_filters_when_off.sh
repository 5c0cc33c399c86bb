#!/usr/bin/env bash
# webrtc-noise-gain 1.3.0 (used by Wyoming's satellites), numpy 2.2.6, Python 3.11 to 3.13.
#
# Behaviour: AudioProcessor(0, 0), gain control and noise suppression both off, still runs the audio through a high-pass filter: a hum of
#   50 Hz comes out at a quarter of its level, speech frequencies as they were. Level 4 of the suppression takes a steady 300 Hz tone
#   down to a tenth within a second: steady tones (dial tones, whistles) are noise to it.
# Wrong guess: with both settings 0 the samples come back unchanged.
# Seen: "50 Hz, off: 0.249", "300 Hz, off: 0.995", "300 Hz, level 4: 0.09".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check webrtc-noise-gain==1.3.0 numpy==2.2.6
cd "$work"
venv/bin/python - <<'PY'
import sys

import numpy as np
from webrtc_noise_gain import AudioProcessor

RATE = 16_000


def level(hertz: int, suppression: int) -> float:
    tone = (0.3 * np.sin(2 * np.pi * hertz * np.arange(2 * RATE) / RATE) * 32_767).astype(np.int16)
    processor = AudioProcessor(0, suppression)
    blocks = [processor.Process10ms(tone[at : at + 160].tobytes()).audio for at in range(0, len(tone), 160)]
    heard = np.frombuffer(b"".join(blocks), np.int16)[RATE:].astype(float)
    return float(np.sqrt((heard**2).mean() / (tone[RATE:].astype(float) ** 2).mean()))


hum, tone, suppressed = level(50, 0), level(300, 0), level(300, 4)
print(f"50 Hz, off: {hum:.3f}")
print(f"300 Hz, off: {tone:.3f}")
print(f"300 Hz, level 4: {suppressed:.2f}")
sys.exit(not (0.2 < hum < 0.3 and tone > 0.97 and suppressed < 0.15))
PY
