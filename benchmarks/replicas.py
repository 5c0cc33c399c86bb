"""A simulation of replicas behind a balancer, with measured service times: python -m benchmarks.replicas.

Requests come at random (Poisson) and stay with the replica that the balancer gives them to, in whose cores' queue they
are served in order, a core each. Nothing here is a measurement but the service times of build/capacity.json.
"""

from __future__ import annotations

import heapq
import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

POLICIES = ("random", "round robin", "least")
PLOT = Path("docs/images/capacity-simulation.png")


@dataclass(frozen=True)
class Autoscaler:
    """Looks every `look_s` s and asks for (served and waiting) / (cores × target) replicas, ready after `lag_s`."""

    lag_s: float
    look_s: float = 15.0
    target: float = 0.6
    most: int = 64


@dataclass
class Result:
    """waits_s: of each request, before a core takes it; replicas: at the end; utilisation: of all cores' time."""

    waits_s: np.ndarray
    replicas: int
    utilisation: float


@dataclass
class _Replica:
    idle: int
    queue: deque[int] = field(default_factory=deque)
    connections: int = 0


def simulate(  # noqa: C901, PLR0912, PLR0915 - one loop over events, read from top to bottom
    arrivals_s: np.ndarray,
    service_s: np.ndarray,
    *,
    cores: int,
    replicas: int,
    policy: str,
    autoscaler: Autoscaler | None = None,
    seed: int = 0,
) -> Result:
    """Play requests through; arrivals_s is sorted. Replicas are added, and never taken away."""
    rng = np.random.default_rng(seed)
    pool = [_Replica(cores) for _ in range(replicas)]
    ordered, turn, now, core_s, last = replicas, 0, 0.0, 0.0, 0.0
    waits = np.full(len(arrivals_s), np.nan)
    events: list[tuple[float, int, str, int]] = [(float(t), i, "arrival", i) for i, t in enumerate(arrivals_s)]
    serial = len(events)
    if autoscaler:
        events.append((autoscaler.look_s, serial, "look", 0))
        heapq.heapify(events)
    where: dict[int, _Replica] = {}

    def push(at_s: float, kind: str, which: int) -> None:
        nonlocal serial
        serial += 1
        heapq.heappush(events, (at_s, serial, kind, which))

    def begin(i: int, replica: _Replica) -> None:
        replica.idle -= 1
        waits[i] = now - arrivals_s[i]
        push(now + float(service_s[i]), "end", i)

    left = len(arrivals_s)
    while left:
        now, _, kind, i = heapq.heappop(events)
        core_s += (now - last) * cores * len(pool)
        last = now
        if kind == "arrival":
            if policy == "random":
                replica = pool[rng.integers(len(pool))]
            elif policy == "round robin":
                replica, turn = pool[turn % len(pool)], turn + 1
            else:
                replica = min(pool, key=lambda one: one.connections)
            replica.connections += 1
            where[i] = replica
            if replica.idle:
                begin(i, replica)
            else:
                replica.queue.append(i)
        elif kind == "end":
            replica = where.pop(i)
            replica.connections -= 1
            replica.idle += 1
            left -= 1
            if replica.queue:
                begin(replica.queue.popleft(), replica)
        elif kind == "ready":
            pool.append(_Replica(cores))
        elif autoscaler:
            wanted = min(autoscaler.most, -(-len(where) // max(1, int(cores * autoscaler.target))))
            for _ in range(max(0, wanted - ordered)):
                push(now + autoscaler.lag_s, "ready", 0)
            ordered = max(ordered, wanted)
            push(now + autoscaler.look_s, "look", 0)
    return Result(waits, len(pool), float(service_s.sum() / core_s))


def main() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    clips = np.array(json.loads(Path("build/capacity.json").read_text())["medium int8"]["clips"])
    # Not the seed of `simulate`: from one stream, the longest clips would all go to the same replicas.
    cores, replicas, rng = 2, 16, np.random.default_rng(1)
    service = rng.choice(clips[:, 1], 20_000)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    loads = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    for policy in POLICIES:
        p95 = []
        for load in loads:
            gaps = rng.exponential(service.mean() / (load * cores * replicas), len(service))
            result = simulate(np.cumsum(gaps), service, cores=cores, replicas=replicas, policy=policy)
            p95.append(float(np.quantile(result.waits_s, 0.95)))
        print(f"{policy:12}", "  ".join(f"{load:.0%} {wait:.2f} s" for load, wait in zip(loads, p95, strict=True)))
        left.plot(100 * loads, p95, marker="o", label="least connections" if policy == "least" else policy)
    left.set(
        xlabel="utilisation, %", ylabel="95th percentile of the wait, s", title=f"{replicas} replicas of {cores} cores"
    )
    left.legend()
    for lag_s in (10, 30, 60, 120):
        per_core = 1 / service.mean()
        calm, busy = 0.5 * 4 * cores * per_core, 0.5 * 16 * cores * per_core
        arrivals = np.concatenate(
            [
                np.cumsum(rng.exponential(1 / calm, int(120 * calm))),
                120 + np.cumsum(rng.exponential(1 / busy, int(480 * busy))),
            ]
        )
        drawn = rng.choice(clips[:, 1], len(arrivals))
        result = simulate(arrivals, drawn, cores=cores, replicas=4, policy="least", autoscaler=Autoscaler(lag_s))
        bins = np.arange(0, 600, 10)
        waits = [result.waits_s[(arrivals >= t) & (arrivals < t + 10)] for t in bins]
        right.plot(bins, [np.quantile(w, 0.95) if len(w) else 0 for w in waits], label=f"ready after {lag_s} s")
        print(f"lag {lag_s} s: longest wait {result.waits_s.max():.1f} s, {result.replicas} replicas in the end")
    right.set(xlabel="time, s", ylabel="95th percentile of the wait, s", title="four times the load from 120 s on")
    right.legend()
    figure.suptitle("Simulation, with the medium model's measured service times (int8)")
    figure.tight_layout()
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main()
