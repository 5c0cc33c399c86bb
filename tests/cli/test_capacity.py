"""The calculator, against arithmetic done by hand, and against a queue that is played through."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.replicas import POLICIES, Autoscaler, simulate
from hindi_stt.cli.capacity import need
from hindi_stt.cli.main import main
from hindi_stt.cli.model_sizes import MEASURED
from hindi_stt.errors import InvalidRequest

MODULES_UNDER_TEST = ("hindi_stt/cli/model_sizes.py",)


def test_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    # 2,400 h in 8 h are 300 s of audio a second; at 20 h per core-hour 15 busy cores, of which 75 % may be busy: 20
    # cores, 5 replicas of 4, and one to spare: 24 cores at 0.05 an hour for 300 h of audio an hour.
    arguments = "capacity --hours-per-day 2400 --window 8 --rate 20 --cores 4 --utilisation 0.75 --price 0.05"
    assert main(arguments.split()) == 0
    shown = capsys.readouterr().out
    assert "replicas      6 of 4 cores" in shown
    assert "utilisation   62%" in shown
    assert "cost          0.004000" in shown


def measured(folder: Path, **changes: float | str) -> Path:
    """What `hindi-stt evaluate --models … --json` writes, as far as it is read."""
    model = {"model": "m:1", "form": "onnxruntime-int8", "times_real_time": 20.0, "load_s": 1.5}
    memory = {"weights_bytes": 1e9, "peak_memory_bytes": 1.3e9}
    file = folder / "measured.json"
    file.write_text(json.dumps({"models": [model | memory | changes]}), encoding="utf-8")
    return file


def test_models_that_were_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The load of the test above. Memory: 0.5 GB beside the model, and a second copy of small weights."""
    arguments = "capacity --hours-per-day 2400 --window 8 --cores 4 --utilisation 0.75 --price 0.05".split()
    rows = []
    for weights in (1e9, 0.3e9):
        assert main([*arguments, "--measured", str(measured(tmp_path, weights_bytes=weights))]) == 0
        rows.append(capsys.readouterr().out.splitlines()[-1].split())
    assert rows[0] == ["m:1", "onnxruntime-int8", "20.0", "6", "24", "1.8", "0.004000"]
    assert rows[1] == ["m:1", "onnxruntime-int8", "20.0", "6", "24", "2.1", "0.004000"]


def test_the_sizes_that_come_with_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("capacity --concurrent 200".split()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 + len(MEASURED)
    for model, line in zip(MEASURED, lines[3:], strict=True):
        found = need(200, rate=model.rate, cores=2, utilisation=0.6, spare=1)
        assert line.startswith(model.name)
        assert str(found.replicas) in line.split()


@pytest.mark.parametrize("changes", [{"times_real_time": 0}, {"load_s": float("nan")}, {"peak_memory_bytes": "much"}])
def test_a_file_that_measures_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, float]
) -> None:
    for file in (measured(tmp_path, **changes), tmp_path / "missing.json"):
        assert main(["capacity", "--concurrent", "1", "--measured", str(file)]) == 1
        assert "was not written by 'hindi-stt evaluate" in capsys.readouterr().err


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


@pytest.mark.slow
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
