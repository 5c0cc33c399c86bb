#!/usr/bin/env bash
# ray 2.60.0 (ray.data), soundfile 0.14.0, numpy 2.4.6, Python 3.11.
#
# Behaviour: ray.data.read_audio ends at a file that is no audio, and neither the exception nor the log says which file that was: libsndfile was given
#   a BytesIO. What reaches the caller is UnserializableException, so that `except soundfile.LibsndfileError` does not catch it, though an
#   ordinary Ray task hands that error on as itself. With max_errored_blocks = -1, which the log proposes, the files that happen to be
#   in the same block are left out, too, without their names: of 40 files on one core, 20. override_num_blocks = 40 leaves out one.
# Wrong guess: a reader of files says which file it could not read, and what is ignored is that file.
# Seen: "UnserializableException, file named: False", "rows of 40 files, 1 damaged: 20", "in 4 blocks: 30", "in 40 blocks: 39".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check "ray[data]==2.60.0" soundfile==0.14.0 numpy==2.4.6
cat > "$work/run.py" <<'PY'
import logging
import sys
from pathlib import Path

import numpy as np
import ray
import soundfile

folder = Path(sys.argv[1], "speech")
folder.mkdir()
for number in range(40):
    soundfile.write(folder / f"call{number:02}.wav", np.zeros(16_000), 16_000)
ray.init(
    num_cpus=1,
    include_dashboard=False,
    logging_level=logging.ERROR,
    object_store_memory=100 * 2**20,
    _temp_dir=f"{sys.argv[1]}/ray",
)
context = ray.data.DataContext.get_current()
context.enable_progress_bars = False


def rows(**options):
    return ray.data.read_audio(str(folder), include_paths=True, **options).take_all()


whole = len(rows())
(folder / "call20.wav").write_bytes(b"not audio")
try:
    rows()
except Exception as error:
    kind, named = type(error).__name__, "call20" in str(error)
    caught = isinstance(error, soundfile.LibsndfileError)
context.max_errored_blocks = -1
counts = [len(rows()), len(rows(override_num_blocks=4)), len(rows(override_num_blocks=40))]
ray.shutdown()
print(f"rows of 40 files: {whole}")
print(f"{kind}, file named: {named}, LibsndfileError: {caught}")
print(f"rows of 40 files, 1 damaged: {counts[0]}; in 4 blocks: {counts[1]}, in 40 blocks: {counts[2]}")
sys.exit(not (whole == 40 and kind == "UnserializableException" and not named and not caught and counts == [20, 30, 39]))
PY
export RAY_USAGE_STATS_ENABLED=0 RAY_raylet_start_wait_time_s=100 OMP_NUM_THREADS=1
if ! "$work/venv/bin/python" -W ignore "$work/run.py" "$work" > "$work/output" 2> "$work/log"; then
  cat "$work/output" "$work/log"
  exit 1
fi
cat "$work/output"
echo "lines of the log with the file's name: $(grep -c call20 "$work/log" || true)"
! grep -q call20 "$work/log"
