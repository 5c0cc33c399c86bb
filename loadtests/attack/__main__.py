"""Every attack and fault, against a server of its own: python -m loadtests.attack [--before CHECKOUT] [--only WORD]

A neighbour with a key of its own sends a clip of two seconds every 0.15 s: for a while alone, and then beside the
attack. The table says what it noticed. Server and load generator have cores of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import pytest

from loadtests.attack.attack import Attack, Row
from loadtests.attack.neighbour import Neighbour, Seen
from loadtests.attack.plot import plot
from loadtests.attack.rows import ROWS
from loadtests.attack.sounds import neighbours_clip
from loadtests.attack.target import Target, checked_out, split_cores
from tests.support.server import ROOT

QUIET_S = 4.0
WARM_UP_S = 2.0
RECOVERY_S = 20.0


@dataclass
class Result:
    """A row of the table. Times in milliseconds; not_ready: probes of /readyz that were not 200."""

    row: str
    commit: str
    quiet_p50_ms: float
    quiet_p95_ms: float
    p50_ms: float
    p95_ms: float
    n_sent: int
    n_lost: int
    n_wrong: int
    not_ready: str
    probe_max_s: float
    attacker: str
    memory_mb: float
    facts: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="a checkout that is attacked first, with this environment")
    parser.add_argument("--only", help="rows whose name has this word")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of an attack")
    parser.add_argument("--report", type=Path, default=Path("build/attack"))
    parser.add_argument("--cores", choices=["split", "all"], default="split", help="all: server and clients share them")
    arguments = parser.parse_args()
    servers, clients = split_cores()
    if arguments.cores == "all":
        servers = clients = sorted({*servers, *clients})
    os.sched_setaffinity(0, clients)
    checkouts = [*([arguments.before.resolve()] if arguments.before else []), ROOT]
    results = []
    for row in ROWS:
        if arguments.only and arguments.only not in row.name:
            continue
        if absent := [program for program in row.needs if shutil.which(program) is None]:
            print(f"{row.name}: left out, {absent[0]} is not installed", flush=True)
            continue
        for checkout in checkouts:
            try:
                found = attacked(row, checkout, servers, clients, arguments.seconds, arguments.report)
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # the other rows go on
                print(f"{row.name} at {checked_out(checkout)} could not be measured: {error!r:.300}", flush=True)
                continue
            results.append(found)
            print(json.dumps(asdict(results[-1]), ensure_ascii=False), flush=True)
    arguments.report.mkdir(parents=True, exist_ok=True)
    (arguments.report / "attack.json").write_text(json.dumps([asdict(result) for result in results], indent=1))
    plot([asdict(result) for result in results], arguments.report / "attack.png")
    table = written(results)
    (arguments.report / "attack.md").write_text(table)
    print(table)


def attacked(row: Row, checkout: Path, servers: list[int], clients: list[int], seconds: float, cache: Path) -> Result:
    """One row against one checkout."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        settings = row.settings | (stack.enter_context(row.prepare(Path(folder))) if row.prepare else {})
        target = Target(Path(folder), checkout, servers, **settings)
        neighbour = None
        try:
            target.wait_until_ready()
            neighbour = Neighbour(target.url, target.neighbour, neighbours_clip(), clients)
            neighbour.watch(WARM_UP_S)
            quiet = neighbour.watch(QUIET_S)
            attack = Attack(target, cache)
            memory = stack.enter_context(contextlib.closing(Memory(target)))
            with row.run(attack):
                time.sleep(1.0)
                seen = neighbour.watch(seconds)
                attack.ended.set()
            if row.recovers:
                start = time.monotonic()
                with contextlib.suppress(
                    pytest.fail.Exception
                ):  # before: some attacks leave a server that is never ready
                    target.wait_until_ready(RECOVERY_S)
                attack.facts["ready again"] = f"after {time.monotonic() - start:.1f} s"
                after = neighbour.watch(QUIET_S)
                attack.facts["afterwards"] = f"p95 {after.percentile_ms(95):.0f} ms, {after.n_lost} lost"
            return summed_up(row, checkout, quiet, seen, attack, memory.close())
        finally:
            if neighbour is not None:
                neighbour.close()
            # Not as an operator would: some attacks leave a server that takes its time.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(target.process.pid, signal.SIGKILL)
            target.process.wait()


def summed_up(row: Row, checkout: Path, quiet: Seen, seen: Seen, attack: Attack, memory_bytes: int) -> Result:
    """The figures of one row."""
    bad = sum(status != 200 for status in seen.ready)
    return Result(
        row=row.name,
        commit=checked_out(checkout),
        quiet_p50_ms=round(quiet.percentile_ms(50), 1),
        quiet_p95_ms=round(quiet.percentile_ms(95), 1),
        p50_ms=round(seen.percentile_ms(50), 1),
        p95_ms=round(seen.percentile_ms(95), 1),
        n_sent=len(seen.statuses),
        n_lost=seen.n_lost,
        n_wrong=seen.n_wrong,
        not_ready=f"{bad} of {len(seen.ready)}",
        probe_max_s=round(max(seen.live_s, default=0.0), 2),
        attacker=", ".join(f"{status}: {n}" for status, n in sorted(attack.outcomes.items())),
        memory_mb=round(memory_bytes / 2**20),
        facts="; ".join(f"{name}: {value}" for name, value in attack.facts.items()),
    )


class Memory:
    """The most that a server's processes have held, looked at twice a second."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> int:
        """Look no more; the most, in bytes."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(0.5):
            with contextlib.suppress(psutil.Error):
                self._most = max(self._most, self._target.resident_bytes())


def written(results: list[Result]) -> str:
    """The table in Markdown."""
    head = (
        "| attack | commit | quiet p50, p95 | p50, p95 beside it | lost | wrong | not ready | slowest probe "
        "| attacker got | memory | |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    return head + "\n".join(
        f"| {r.row} | {r.commit} | {r.quiet_p50_ms:.0f}, {r.quiet_p95_ms:.0f} ms | {r.p50_ms:.0f}, {r.p95_ms:.0f} ms "
        f"| {r.n_lost} of {r.n_sent} | {r.n_wrong} | {r.not_ready} | {r.probe_max_s:.1f} s | {r.attacker} "
        f"| {r.memory_mb:.0f} MB | {r.facts} |"
        for r in results
    )


if __name__ == "__main__":
    main()
