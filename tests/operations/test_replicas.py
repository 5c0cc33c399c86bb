"""Two replicas behind the nginx of deploy/compose.yaml: what passes through it, and what is lost when they change."""

from __future__ import annotations

import base64
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
import soundfile
from websockets.sync.client import connect

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.settings import Settings
from tests.conftest import DATA
from tests.operations.prometheus import Prometheus
from tests.operations.proxy import Proxy
from tests.support.server import ROOT, Server
from tests.support.wav import wav

pytestmark = [
    pytest.mark.monitoring,
    pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed"),
    pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed"),
]
TEXT = "आज सुबह से बारिश हो रही है"
LOAD_S = 100


def started(folder: Path, bundle: Bundle | None = None) -> Server:
    return Server(folder, FORWARDED_ALLOW_IPS="*", **({"HINDI_STT_MODEL": str(bundle.folder)} if bundle else {}))


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """The two that are behind the proxy; tests put others in their places."""
    servers = [started(tmp_path_factory.mktemp("replica")) for _ in range(2)]
    try:
        for server in servers:
            server.wait_until_ready()
        yield servers
    finally:
        for server in servers:
            server.stop()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, replicas: list[Server]) -> Iterator[Proxy]:
    running = Proxy(tmp_path_factory.mktemp("nginx"), replicas)
    try:
        yield running
    finally:
        running.stop()


def _samples() -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    return samples, rate


def _post(proxy: Proxy, **body: object) -> httpx.Response:
    return httpx.post(f"{proxy.url}/transcribe", verify=proxy.tls, timeout=300, **body)


def test_the_plain_port_leads_to_tls(proxy: Proxy) -> None:
    answer = httpx.get(f"{proxy.plain_url}/health")
    assert answer.status_code == 301
    assert answer.headers["location"].startswith("https://")


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/livez", "/stats"])
def test_internal_routes(proxy: Proxy, path: str) -> None:
    assert httpx.get(f"{proxy.url}{path}", verify=proxy.tls).status_code == 404


def test_both_replicas_answer(proxy: Proxy, replicas: list[Server]) -> None:
    for _ in range(6):
        answer = _post(proxy, files={"file": wav(*_samples())}).json()
        assert answer["text"] == TEXT
    for server in replicas:
        assert httpx.get(f"{server.url}/stats").json()["requests"] > 0


