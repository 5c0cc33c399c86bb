"""Debian's nginx with the configuration of deploy/compose.yaml, on free ports of the loopback."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.server import ROOT, Server

CONFIGURATION = ROOT / "deploy" / "nginx" / "nginx.conf"
_PLACES = ("stt-1:3000", "stt-2:3000")


class Proxy:
    """nginx before two servers. url: of the API, with TLS by a certificate of its own (`tls` trusts it)."""

    def __init__(self, folder: Path, servers: Sequence[Server]) -> None:
        self._folder = folder
        self._ports = _free_ports(2)
        self.plain_url, self.url = (
            f"{kind}://127.0.0.1:{p}" for kind, p in zip(("http", "https"), self._ports, strict=True)
        )
        names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
        keys = ("-keyout", folder / "tls.key", "-out", folder / "tls.crt")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *keys],
            check=True,
            capture_output=True,
        )
        self.tls = ssl.create_default_context(cafile=str(folder / "tls.crt"))
        self._write(servers)
        # Debian's workers run as www-data, who may not see a test's folder.
        user = " user root;" if os.geteuid() == 0 else ""
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                ["nginx", "-c", folder / "nginx.conf", "-g", f"daemon off;{user}"], stdout=log, stderr=log
            )
        self._wait()

    def turn_to(self, servers: Sequence[Server]) -> None:
        """From now on, hand new requests to these; those that have begun end where they are."""
        before = self._workers()
        self._write(servers)
        self._process.send_signal(signal.SIGHUP)
        deadline_s = time.monotonic() + 30
        while not self._workers() - before or any(map(_still_accepts, before)):
            assert time.monotonic() < deadline_s, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=30)

    def _write(self, servers: Sequence[Server]) -> None:
        text = CONFIGURATION.read_text(encoding="utf-8")
        changes = {
            "/tmp/": f"{self._folder}/",  # first: what the others put in may be below it
            "listen 80;": f"listen 127.0.0.1:{self._ports[0]};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self._ports[1]} ssl;",
            **{place: f"127.0.0.1:{server.port}" for place, server in zip(_PLACES, servers, strict=True)},
            "/run/secrets/": f"{self._folder}/",
            "/dev/stdout": f"{self._folder}/access.log",
            "/dev/stderr": f"{self._folder}/error.log",
        }
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (self._folder / "nginx.conf").write_text(text, encoding="utf-8")

    def _workers(self) -> set[str]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return set(children.read_text().split())

    def _wait(self) -> None:
        deadline_s = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._ports[1]), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline_s, (self._folder / "log").read_text()
                time.sleep(0.05)


def _still_accepts(pid: str) -> bool:
    """Whether a worker is there that has not been told to finish."""
    try:
        return b"shutting down" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def _free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
