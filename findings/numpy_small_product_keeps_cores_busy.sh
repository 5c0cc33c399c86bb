#!/usr/bin/env bash
# numpy 2.4.6 (OpenBLAS 0.3.31), Python 3.11 to 3.13, Linux on x86-64 with two cores or more.
#
# Behaviour: OpenBLAS divides a matrix product between two threads from 2^19 multiplications on (64×64 by 64×128), and a vector's product with a
#   matrix from 460,800 on: sizes of layers for one frame of speech. The other thread then waits for the next product in a loop, so that 15 to
#   80 ms of its core go to a product of about 0.1 ms. Below the bound no other thread runs. OpenBLAS's sources name 2^18, but that
#   is for each thread: the second one comes at twice as much.
# Wrong guess: 2^18 multiplications are the bound for both kinds; a thread without work sleeps, so that the other core costs no more
#   than its half of the product.
# Seen: "64×64 by 64×127: others 0.0 ms", "64×64 by 64×128: others 74.3 ms"; "1×1024 by 1024×449" and "1×1024 by 1024×450" likewise.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check numpy==2.4.6
cat > "$work/run.py" <<'PY'
import sys
import threading
import time
from pathlib import Path

import numpy as np


def other_threads():
    """Returns the time in ms that the threads of this process but the caller's have run."""
    own = str(threading.get_native_id())
    tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != own]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def cost(rows, inner, columns, kind):
    left, right = np.ones((rows, inner), kind), np.ones((inner, columns), kind)
    before = other_threads()
    _ = left @ right
    while True:  # until the other threads rest
        now = other_threads()
        time.sleep(0.3)
        if other_threads() == now:
            return now - before


changed = False
for kind in (np.float32, np.float64):
    for rows, inner, columns in ((64, 64, 127), (64, 64, 128), (1, 1024, 449), (1, 1024, 450)):
        others = cost(rows, inner, columns, kind)
        print(f"{rows}×{inner} by {inner}×{columns}, {kind.__name__}: others {others:.1f} ms")
        bound = 2**19 if rows > 1 else 460_800
        changed |= (others > 0) != (rows * inner * columns >= bound)
sys.exit(changed)
PY
OPENBLAS_NUM_THREADS=2 "$work/venv/bin/python" "$work/run.py"
