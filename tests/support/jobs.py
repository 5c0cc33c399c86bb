"""A client of the jobs API."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from tests.support.guarded import Guarded


class Caller(httpx.Client):
    """A key's requests. direct: the text of a recording, heard at once."""

    def __init__(self, server: Guarded, name: str) -> None:
        self.key = server.new_key(name)
        super().__init__(base_url=server.url, headers={"authorization": f"Bearer {self.key}"}, timeout=60)

    def direct(self, path: Path) -> str:
        return self.post("/transcribe", files={"file": path.read_bytes()}).json()["text"]

    def finished(self, job_id: str, timeout_s: float = 180) -> dict:
        deadline = time.monotonic() + timeout_s
        while (job := self.get(f"/v1/jobs/{job_id}").json())["state"] in {"queued", "running"}:
            assert time.monotonic() < deadline, job
            time.sleep(0.1)
        return job
