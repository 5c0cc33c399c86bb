"""The calculator, against arithmetic done by hand, and against a queue that is played through."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.replicas import POLICIES, Autoscaler, simulate
from hindi_stt.cli.capacity import need
from hindi_stt.cli.main import main
from hindi_stt.errors import InvalidRequest


def test_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    # 2,400 h in 8 h are 300 s of audio a second; at 20 h per core-hour 15 busy cores, of which 75 % may be busy: 20
    # cores, 5 replicas of 4, and one to spare: 24 cores at 0.05 an hour for 300 h of audio an hour.
    arguments = "capacity --hours-per-day 2400 --window 8 --rate 20 --cores 4 --utilisation 0.75 --price 0.05"
    assert main(arguments.split()) == 0
    shown = capsys.readouterr().out
    assert "replicas      6 of 4 cores" in shown
    assert "utilisation   62%" in shown
    assert "cost          0.004000" in shown


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_senseless_numbers_are_refused(rate: float) -> None:
    with pytest.raises(InvalidRequest):
        need(10, rate=rate, cores=2, utilisation=0.6, spare=0)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_simulation_keeps_every_request_and_the_calculators_utilisation(policy: str) -> None:
    rng = np.random.default_rng(0)
    found = need(100, rate=10, cores=2, utilisation=0.6, spare=0)
    arrivals = np.cumsum(rng.exponential(0.1, 20_000))  # 10 a second, of 10 s each
    result = simulate(arrivals, np.full(len(arrivals), 1.0), cores=2, replicas=found.replicas, policy=policy)
    assert len(result.waits_s) == len(arrivals)
    assert min(result.waits_s) >= 0
    assert result.utilisation == pytest.approx(found.utilisation, rel=0.03)


def test_one_core_waits_as_pollaczek_and_khinchine_say() -> None:
    rng = np.random.default_rng(1)
    arrivals = np.cumsum(rng.exponential(1, 200_000))
    result = simulate(arrivals, np.full(len(arrivals), 0.6), cores=1, replicas=1, policy="random")
    # M/D/1: rho × service / (2 (1 − rho)).
    assert np.mean(result.waits_s) == pytest.approx(0.6 * 0.6 / (2 * 0.4), rel=0.03)


def test_an_autoscaler_that_is_slow_lets_people_wait_longer() -> None:
    rng = np.random.default_rng(2)
    arrivals = np.concatenate([np.cumsum(rng.exponential(1, 100)), 100 + np.cumsum(rng.exponential(0.1, 5000))])
    service = np.full(len(arrivals), 1.0)
    fast, slow = (
        simulate(arrivals, service, cores=2, replicas=1, policy="least", autoscaler=Autoscaler(lag_s=lag))
        for lag in (5, 120)
    )
    assert max(fast.waits_s) < max(slow.waits_s)
    # While it waits for those it has ordered, the queue grows, and it orders more.
    assert slow.replicas >= fast.replicas > 1
