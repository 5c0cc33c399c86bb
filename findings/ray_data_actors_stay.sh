#!/usr/bin/env bash
# ray 2.60.0 (ray.data), psutil 7.2.2, Python 3.11.
#
# Behaviour: two actors that ray.data starts for its first dataset, _StatsActor and _AutoscalingCoordinatorActor, stay until ray.shutdown, also
#   when every dataset was read to its end and deleted. Each is a process of its own with about 120 MiB (proportional set size), and takes no CPU
#   of the pool, so that ray.available_resources() is what it was before: a dataset of 1000 integers costs a small machine some 240 MiB for good.
# Wrong guess: a dataset that was read and deleted leaves nothing behind but the pool's workers.
# Seen: "before the dataset: []", "after it was deleted: ['_AutoscalingCoordinatorActor', '_StatsActor']", "CPUs available: 2.0, before 2.0".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check "ray[data]==2.60.0" psutil==7.2.2
cat > "$work/run.py" <<'PY'
import gc
import logging
import sys
import time

import psutil
import pyarrow as pa
import ray


def actors():
    found = [process for process in psutil.process_iter() if process.name().startswith("ray::_")]
    return sorted(process.name().removeprefix("ray::") for process in found), found


ray.init(
    "local",
    num_cpus=2,
    include_dashboard=False,
    logging_level=logging.ERROR,
    object_store_memory=100 * 2**20,
    _temp_dir=f"{sys.argv[1]}/ray",
)
before, _ = actors()
cpus = ray.available_resources()["CPU"]
ray.data.DataContext.get_current().enable_progress_bars = False
dataset = ray.data.from_arrow(pa.table({"number": list(range(1000))})).map_batches(lambda batch: batch)
assert len(dataset.take_all()) == 1000
del dataset
gc.collect()
time.sleep(30)
after, processes = actors()
memory = [process.memory_full_info().pss / 2**20 for process in processes]
now = ray.available_resources()["CPU"]
ray.shutdown()
print(f"before the dataset: {before}")
print(f"after it was deleted: {after}, {sum(memory):.0f} MiB")
print(f"CPUs available: {now}, before {cpus}")
sys.exit(not (not before and after == ["_AutoscalingCoordinatorActor", "_StatsActor"] and sum(memory) > 100 and now == cpus))
PY
export RAY_USAGE_STATS_ENABLED=0 RAY_raylet_start_wait_time_s=100 OMP_NUM_THREADS=1
if ! "$work/venv/bin/python" -W ignore "$work/run.py" "$work" > "$work/output" 2> "$work/log"; then
  cat "$work/output" "$work/log"
  exit 1
fi
cat "$work/output"
