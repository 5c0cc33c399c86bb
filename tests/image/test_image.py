"""The image, run with a read-only root and without rights: what it holds, what it answers, how it ends."""

from __future__ import annotations

import io
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import av
import httpx
import numpy as np
import soundfile

from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.image.conftest import Container, Tool
from tests.support.wav import wav

SITE = "/app/.venv/lib/python3.11/site-packages"
SHARE = "/usr/share/hindi-stt"
MAX_LAYERS_MB = 420


def _long_samples() -> tuple[np.ndarray, int]:
    """A minute and a half, a sentence again and again: samples [n] and their rate."""
    samples, rate = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    return np.tile(samples, 40), rate


def _m4a(samples: np.ndarray, rate: int) -> bytes:
    """samples: [n] in [-1, 1], as AAC: what libsndfile cannot read, so that a process of its own decodes it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
        frame.rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return buffer.getvalue()


def _transcribe(url: str, recording: bytes) -> str:
    answer = httpx.post(f"{url}/transcribe", files={"file": recording}, timeout=300)
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["text"]
    return text


def _stream(url: str, recording: bytes) -> list[str]:
    """Types of the events."""
    form = {"model": "whisper-1", "stream": "true"}
    answer = httpx.post(f"{url}/v1/audio/transcriptions", files={"file": recording}, data=form, timeout=300)
    assert answer.status_code == 200, answer.text
    return [json.loads(line[6:])["type"] for line in answer.text.splitlines() if line.startswith("data: ")]


def _in_progress_s(url: str) -> float:
    seconds: float = httpx.get(f"{url}/stats", timeout=30).json()["audio_in_progress_seconds"]
    return seconds


def _health_check(image: dict[str, Any]) -> list[str]:
    """Its command; podman and docker show it at different places."""
    kind, *command = (image["Config"].get("Healthcheck") or image["Healthcheck"])["Test"]
    assert kind == "CMD"
    return command


def test_the_configuration(tool: Tool, image: str) -> None:
    facts = tool.inspect(image)
    config = facts["Config"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"])
    assert "/readyz" in " ".join(_health_check(facts))
    labels = config["Labels"]
    for name in ("title", "version", "revision", "created", "licenses", "base.name"):
        assert labels[f"org.opencontainers.image.{name}"]
    assert ":" in labels["hindi-stt.model"]
    assert labels["hindi-stt.variant"] == "cpu"
    assert not [
        variable for variable in config["Env"] if re.search(r"(?i)key|token|password|secret|index|proxy", variable)
    ]


def test_the_size(tool: Tool, image: str) -> None:
    """Layers above the base."""
    facts = tool.inspect(image)
    base = tool.inspect(facts["Config"]["Labels"]["org.opencontainers.image.base.name"])
    layers, below = facts["RootFS"]["Layers"], base["RootFS"]["Layers"]
    assert layers[: len(below)] == below
    size_mb = (facts["Size"] - base["Size"]) / 1e6
    print(f"\nlayers above the base: {size_mb:.0f} MB")
    assert size_mb <= MAX_LAYERS_MB


def test_what_is_not_inside(container: Container) -> None:
    tools = "gcc g++ cc ld make git curl uv"
    assert container.run("sh", "-c", f"for t in {tools}; do command -v $t; done; true") == ""
    packages = container.run("ls", SITE).split()
    assert {"bentoml", "onnxruntime", "numpy"} <= set(packages)
    assert not {"torch", "librosa", "nemo", "onnx", "pytest", "uv", "pip"} & set(packages)
    unwanted = r"\( -name '*.pem' -o -name '*.key' -o -name .netrc -o -name pip.conf -o -name uv.toml -o -name .git \)"
    found = container.run(
        "sh", "-c", f"find /app /home /bundle /root /etc/pip* /etc/uv* -size +0 {unwanted} 2>/dev/null; true"
    )
    # certifi's authorities are public
    assert [path for path in found.split() if not path.endswith("/certifi/cacert.pem")] == []


def test_nothing_secret_is_inside(tool: Tool, image: str, container: Container) -> None:
    """No private key, no token of a known form in any text file, no address with a password in the layers' history."""
    forms = (
        "-----BEGIN [A-Z ]*PRIVATE KEY-----",
        *("AKIA[0-9A-Z]{16}", "gh[pousr]_[A-Za-z0-9]{36}", "xox[abp]-[0-9A-Za-z-]{20}", "hf_[A-Za-z]{34}"),
    )
    folders = "/app /home /bundle /etc /usr/share/hindi-stt /root"
    found = container.run("sh", "-c", f"grep -rIlE -e '{'|'.join(forms)}' {folders} 2>/dev/null; true")
    assert found.split() == []
    made_by = tool("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "COPY" in made_by
    assert not re.search(r"://[^/\s]+:[^/\s]+@|(?i:token|password|secret|index-url)", made_by)


def test_packages_agree_with_each_other_and_with_the_inventory(container: Container) -> None:
    assert "No broken requirements" in container.run(
        "/usr/local/bin/python", "-m", "pip", "--python", "/app/.venv/bin/python", "check"
    )
    inventory = json.loads(container.run("cat", f"{SHARE}/sbom.cdx.json"))
    assert inventory["bomFormat"] == "CycloneDX"
    listed = {(c["name"].lower(), c["version"]) for c in inventory["components"]}
    rows = [line.split("\t") for line in container.run("cat", f"{SHARE}/licences/packages.tsv").splitlines()]
    assert {(name.lower(), version) for name, version, _ in rows} == listed
    assert [name for name, _, licence in rows if licence == "not named"] == []


def test_what_can_be_written_is_memory(container: Container) -> None:
    """No file can be made in any folder but a tmpfs and /dev/mqueue."""
    script = """
import os, uuid
mounts = [line.split() for line in open("/proc/mounts")]
def kind(path):
    return max((m for m in mounts if (path + "/").startswith(m[1].rstrip("/") + "/")), key=lambda m: len(m[1]))[2]
for folder, names, _ in os.walk("/"):
    if folder == "/":
        names[:] = [n for n in names if n not in ("proc", "sys")]
    probe = os.path.join(folder, uuid.uuid4().hex)
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL))
    except OSError:
        continue
    os.unlink(probe)
    print(kind(folder), folder)
"""
    writable = [line.split(" ", 1) for line in container.run("python", "-c", script).splitlines()]
    assert "/tmp" in [folder for _, folder in writable]
    assert {kind for kind, _ in writable} <= {"tmpfs", "mqueue"}


def test_rights(container: Container) -> None:
    status = container.run("cat", "/proc/1/status")
    assert re.search(r"^Uid:\s+1034\s", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)


def test_it_transcribes_and_tells(container: Container, pipeline: Pipeline) -> None:
    recording = DATA / "rain_16k.wav"
    answer = httpx.post(f"{container.url}/transcribe", files={"file": recording.read_bytes()}, timeout=60).json()
    assert answer["text"] == "आज सुबह से बारिश हो रही है"
    assert answer["model"] == pipeline.bundle.tag
    samples, rate = soundfile.read(recording, dtype="float32")
    assert _transcribe(container.url, _m4a(samples, rate)).endswith("बारिश हो रही है")
    metrics = httpx.get(f"{container.url}/metrics", timeout=10).text
    counted = re.search(r"^hindi_stt_requests_total(?:\{.*\})? ([\d.]+)$", metrics, re.MULTILINE)
    assert counted is not None
    assert float(counted[1]) >= 2


def test_the_command_line_is_inside(container: Container) -> None:
    assert "transcribe" in container.run("hindi-stt", "--help")


def test_the_health_check(tool: Tool, container: Container) -> None:
    facts = tool.inspect(container.tool("inspect", "-f", "{{.Image}}", container.id).strip())
    container.run(*_health_check(facts))


def test_a_runner_that_ends_is_replaced(tool: Tool, container: Container) -> None:
    script = """
import os, pathlib, signal, sys
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    if b"--service-name ConformerRunner" in (folder / "cmdline").read_bytes().replace(b"\\0", b" "):
        print(folder.name)
        if "kill" in sys.argv:
            os.kill(int(folder.name), signal.SIGKILL)
"""
    killed = container.run("python", "-c", script, "kill")
    assert killed
    deadline_s = time.monotonic() + 60
    while (now := container.run("python", "-c", script)) in {"", killed}:
        assert time.monotonic() < deadline_s, f"the runner is {now or 'gone'}"
        time.sleep(0.1)
    container.wait_until_ready()
    assert _transcribe(container.url, (DATA / "rain_16k.wav").read_bytes())


def test_nothing_is_lost_when_it_is_stopped(tool: Tool, image: str) -> None:
    """SIGTERM while eight recordings and a stream are being transcribed: all are answered, the status is 0."""
    container = Container(tool, image)
    try:
        container.wait_until_ready()
        recording = wav(*_long_samples())
        with ThreadPoolExecutor(9) as pool:
            uploads = [recording] * 6 + [_m4a(*_long_samples())] * 2
            answers = [pool.submit(_transcribe, container.url, upload) for upload in uploads]
            stream = pool.submit(_stream, container.url, recording)
            # A recording that is being heard has several segments of up to 16 s at the runner.
            while _in_progress_s(container.url) < 9 * 16:
                time.sleep(0.05)
            assert not all(answer.done() for answer in (*answers, stream))
            tool("kill", "--signal", "TERM", container.id)
            for answer in answers:
                assert len(answer.result().split()) > 200
            assert stream.result()[-1] == "transcript.text.done"
        assert tool("wait", container.id).strip() == "0"
    finally:
        container.remove()
