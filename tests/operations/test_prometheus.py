"""A Prometheus that scrapes two servers: every query of the dashboard has an answer, and a dead replica its alert."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import soundfile

from tests.conftest import DATA
from tests.operations.prometheus import Prometheus
from tests.support.server import ROOT, Server
from tests.support.wav import wav

pytestmark = [
    pytest.mark.monitoring,
    pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed"),
]


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """One with each scheduler; the second has one core."""
    started = [
        Server(tmp_path_factory.mktemp("bentoml")),
        Server(tmp_path_factory.mktemp("cost"), HINDI_STT_SCHEDULER="cost", HINDI_STT_THREADS="1"),
    ]
    try:
        for server in started:
            server.wait_until_ready()
        yield started
    finally:
        for server in started:
            server.stop()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, replicas: list[Server]) -> Iterator[Prometheus]:
    targets = [f"127.0.0.1:{server.port}" for server in replicas]
    started = Prometheus(tmp_path_factory.mktemp("prometheus"), targets)
    try:
        started.wait_for('sum(up{job="hindi-stt"}) == 2')
        yield started
    finally:
        started.process.terminate()
        started.process.wait(timeout=30)


def _hang_up(server: Server, recording: bytes) -> None:
    with contextlib.suppress(httpx.TimeoutException):
        httpx.post(f"{server.url}/transcribe", files={"file": recording}, timeout=1)


def _use(servers: list[Server]) -> None:
    """Recordings, an error, and callers that do not wait."""
    samples, rate = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    clip, long = wav(samples, rate), wav(np.tile(samples, 7), rate)
    with ThreadPoolExecutor(32) as pool:
        for server in servers:
            for content in [clip] * 8 + [b"no audio"]:
                pool.submit(server.transcribe, content)
        for _ in range(24):
            pool.submit(_hang_up, servers[1], long)


def test_every_query_of_the_dashboard_has_an_answer(prometheus: Prometheus, replicas: list[Server]) -> None:
    for _ in range(2):  # a counter that is new has no rate before it grows again
        _use(replicas)
        time.sleep(2)
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "hindi-stt.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "2m").replace("$instance", ".*")
            prometheus.wait_for(expression)
            print(f"\n{panel['title']}: {len(prometheus.query(expression))} series")


def test_the_alert_on_a_dead_replica_fires(prometheus: Prometheus, replicas: list[Server]) -> None:
    assert not prometheus.has_number('ALERTS{alertname="HindiSTTDown"}')
    dead = replicas[1]
    dead.stop()
    prometheus.wait_for(f'ALERTS{{alertname="HindiSTTDown", alertstate="firing", instance="127.0.0.1:{dead.port}"}}')
    assert not prometheus.has_number(f'ALERTS{{alertname="HindiSTTDown", instance="127.0.0.1:{replicas[0].port}"}}')
