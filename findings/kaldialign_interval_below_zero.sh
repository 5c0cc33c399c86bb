#!/usr/bin/env bash
# kaldialign 0.12.0, Python 3.11 to 3.13.
#
# Behaviour: bootstrap_wer_ci returns mean ± 1.96 standard deviations of the resampled rates, not their percentiles. With few utterances, most
#   of them right, the lower end is a word error rate below zero. Its "wer" is the mean of the resamples, so that it differs from
#   the rate of the data (which edit_distance gives) and from run to run of another seed.
# Wrong guess: a bootstrap interval by percentiles, between 0 and the worst resample, around the rate of the data.
# Seen: "rate of the data 0.1667, of the resamples 0.1544", "interval -0.0756 to 0.3845" for three utterances, one of them with two errors.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check kaldialign==0.12.0
"$work/venv/bin/python" - <<'PY'
import sys

import kaldialign

said = ["कल सुबह आना".split(), "हाँ ठीक है जी".split(), "वह घर जा रहा है".split()]
written = [said[0], said[1], "वह गर जा रही है".split()]
errors = sum(kaldialign.edit_distance(a, b)["total"] for a, b in zip(said, written, strict=True))
rate = errors / sum(map(len, said))
found = kaldialign.bootstrap_wer_ci(said, written)
print(f"rate of the data {rate:.4f}, of the resamples {found['wer']:.4f}")
print(f"interval {found['ci95min']:.4f} to {found['ci95max']:.4f}")
sys.exit(found["ci95min"] >= 0 or found["wer"] == rate)
PY
