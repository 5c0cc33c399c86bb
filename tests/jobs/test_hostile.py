"""A million references; names that lead to private addresses; hosts that redirect, stall, or send without end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from hindi_stt.errors import BodyTooLarge, PrivateAddress, ReferenceNotAllowed, ReferenceUnreachable
from hindi_stt.jobs.url_allowlist import References
from hindi_stt.safe_fetch import Network
from hindi_stt.settings import Settings
from tests.conftest import DATA
from tests.support.server import Server

pytestmark = pytest.mark.jobs

CLIP = (DATA / "rain.flac").read_bytes()


class Host(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("location", "/clip")
            self.end_headers()
        elif self.path == "/stall":
            time.sleep(30)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"x" * 65_536)
        elif self.path == "/clip":
            self.send_response(200)
            self.send_header("content-length", str(len(CLIP)))
            self.end_headers()
            self.wfile.write(CLIP)
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def references(allowed: str, networks: str = "127.0.0.0/8,::1/128") -> References:
    settings = Settings(
        model="", jobs_references=allowed, jobs_max_upload_bytes=10**6, upload_timeout_s=4.0, min_upload_rate=1e9
    )
    return References(settings, Network(networks))


def test_hosts(host: str) -> None:
    allowed = references(host)
    with allowed.open(f"{host}/clip") as path:
        assert path.read_bytes() == CLIP
    assert not path.exists()
    for page in ("redirect", "stall", "missing"):
        with pytest.raises(ReferenceUnreachable), allowed.open(f"{host}/{page}"):
            pass
    with pytest.raises(BodyTooLarge), allowed.open(f"{host}/endless"):
        pass
    # The same host by a name, and by an address, that are not opened.
    with pytest.raises(PrivateAddress), references(host, "").open(f"{host}/clip"):
        pass
    literal = host.replace("localhost", "127.0.0.1")
    with pytest.raises(PrivateAddress), references(literal, "10.0.0.0/8").open(f"{literal}/clip"):
        pass
    with pytest.raises(ReferenceNotAllowed), allowed.open(f"{literal}/clip"):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "fd00::1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    with pytest.raises(PrivateAddress):
        Network("").check(address)


def test_public_addresses() -> None:
    for address in ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"):
        Network("").check(address)


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "link.flac").symlink_to(DATA / "rain.flac")
    (folder / "call.flac").write_bytes(CLIP)
    allowed = references(f"file://{folder}")
    with allowed.open(f"file://{folder}/call.flac") as path:
        assert path.read_bytes() == CLIP
    with pytest.raises(ReferenceNotAllowed), allowed.open(f"file://{folder}/link.flac"):
        pass


def test_long_lists(tmp_path: Path) -> None:
    """A million references are refused by their number; as many as are allowed are named, by a worker started apart."""
    settings = {"HINDI_STT_JOBS_DIR": str(tmp_path / "jobs"), "HINDI_STT_JOBS_REFERENCES": f"file://{DATA}"}
    server = Server(tmp_path, **settings, HINDI_STT_JOBS_WORKERS="0")
    command = [Path(sys.executable).parent / "hindi-stt", "jobs"]
    worker = subprocess.Popen([*command, "work"], env=os.environ | settings)
    try:
        server.wait_until_ready()
        with httpx.Client(base_url=server.url, timeout=120) as client:
            many = client.post("/v1/jobs", json={"references": [f"file:/{i}" for i in range(10**6)]})
            assert (many.status_code, many.json()["error"]["code"]) == (413, "too_many_files")
            lost = [f"file://{DATA}/{i}.wav" for i in range(9999)]
            answer = client.post("/v1/jobs", json={"references": [*lost, f"file://{DATA}/rain.flac"]})
            assert answer.status_code == 202, answer.text
            deadline = time.monotonic() + 300
            url = f"/v1/jobs/{answer.json()['id']}"
            while client.get(url, params={"limit": 1}).json()["state"] != "done":
                assert time.monotonic() < deadline
                time.sleep(1)
            job = client.get(url, params={"after": 9000, "limit": 1000}).json()
            assert job["files"] == {"total": 10_000, "done": 1, "failed": 9999, "cancelled": 0}
            assert {file["error"]["code"] for file in job["results"][:-1]} == {"reference_missing"}
            assert job["results"][-1]["state"] == "done"
            listed = subprocess.run([*command, "list"], env=os.environ | settings, check=True, capture_output=True)
            assert listed.stdout.decode().split("\t")[:6] == [job["id"], "everybody", "done", "10000", "1", "9999"]
    finally:
        worker.terminate()
        assert worker.wait(30) == 0
        server.stop()
