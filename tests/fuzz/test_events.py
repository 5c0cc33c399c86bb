"""Events of the realtime protocol to a real server: each is answered, none ends a connection that should go on."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tqdm import tqdm
from websockets.sync.client import ClientConnection, connect

from tests.fuzz.mutations import CASES, SEED, bytes_of, json_of
from tests.support.server import Server

pytestmark = pytest.mark.fuzz

AUDIO = base64.b64encode(bytes(3_200)).decode()
TRANSCRIPTION = {"model": "", "language": "hi", "prompt": "आज", "keywords": ["बारिश"], "numerals": "words"}
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "input_audio_buffer.append", "audio": AUDIO, "event_id": "a"},
    {"type": "input_audio_buffer.commit", "event_id": "b"},
    {
        "type": "session.update",
        "session": {
            "type": "transcription",
            "include": ["item.input_audio_transcription.logprobs"],
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 16_000},
                    "turn_detection": {"type": "server_vad"},
                    "transcription": TRANSCRIPTION,
                }
            },
        },
    },
    {
        "type": "transcription_session.update",
        "session": {"input_audio_format": "g711_ulaw", "input_audio_transcription": TRANSCRIPTION},
    },
)
# One connection is closed after 20 events that could not be used; it is changed before.
BAD_PER_CONNECTION = 12


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("live"), HINDI_STT_SCHEDULER="cost")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def message(rng: random.Random) -> str | bytes:
    event = json_of(rng.choice(EVENTS), rng)
    text = json.dumps(event, ensure_ascii=rng.random() < 0.9 or "\\ud8" in json.dumps(event))
    if rng.random() < 0.2:
        spoilt = bytes_of(text.encode(), rng)
        return spoilt if rng.random() < 0.3 else spoilt.decode("utf-8", "replace")
    return text


def answers(ws: ClientConnection) -> list[dict[str, Any]]:
    """What is said until the buffer is cleared, which is always answered."""
    ws.send('{"type": "input_audio_buffer.clear", "event_id": "end"}')
    found = [json.loads(ws.recv(timeout=30))]
    while found[-1]["type"] != "input_audio_buffer.cleared":
        found.append(json.loads(ws.recv(timeout=30)))
    return found


def test_events(live: Server) -> None:
    outcomes: Counter[str] = Counter()
    url = f"ws://127.0.0.1:{live.port}/v1/realtime?intent=transcription"
    case = 0
    with tqdm(total=CASES, desc="events", leave=False) as bar:
        while case < CASES:
            bad = 0
            with connect(url, open_timeout=20) as ws:
                assert json.loads(ws.recv(timeout=30))["type"] == "session.created"
                while case < CASES and bad < BAD_PER_CONNECTION:
                    sent = message(random.Random(SEED + case))
                    ws.send(sent)
                    try:
                        said = answers(ws)
                    except Exception as error:  # noqa: BLE001  whatever it is, it is what this looks for
                        pytest.fail(f"seed {SEED + case}, {sent[:300]!r}: {type(error).__name__}: {str(error)[:200]}")
                    codes = [event["error"]["code"] for event in said if "error" in event]
                    assert "internal_error" not in codes, sent[:300]
                    bad += len(codes)
                    outcomes.update(codes or ["accepted"])
                    case += 1
                    bar.update()
    print(f"\nevents: {CASES} cases from seed {SEED}: {dict(outcomes.most_common())}")
    assert set(outcomes) - {"accepted"}
    assert "Traceback" not in live.log
