"""Many short calls, faster than they are spoken: `python -m loadtests.many_calls`. Memory must not grow.

Calls of two sides by Twilio's messages, so many at a time, each with an id of its own and a listener, as in
`loadtests.call_centre`; their transcripts are stored as jobs. After each round of calls the server rests until it has
given back what is free, and then the memory of each of its processes is printed, without the pages of files. What the
rounds of the first minutes take does not come back: the worker of jobs, which starts after the server is ready; the
arenas of the C library's and of Python's allocator, which hold gaps between what is in use; the calls that have ended,
which can be read for five minutes, so that their number grows for as long. The rounds after these minutes are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from hindi_stt.bundle.manifest import EMBEDDED
from loadtests.call_centre import Call, hold, make_call
from loadtests.memory import memory_by_process, written
from tests.support.server import Server

CALL_S = 2.0
# The server looks for what it can give back every five seconds.
REST_S = 8.0
# Calls that have ended are kept for 300 s.
SETTLED_S = 330.0


async def round_of_calls(server: Server, calls: list[Call], times: float) -> None:
    await asyncio.gather(*(hold(server.url, call, times) for call in calls))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--rounds", type=int, default=6, help="after the first minutes")
    parser.add_argument("--calls", type=int, default=240, help="of a round")
    parser.add_argument("--at-a-time", type=int, default=40)
    parser.add_argument("--times", type=float, default=20, help="how much faster than real time")
    parser.add_argument("--most-mib", type=float, default=12, help="bound on growth after the first minutes")
    arguments = parser.parse_args()
    draw, settled = random.Random(0), []
    with tempfile.TemporaryDirectory() as folder:
        settings = {"HINDI_STT_PROTOCOLS": "twilio", "HINDI_STT_MODEL": str(arguments.bundle.resolve())}
        server = Server(Path(folder), HINDI_STT_CLIENT_SHARE="1", HINDI_STT_JOBS_DIR=f"{folder}/jobs", **settings)
        try:
            server.wait_until_ready()
            n_calls, began_s = 0, time.monotonic()
            while len(settled) <= arguments.rounds:
                start_s, last = time.monotonic(), n_calls + arguments.calls
                while n_calls < last:
                    n = min(arguments.at_a_time, last - n_calls)
                    calls = [make_call(n_calls + i, draw, CALL_S, CALL_S) for i in range(n)]
                    asyncio.run(round_of_calls(server, calls, arguments.times))
                    n_calls += n
                elapsed_s = time.monotonic() - start_s
                time.sleep(REST_S)
                memory = memory_by_process(server.process.pid, anonymous=True)
                if time.monotonic() - began_s >= SETTLED_S:
                    settled.append(memory)
                print(f"{n_calls:5d} calls, {elapsed_s:3.0f} s: {written(memory)}", flush=True)
        finally:
            server.stop()
    growth = sum(settled[-1].values()) - sum(settled[0].values())
    print(f"memory grew by {growth:.1f} MiB in {arguments.rounds} rounds after the first {SETTLED_S:.0f} s")
    if growth > arguments.most_mib:
        sys.exit(1)


if __name__ == "__main__":
    main()
