"""Attacks on the disk."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from loadtests.attack.attack import Attack
from loadtests.attack.sounds import neighbours_clip

__all__ = ["large_bodies", "refused_jobs", "small_tmp", "small_tmp_with_home", "unfinished_uploads"]

MB = 2**20
DISK_MB = 200
BODY_MB = 90


@contextlib.contextmanager
def small_tmp(folder: Path) -> Iterator[dict[str, str]]:
    """A file system of 200 MB for temporary files; needs root."""
    mounted = folder / "small"
    mounted.mkdir()
    size = f"size={DISK_MB}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", mounted], check=True)
    try:
        yield {"TMPDIR": str(mounted), "HINDI_STT_MAX_BODY_BYTES": str(100 * MB)}
    finally:
        subprocess.run(["umount", "-l", mounted], check=True)


@contextlib.contextmanager
def small_tmp_with_home(folder: Path) -> Iterator[dict[str, str]]:
    """The same, and BENTOML_HOME on it, as in the image."""
    with small_tmp(folder) as settings:
        yield settings | {"BENTOML_HOME": str(folder / "small" / "bentoml")}


@contextlib.contextmanager
def large_bodies(attack: Attack) -> Iterator[None]:
    """Four bodies of 90 MB that are sent but for their end; then one of 10 MB of the neighbour's."""
    head = f"POST /transcribe HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\nContent-Length: {BODY_MB * MB}\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", attack.target.port), timeout=5))
            with contextlib.suppress(OSError):
                connection.sendall(f"{head}Authorization: Bearer {attack.target.attacker}\r\n\r\n".encode())
                for _ in range(BODY_MB - 1):
                    connection.sendall(bytes(MB))
        time.sleep(1)
        try:
            wav = neighbours_clip()
            headers = {"Authorization": f"Bearer {attack.target.neighbour}"}
            files = {"file": ("a.wav", wav + bytes(10 * MB))}
            answer = httpx.post(f"{attack.target.url}/transcribe", files=files, headers=headers, timeout=20)
            attack.facts["10 MB of the neighbour's"] = str(answer.status_code)
        except httpx.HTTPError as error:
            attack.facts["10 MB of the neighbour's"] = type(error).__name__
        yield


@contextlib.contextmanager
def unfinished_uploads(attack: Attack) -> Iterator[None]:
    """Resumable uploads of 4 GiB that are begun, and parts of a byte for one of them."""
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(4 * 2**30)}
    granted = [attack.send("/v1/uploads", headers=tus).status_code for _ in range(40)].count(201)
    attack.facts["granted"] = f"{4 * granted} GiB"
    yield


@contextlib.contextmanager
def refused_jobs(attack: Attack) -> Iterator[None]:
    """Jobs of 5 MB past the bound on waiting files."""
    content = neighbours_clip() + bytes(5 * MB)
    audio = attack.target.folder / "jobs" / "audio"
    files = {"file": ("a.wav", content)}
    with attack.threads(2, lambda _: attack.send("/v1/jobs", files=files)):
        yield
    kept = sum(path.stat().st_size for path in audio.rglob("*") if path.is_file())
    taken = attack.outcomes["202"] * len(content)
    attack.facts["kept of refused jobs"] = f"{max(0, kept - taken) / MB:.0f} MB"
