"""What a release consists of: an sdist, and a wheel that serves in an environment of its own (make release-check)."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

import hindi_stt
from tests.support.server import ROOT

pytestmark = pytest.mark.release

# rain_16k.wav says this; it was synthesised from it.
TEXT = "आज सुबह से बारिश हो रही है"


def tracked(under: str = ".") -> list[str]:
    listed = subprocess.run(["git", "ls-files", under], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def run(*command: str | Path, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel, which is built from the sdist.

    They are built in a copy of the files that git tracks: setuptools would also pack what an earlier build left.
    """
    folder = tmp_path_factory.mktemp("release")
    checkout = folder / "checkout"
    for name in tracked():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name)
    run(sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", folder / "dist", checkout, cwd=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (wheel,) = distributions.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with the wheel and the locked versions of what it needs."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", folder, cwd=ROOT)
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    lock = ROOT / "requirements" / "serve.lock"
    run(*install, "--require-hashes", "--no-deps", "-r", lock, cwd=folder)
    run(*install, "--no-deps", wheel, cwd=folder)
    return folder / "bin"


def test_the_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == set(tracked("hindi_stt"))
    assert "hindi_stt/py.typed" in names
    assert "hindi_stt/embedded/bundle.json" in names
    assert "hindi_stt/text/hi/punctuation.onnx" in names
    assert "hindi_stt/api/ui/page_files/index.html" in names
    assert "hindi_stt/text/hi/loan_words.tsv" in names


def test_the_sdist_has_what_the_wheel_is_built_from(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*tracked("hindi_stt"), "pyproject.toml", "README.md", "LICENSE"} <= names


def test_the_wheels_dependencies_are_those_of_the_lock(binaries: Path) -> None:
    run(sys.executable, "-m", "uv", "pip", "check", "--python", binaries / "python", cwd=binaries)


def test_the_installed_command_prints_its_version(binaries: Path, tmp_path: Path) -> None:
    assert run(binaries / "hindi-stt", "--version", cwd=tmp_path).stdout == f"hindi-stt {hindi_stt.__version__}\n"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def server(binaries: Path, port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`hindi-stt serve` in a folder that has nothing of the checkout; `tmp_path/log` is what it prints."""
    environment = {
        "PATH": f"{binaries}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "BENTOML_HOME": str(tmp_path / "bentoml"),
    }
    environment |= {"HINDI_STT_USAGE_URL": "sqlite:///usage.db"}
    command = [binaries / "hindi-stt", "serve", "--port", str(port)]
    work = tmp_path / "work"
    work.mkdir()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=work, env=environment, stdout=log, stderr=log)
    yield process
    for left in [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []:
        left.kill()
    process.kill()
    process.wait()


def test_the_installed_wheel_serves_one_request(server: subprocess.Popen[bytes], port: int, tmp_path: Path) -> None:
    url, deadline_s = f"http://127.0.0.1:{port}", time.monotonic() + 90
    while True:
        assert server.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline_s, (tmp_path / "log").read_text()
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.2)
    with (ROOT / "tests" / "data" / "rain_16k.wav").open("rb") as file:
        answer = httpx.post(f"{url}/transcribe", files={"file": file}, timeout=60)
    assert answer.json()["text"] == TEXT
    assert httpx.get(f"{url}/ui", timeout=10).status_code == 200
    processes = psutil.Process(server.pid).children(recursive=True)
    assert processes
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=60) == 0, (tmp_path / "log").read_text()
    assert psutil.wait_procs(processes, timeout=10)[1] == []
    assert (tmp_path / "work" / "usage.db").is_file(), "relative paths of settings begin where the command was called"