def test_the_largest_upload(proxy: Proxy, tmp_path: Path) -> None:
    """As many bytes as the server takes, 85 s in eight channels at 192 kHz; half a megabyte more is told why not."""
    bound, rate, channels = Settings(model="").max_body_bytes, 192_000, 8
    samples, rate_of_samples = _samples()
    said = np.repeat(np.repeat(samples, rate // rate_of_samples)[:, np.newaxis], channels, axis=1)
    file = tmp_path / "largest.wav"
    with soundfile.SoundFile(file, "w", rate, channels, "FLOAT", format="WAV") as sound:
        sound.write(said)
        silent = bound // (4 * channels) - len(said) - rate
        for _ in range(silent // rate):
            sound.write(np.zeros((rate, channels), np.float32))
    with file.open("ab") as end:  # what comes after the samples is passed over
        end.write(bytes(bound - file.stat().st_size))
    assert file.stat().st_size == bound
    with file.open("rb") as body:
        answer = _post(proxy, content=body, headers={"Content-Type": "audio/wav"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == TEXT
    assert answer.json()["duration"] > 80
    with file.open("ab") as end:
        end.write(bytes(500_000))
    with file.open("rb") as body:
        refused = _post(proxy, content=body, headers={"Content-Type": "audio/wav"})
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == "body_too_large"


def test_events_come_as_they_are_written(proxy: Proxy, replicas: list[Server]) -> None:
    """The first words are here before the recording has been heard to its end, which is when it is counted."""

    def counted() -> int:
        return sum(httpx.get(f"{server.url}/stats", timeout=30).json()["succeeded"] for server in replicas)

    samples, rate = _samples()
    before = counted()
    with httpx.stream(
        "POST",
        f"{proxy.url}/v1/audio/transcriptions",
        files={"file": wav(np.tile(samples, 400), rate)},
        data={"model": "whisper-1", "stream": "true"},
        verify=proxy.tls,
        timeout=300,
    ) as answer:
        lines = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))
        assert next(lines)["type"] == "transcript.text.delta"
        assert counted() == before
        assert list(lines)[-1]["type"] == "transcript.text.done"
    assert counted() == before + 1


def test_a_websocket(proxy: Proxy) -> None:
    samples, rate = _samples()
    url = f"{proxy.url.replace('https', 'wss')}/v1/realtime?intent=transcription"
    given = {"format": {"type": "audio/pcm", "rate": rate}, "turn_detection": None}
    audio = base64.b64encode((samples * 32767).astype("<i2").tobytes()).decode()
    with connect(url, ssl=proxy.tls, open_timeout=20) as ws:
        for event in (
            {"type": "session.update", "session": {"type": "transcription", "audio": {"input": given}}},
            {"type": "input_audio_buffer.append", "audio": audio},
            {"type": "input_audio_buffer.commit"},
        ):
            ws.send(json.dumps(event))
        while not (event := json.loads(ws.recv(timeout=60)))["type"].endswith(".completed"):
            assert event["type"] != "error", event
    assert event["transcript"] == TEXT


def test_nothing_is_lost_while_a_new_bundle_takes_over(
    proxy: Proxy, replicas: list[Server], bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Under Locust, one replica after the other is replaced by one with another bundle, as docs/deployment.md says."""
    if importlib.util.find_spec("locust") is None:  # not imported here: it would put gevent into everything
        pytest.skip("locust is not installed (make prove-metrics)")
    folder = tmp_path_factory.mktemp("roll")
    (folder / "note").write_text("the second edition")
    new = bundle.copy_with(folder / "bundle", [("note", "edition", "EDITION", folder / "note")])
    assert new.tag != bundle.tag
    log = folder / "requests"
    options = ("--users", "1", "--headless", "--rate", "2", "--seconds", str(LOAD_S), "--log", log, "--only-summary")
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--host", proxy.url, *options]
    with (folder / "locust").open("w") as output:
        load = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        for place in range(2):
            successor = started(tmp_path_factory.mktemp("successor"), new)
            predecessor, replicas[place] = replicas[place], successor
            try:
                successor.wait_until_ready()
                proxy.turn_to(replicas)
            finally:
                assert predecessor.stop() == 0
        assert load.poll() is None, "the load ended before the last replica was replaced"
        load.wait(timeout=LOAD_S + 60)
    finally:
        if load.poll() is None:
            load.kill()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    answered = [line for line in lines if line["name"] == "clip"]
    print(f"\n{len(answered)} requests, {sum(bool(line['error']) for line in lines)} failed")
    assert [line for line in lines if line["error"] or line["name"] not in {"idle", "clip"}] == []
    assert len(answered) > LOAD_S
    assert _post(proxy, files={"file": wav(*_samples())}).json()["model"] == new.tag


def test_the_alert_on_a_dead_replica_fires_and_the_other_answers(
    proxy: Proxy, replicas: list[Server], tmp_path_factory: pytest.TempPathFactory
) -> None:
    targets = [f"127.0.0.1:{server.port}" for server in replicas]
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), targets)
    try:
        prometheus.wait_for('sum(up{job="hindi-stt"}) == 2')
        main = psutil.Process(replicas[0].process.pid)
        for process in (main, *main.children(recursive=True)):
            process.kill()
        for _ in range(10):
            answer = _post(proxy, files={"file": wav(*_samples())})
            assert answer.status_code == 200, answer.text
            assert answer.json()["text"] == TEXT
        prometheus.wait_for(f'ALERTS{{alertname="HindiSTTDown", alertstate="firing", instance="{targets[0]}"}}')
        assert not prometheus.has_number(f'ALERTS{{alertname="HindiSTTDown", instance="{targets[1]}"}}')
    finally:
        prometheus.process.terminate()
        prometheus.process.wait(timeout=30)
