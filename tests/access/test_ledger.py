"""The usage ledger: a row a request, sums by the command line, and never a word of the text."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path

import pytest

from hindi_stt.access.ledger import Ledger, Sums, read_sums
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.errors import LedgerUnavailable
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.keys import connect
from tests.support.ledger import check_sums
from tests.support.responses import eventually

MODULES_UNDER_TEST = ("hindi_stt/storage/database.py",)


def test_sums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_sums(f"sqlite:///{tmp_path / 'usage.db'}", capsys)


def test_databases_that_cannot_be_used(tmp_path: Path) -> None:
    for url in ("nonsense", f"sqlite:///{tmp_path}/no/usage.db", "postgresql+nodriver://x/y"):
        with pytest.raises(LedgerUnavailable):
            Ledger(url)
        with pytest.raises(LedgerUnavailable):
            read_sums(url, "client")


def test_through_the_server(guarded: Guarded) -> None:
    def sums() -> Sums | None:
        return next((found for found in read_sums(guarded.usage_url, "client") if found.group == "accounted"), None)

    key = guarded.new_key("accounted")
    text = guarded.post(key, (DATA / "rain.flac").read_bytes()).json()["text"]
    guarded.post(key, b"no audio" * 100)
    assert eventually(lambda: (found := sums()) is not None and found.requests == 2)
    found = sums()
    assert found is not None
    assert found.failed == 1
    assert found.audio_s == pytest.approx(2.128, abs=1e-2)
    database = Path(guarded.usage_url.removeprefix("sqlite:///"))
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select path, model, status, latency_s from usage where client = 'accounted'")
        (path, model, status, latency_s), _ = rows.fetchall()
    connection.close()
    assert (path, status) == ("/transcribe", 200)
    assert model.startswith(f"{Bundle.open(EMBEDDED).manifest.name}:")
    assert latency_s > 0
    for word in text.split():
        assert word.encode() not in database.read_bytes()


def test_realtime_audio(guarded: Guarded) -> None:
    """A connection is a row: what came over it, whether or not somebody spoke."""

    def sums() -> Sums | None:
        return next((found for found in read_sums(guarded.usage_url, "client") if found.group == "captioned"), None)

    event = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(48_000)).decode()})
    with connect(guarded, guarded.new_key("captioned")) as ws:
        for _ in range(2):
            ws.send(event)
        ws.send(json.dumps({"type": "input_audio_buffer.clear"}))
        while json.loads(ws.recv(timeout=20))["type"] != "input_audio_buffer.cleared":
            pass
    assert eventually(lambda: sums() is not None)
    assert sums() == Sums("captioned", 1, 0, 2.0)
