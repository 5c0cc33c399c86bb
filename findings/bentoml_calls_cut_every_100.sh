#!/usr/bin/env bash
# bentoml 1.4.40, aiohttp 3.14.3, httpx 0.28.1, Python 3.11.
#
# Behaviour: a service that calls another one (bentoml.depends) keeps one client session for all its calls, and after 100 of them (or 300 s)
#   closes it and makes another one. Closing does not wait for the calls of other requests that are on their way: they fail with
#   ClientConnectionResetError, which the caller of the outer service gets as "500 Internal Server Error". One request after the other
#   never shows it; 16 callers at a time lose several requests of every hundred. With
#   runner_connection={"max_requests": …, "max_age": …} raised on the inner service none is lost.
# Wrong guess: a client that renews its connections lets the calls in flight end, as a pool of connections does.
# Seen: "as it comes: 279 times 200, 21 times 500; one session for all: 300 times 200" (the first numbers vary).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check bentoml==1.4.40 aiohttp==3.14.3 httpx==0.28.1 numpy==2.4.0
export BENTOML_HOME="$work/home" BENTOML_DO_NOT_TRACK=True
cd "$work"
cat > service.py <<'PY'
import os

import bentoml
import numpy as np

options = {"runner_connection": {"max_requests": 10**9, "max_age": 1e9}} if os.environ.get("KEEP") else {}


@bentoml.service(**options)
class Inner:
    @bentoml.api
    def double(self, values: np.ndarray) -> np.ndarray:
        return 2 * values


@bentoml.service
class Outer:
    inner = bentoml.depends(Inner)

    @bentoml.api
    async def run(self, text: str) -> int:
        return int((await self.inner.to_async.double(values=np.ones((80, 600), np.float32))).sum())
PY
cat > run.py <<'PY'
import asyncio
import collections
import os
import socket
import subprocess
import sys
import time

import httpx


def statuses(keep):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "bentoml", "serve", "service:Outer", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, **({"KEEP": "1"} if keep else {})}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=environment, start_new_session=True, **quiet)
    url = f"http://127.0.0.1:{port}/run"
    try:
        for _ in range(300):
            try:
                if httpx.post(url, json={"text": "x"}, timeout=30).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.2)

        async def load():
            found = collections.Counter()
            left = iter(range(300))
            async with httpx.AsyncClient(timeout=60) as client:

                async def caller():
                    for _ in left:
                        found[(await client.post(url, json={"text": "x"})).status_code] += 1

                await asyncio.gather(*(caller() for _ in range(16)))
            return found

        return asyncio.run(load())
    finally:
        server.terminate()
        server.wait(60)


def words(found):
    return ", ".join(f"{n} times {status}" for status, n in sorted(found.items()))


as_it_comes, kept = statuses(False), statuses(True)
print(f"as it comes: {words(as_it_comes)}; one session for all: {words(kept)}")
sys.exit(not (as_it_comes[500] > 0 and set(kept) == {200}))
PY
"$work/venv/bin/python" run.py
