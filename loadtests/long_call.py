"""One call of two hours, as fast as the server takes it: `python -m loadtests.long_call`. Memory must not grow.

AudioSocket at 8 kHz, recordings of the tests with pauses between them. The socket is written as fast as the server
reads, which stops reading while HINDI_STT_REALTIME_BUFFER_S of audio wait. Every ten minutes of audio the memory of the
server's processes is printed; what a transcript takes (its words) belongs to it.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import time
import uuid
from pathlib import Path

import httpx
import numpy as np

from hindi_stt.bundle.manifest import EMBEDDED
from tests.support.ports import free_ports
from tests.support.server import Server
from tests.support.streams import RATE, speech
from tests.support.telephony import at_rate, audiosocket_message

LOW_RATE = 8_000
MESSAGE_S = 0.1
# The first minutes fill caches and arenas.
SETTLED_MIN = 20


def turn() -> tuple[list[bytes], float]:
    """Messages of a turn, 40 % of which is speech, and its seconds."""
    samples = speech("rain.flac", 3.0, "family.flac")
    pause = np.zeros(int(len(samples) / RATE * 1.2) * RATE, np.int16)
    data = at_rate(np.concatenate([samples, pause]), LOW_RATE).tobytes()
    size = int(LOW_RATE * MESSAGE_S) * 2
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return [audiosocket_message(0x10, part) for part in parts], len(data) / 2 / LOW_RATE


def run(server: Server, port: int, minutes: float) -> list[tuple[float, float]]:
    """Minutes of audio that were sent, and MiB."""
    call_id, (messages, turn_s) = uuid.uuid4(), turn()
    turn_bytes, sent_s = b"".join(messages), 0.0
    found: list[tuple[float, float]] = []
    start_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=120) as client:
        client.sendall(audiosocket_message(0x01, call_id.bytes))
        while sent_s < minutes * 60:
            client.sendall(turn_bytes)
            sent_s += turn_s
            if sent_s / 60 >= 10 * (len(found) + 1):
                found.append((sent_s / 60, server.memory() / 2**20))
                print(
                    f"{sent_s / 60:5.0f} min after {time.monotonic() - start_s:4.0f} s: {found[-1][1]:.1f} MiB",
                    flush=True,
                )
        client.sendall(audiosocket_message(0x00))
        client.recv(16)
    finals = events(server, call_id)
    print(f"{sent_s / 60:.0f} min of audio, {len(finals)} finals, {sum(len(one['words']) for one in finals)} words")
    return found


def events(server: Server, call_id: uuid.UUID) -> list[dict[str, object]]:
    """The finals of the call that are still held."""
    answer = httpx.get(f"{server.url}/v1/calls/{call_id}/events", timeout=60)
    found = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    return [one for one in found if one["type"] == "final"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--most-mib", type=float, default=24, help="bound on the growth behind the first 20 minutes")
    arguments = parser.parse_args()
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(
            Path(folder),
            HINDI_STT_PROTOCOLS="audiosocket",
            HINDI_STT_AUDIOSOCKET_PORT=str(port),
            HINDI_STT_MODEL=str(arguments.bundle.resolve()),
        )
        try:
            server.wait_until_ready()
            found = run(server, port, arguments.minutes)
        finally:
            server.stop()
    settled = [mib for minutes, mib in found if minutes >= SETTLED_MIN]
    growth = settled[-1] - settled[0] if len(settled) > 1 else 0.0
    print(f"memory grew by {growth:.1f} MiB behind the first {SETTLED_MIN} minutes")
    if growth > arguments.most_mib:
        sys.exit(1)


if __name__ == "__main__":
    main()
