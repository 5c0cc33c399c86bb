"""A bulk run: read every item's checksum, skip those done, transcribe the longest first, commit shard by shard.

Ray moves items to workers and results back; the driver alone writes, so that a result which is not in a shard has
never happened, whatever dies and when. Tasks read the checksums and actors transcribe, without Ray Data: its executor
polls, and its own actors stay for the rest of the run, with 240 MiB of memory.

Longer than 300 lines: the driver of a run is one sequence of steps.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# Ray reads these when it is imported or started.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import json

import pyarrow as pa
import ray
from tqdm import tqdm

from hindi_stt.bulk.items import Item
from hindi_stt.bulk.output import Output
from hindi_stt.bulk.worker import Plan, Transcriber, probe
from hindi_stt.bundle.forms import OPENVINO
from hindi_stt.errors import DuplicateReference, HindiSTTError, WorkerLost
from hindi_stt.settings import available_cores

__all__ = ["Report", "connect", "run"]

_LOOK_ITEMS: Final = 2000
# Blocks small enough that the last one keeps no worker waiting, and large enough that Ray's share is small.
_BLOCKS_PER_WORKER: Final = 64
# The last blocks are so small a share of what remains that no worker is long without one.
_LAST_BLOCKS_PER_WORKER: Final = 4
_BLOCK_ITEMS: Final = 256
_SHARD_RECORDS: Final = 5000
_TASK_TRIES: Final = 2
# A worker has its next block when it ends one.
_AHEAD: Final = 2


@dataclass(slots=True)
class Report:
    """Result of a run.

    Attributes:
        transcribed: Number of new transcripts.
        audio_s: Seconds of audio in them.
        compute_s: From the start of the first item in a worker to the end of the last one, in seconds.
        done_before: Number of items that had a transcript before the run.
        failures: Line, source, code and message of each item without a transcript.
    """

    transcribed: int = 0
    audio_s: float = 0.0
    compute_s: float = 0.0
    done_before: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)

    def fail(self, line: int, source: str, code: str, message: str) -> None:
        """Add an item that has no transcript.

        Args:
            line: Its line in the manifest.
            source: Path or URL as written there.
            code: Code of the error.
            message: Message of the error.
        """
        self.failures.append({"line": line, "source": source, "code": code, "message": message})

    @property
    def codes(self) -> Counter[str]:
        """Number of failures by error code."""
        return Counter(failure["code"] for failure in self.failures)


def connect(address: str, workers: int) -> int:
    """Join a Ray cluster, or start Ray on this machine.

    Args:
        address: The cluster's address; empty for this machine.
        workers: Number of workers; 0 for one per core.

    Returns:
        The number of workers.
    """
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        ray.init(address=address, **quiet)
        workers = workers or int(ray.cluster_resources().get("CPU", 1))
    else:
        workers = workers or available_cores()
        # Nothing but items and texts goes through the object store.
        ray.init("local", num_cpus=workers, include_dashboard=False, object_store_memory=256 * 2**20, **quiet)
    return workers


def run(items: Iterable[Item], plan: Plan, output: Output, *, workers: int, commit_s: float) -> Report:
    """Transcribe the items that have no transcript yet.

    Args:
        items: Entries of the manifest.
        plan: What the workers need.
        output: Where transcripts are written, and found from earlier runs.
        workers: Number of workers.
        commit_s: Longest time until a result is in a shard, in seconds.

    Returns:
        What was done.

    Raises:
        OutputUnusable: The output cannot be read or written.
        WorkerLost: No worker can start.
    """
    report = Report()
    todo = _pending(_probe_all(items, plan, report, workers), plan, output.done(), report)
    todo.sort(key=lambda row: row["bytes"], reverse=True)
    waiting = {row["line"]: row for row in todo}
    shard: list[dict[str, Any]] = []
    committed, began = time.monotonic(), float("inf")
    try:
        with tqdm(total=len(todo), unit="file", disable=None, smoothing=0.05) as bar:
            for result in _transcribe(todo, plan, workers):
                row = waiting.pop(result["line"])
                if result["code"]:
                    report.fail(row["line"], row["source"], result["code"], result["message"])
                else:
                    record = json.loads(result["record"])
                    shard.append({"key": row["key"], "source": row["source"], "sha256": row["sha256"], **record})
                    report.transcribed += 1
                    report.audio_s += record["duration"]
                now = time.monotonic()
                began = min(began, result["began_s"])
                report.compute_s = max(report.compute_s, result["ended_s"] - began)
                bar.set_postfix_str(f"{report.audio_s / max(report.compute_s, 1e-3):.1f} s of audio/s", refresh=False)
                bar.update()
                if len(shard) >= _SHARD_RECORDS or (shard and now - committed >= commit_s):
                    output.commit(shard)
                    shard, committed = [], now
    finally:
        if shard:
            output.commit(shard)
    for row in waiting.values():
        report.fail(
            row["line"], row["source"], WorkerLost.code, "The worker that had this item ended, again and again."
        )
    output.write_failures(sorted(report.failures, key=lambda failure: failure["line"]))
    return report


def _probe_all(items: Iterable[Item], plan: Plan, report: Report, workers: int) -> Iterator[dict[str, Any]]:
    """Run `worker.probe` on every item of the manifest, once for each source."""
    seen: dict[str, int] = {}
    lines: list[int] = []
    for item in items:
        error: HindiSTTError | None = item.error
        if error is None and (first := seen.setdefault(item.source, item.line)) != item.line:
            error = DuplicateReference(f"Line {first} has the same source.")
        if error:
            report.fail(item.line, item.source, error.code, error.message)
        else:
            lines.append(item.line)
    size = max(1, min(_LOOK_ITEMS, len(lines) // (4 * workers)))
    tables = iter(_tables({"line": lines, "source": list(seen)}, [size] * -(-len(lines) // size)))
    task, shared = ray.remote(num_cpus=1, max_retries=_TASK_TRIES)(probe), ray.put(plan)
    under_way = [task.remote(table, shared) for table in itertools.islice(tables, _AHEAD * workers)]
    missing = dict(zip(lines, seen, strict=True))
    while under_way:
        (done,), under_way = ray.wait(under_way, num_returns=1)
        under_way += [task.remote(table, shared) for table in itertools.islice(tables, 1)]
        with contextlib.suppress(ray.exceptions.RayError):  # what a dying worker held is reported below
            for row in ray.get(done).to_pylist():
                del missing[row["line"]]
                yield row
    for line, source in missing.items():
        report.fail(line, source, WorkerLost.code, "The worker that looked at this item ended, again and again.")


def _pending(looked: Iterable[Mapping[str, Any]], plan: Plan, done: set[str], report: Report) -> list[dict[str, Any]]:
    """Items to be transcribed, each content once, with their keys."""
    work = _digest_of_work(plan)
    first: dict[str, int] = {}
    todo = []
    for row in sorted(looked, key=lambda row: int(row["line"])):
        if row["code"]:
            report.fail(row["line"], row["source"], row["code"], row["message"])
            continue
        key = hashlib.sha256(f"{row['sha256']} {work}".encode()).hexdigest()
        if (line := first.setdefault(key, row["line"])) != row["line"]:
            report.fail(row["line"], row["source"], DuplicateReference.code, f"Line {line} has the same content.")
        elif key in done:
            report.done_before += 1
        else:
            todo.append({**row, "key": key})
    return todo


def _digest_of_work(plan: Plan) -> str:
    """Identifies everything that a transcript depends on except the recording."""
    settings = plan.settings
    parts = [plan.tag, repr(plan.options), str(settings.max_segment_s), str(settings.beam_width)]
    for path in (plan.language_model, settings.hotwords_file):
        if path:
            with open(path, "rb") as file:  # noqa: PTH123
                parts.append(hashlib.file_digest(file, "sha256").hexdigest())
    if plan.form.startswith(
        OPENVINO
    ):  # ONNX Runtime's forms are left out: earlier runs go on without redoing their work
        parts.append(plan.form)
    return hashlib.sha256("\n".join([*parts, settings.language_model]).encode()).hexdigest()


def _transcribe(todo: Sequence[Mapping[str, Any]], plan: Plan, workers: int) -> Iterator[dict[str, Any]]:
    """Transcribe block by block; then, one by one, the items of blocks whose worker died. Raises WorkerLost."""
    if not todo:
        return
    columns = {name: [row[name] for row in todo] for name in ("line", "source")}
    blocks = _tables(columns, _block_sizes([row["bytes"] for row in todo], workers))
    actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=_TASK_TRIES)(Transcriber)
    pool = [actor.remote(plan) for _ in range(min(workers, len(blocks)))]
    lost: list[pa.Table] = []
    yield from _results(pool, blocks, _AHEAD, lost)
    yield from _results(pool, [block.slice(i, 1) for block in lost for i in range(len(block))], 1, [])


def _results(pool: list[Any], blocks: Iterable[pa.Table], ahead: int, lost: list[pa.Table]) -> Iterator[dict[str, Any]]:
    """Collect the workers' results; each worker has `ahead` blocks in progress or queued.

    Args:
        pool: The workers; those that cannot start are removed.
        blocks: The work.
        ahead: Blocks per worker.
        lost: Receives the blocks whose worker died.

    Yields:
        The result of each item.

    Raises:
        WorkerLost: No worker can start.
    """
    waiting = iter(blocks)
    under_way: dict[Any, tuple[Any, pa.Table]] = {}

    def send(worker: Any) -> None:
        for block in itertools.islice(waiting, 1):
            under_way[worker.__call__.remote(block)] = worker, block

    for worker in pool * ahead:
        send(worker)
    while under_way:
        (done,), _ = ray.wait(list(under_way), num_returns=1)
        worker, block = under_way.pop(done)
        try:
            table = ray.get(done)
        except ray.exceptions.RayError as error:
            lost.append(block)
            if isinstance(error, ray.exceptions.ActorDiedError) and worker in pool:
                pool.remove(worker)
                if not pool:
                    raise WorkerLost(f"No worker could start: {str(error).strip().splitlines()[-1]}") from error
            table = None
        if worker in pool:
            send(worker)
        if table is not None:
            yield from table.to_pylist()


def _block_sizes(sizes: Sequence[int], workers: int) -> list[int]:
    """Return how many items, longest first, form each block: blocks of about equal size in bytes, at last smaller ones.

    The last blocks are a share of what remains, so that all workers end at about the same time: guided self-scheduling,
    C. D. Polychronopoulos and D. J. Kuck, IEEE Transactions on Computers C-36, 1987.
    """
    remaining = sum(sizes)
    largest = remaining // (_BLOCKS_PER_WORKER * workers)
    counts: list[int] = []
    held = bound = 0
    for size in sizes:
        if not counts or held + size > bound or counts[-1] >= _BLOCK_ITEMS:
            counts.append(0)
            held, bound = 0, min(largest, remaining // (_LAST_BLOCKS_PER_WORKER * workers))
        counts[-1] += 1
        held += size
        remaining -= size
    return counts


def _tables(columns: Mapping[str, Sequence[Any]], counts: Iterable[int]) -> list[pa.Table]:
    table = pa.table(dict(columns))
    tables, start = [], 0
    for count in counts:
        tables.append(table.slice(start, count).combine_chunks())
        start += count
    return tables
