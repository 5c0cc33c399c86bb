"""A real PostgreSQL on a free port, in a time zone that is not UTC."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

ZONE = "Asia/Kolkata"


class PostgreSQL:
    """url: as SQLAlchemy takes it. As root it runs as the user postgres, since it refuses to run as root."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        postgres = shutil.which("postgres") or (str(found[-1]) if found else None)
        if postgres is None:
            pytest.skip("there is no postgres (Debian: apt-get install postgresql)")
        self._bin = Path(postgres).resolve().parent
        self._user = "postgres" if os.geteuid() == 0 else None
        self._data = folder / "data"
        if self._user:
            shutil.chown(folder, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._run("initdb", "-D", str(self._data), "-U", "usage", "-A", "trust", "--no-sync")
        self.url = f"postgresql+psycopg://usage@127.0.0.1:{self._port}/postgres"
        self.start()

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c timezone={ZONE}"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / program, *arguments],
            user=self._user,
            cwd=self._data.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
