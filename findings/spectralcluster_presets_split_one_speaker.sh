#!/usr/bin/env bash
# spectralcluster 0.2.22, numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, Python 3.11.
#
# Behaviour: the ready clusterers of the package (`configs.icassp2018_clusterer`, `configs.turntodiarize_clusterer`) make two or more speakers
#   of a recording of one: they never answer with one cluster. `SpectralClusterer(min_clusters=1)` finds one.
# Wrong guess: a preset with the parameters of the paper, which leaves the number of speakers open, may find one speaker.
# Seen: for 20 windows of one speaker, whose cosine similarity is 0.9: icassp2018 2 speakers, turntodiarize 4, min_clusters=1 one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check spectralcluster==0.2.22 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
cat > "$work/run.py" <<'PY'
import sys

import numpy as np
from spectralcluster import SpectralClusterer, configs

draw = np.random.default_rng(0)
clusterers = {
    "icassp2018": configs.icassp2018_clusterer,
    "turntodiarize": configs.turntodiarize_clusterer,
    "min_clusters=1": SpectralClusterer(min_clusters=1, max_clusters=8),
}
found = {name: [] for name in clusterers}
for windows in (5, 20, 60):
    embeddings = draw.normal(size=192) + 0.3 * draw.normal(size=(windows, 192))
    for name, clusterer in clusterers.items():
        found[name].append(len(set(clusterer.predict(embeddings))))
for name, counts in found.items():
    print(f"{name}: {counts} speakers in 5, 20 and 60 windows of one speaker")
sys.exit(not (min(found["icassp2018"] + found["turntodiarize"]) >= 2 and set(found["min_clusters=1"]) == {1}))
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
