"""A real server on a real port, as an operator would start it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.log_privacy import check_log

ROOT = Path(__file__).parent.parent.parent


class Server:
    """A `bentoml serve`: a process group, a port, a home and a temporary folder of its own.

    Args:
        folder: For its home, temporary files and log.
        root: The checkout that it serves.
        settings: Environment variables.
    """

    def __init__(self, folder: Path, root: Path = ROOT, **settings: str) -> None:
        self.tmp = folder / "tmp"
        if len(str(self.tmp)) > 60:  # the server refuses one in which paths of sockets would be too long
            self.tmp = Path(tempfile.mkdtemp(prefix="server-"))
        self.tmp.mkdir(exist_ok=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "server.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HINDI_STT_", "BENTOML_"))}
        environment |= {
            "BENTOML_HOME": str(folder / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "TMPDIR": str(self.tmp),
        }
        if root != ROOT:  # the package that is installed is this checkout's
            environment["PYTHONPATH"] = str(root)
        if how := os.environ.get("HINDI_STT_TEST_WORKER_START"):
            environment["HINDI_STT_WORKER_START"] = how
        environment |= settings
        # Tests of clients run in an environment of their own, which has no server.
        python = os.environ.get("HINDI_STT_TEST_SERVER_PYTHON", sys.executable)
        command = [python, "-m", "bentoml", "serve", "service:HindiSTT", "--host", "127.0.0.1"]
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=root,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def wait_until_ready(self, timeout_s: float = 240) -> None:
        """Ten answers in a row: there may be several API workers, and any of them may answer."""
        deadline, in_a_row = time.monotonic() + timeout_s, 0
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended:\n{self.log}"
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    in_a_row += 1
                    if in_a_row == 10:
                        return
                    continue
            in_a_row = 0
            time.sleep(0.2)
        pytest.fail(f"the server was not ready after {timeout_s} s:\n{self.log}")

    def stop(self) -> int:
        """End it as an operator would; returns the exit status. Checks that its log holds nothing private."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        check_log(self.log)
        return status

    def memory(self) -> int:
        """Bytes that its processes hold, with what they share counted once."""
        main = psutil.Process(self.process.pid)
        return sum(process.memory_full_info().pss for process in (main, *main.children(recursive=True)))

    def transcribe(self, content: bytes, name: str = "clip.wav", **kwargs: object) -> httpx.Response:
        return httpx.post(f"{self.url}/transcribe", files={"file": (name, content)}, timeout=60, **kwargs)
