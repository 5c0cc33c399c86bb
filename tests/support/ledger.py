"""The usage ledger, looked at from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hindi_stt.access.ledger import Entry, Ledger, Sums, read_sums
from hindi_stt.cli.main import main

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def check_sums(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written into an empty database comes out summed."""
    ledger = Ledger(url)
    for i in range(600):
        status, audio_s = (429, 0.0) if i % 3 == 0 else (200, 1.5)
        time = NOW + timedelta(days=i % 2)
        ledger.add(Entry(time, "clinic" if i < 300 else "bank", "/transcribe", "m:1", status, audio_s, 0.1))
    ledger.close()
    assert read_sums(url, "client") == [Sums("bank", 300, 100, 300.0), Sums("clinic", 300, 100, 300.0)]
    assert read_sums(url, "model") == [Sums("m:1", 600, 200, 600.0)]
    assert [sums.group for sums in read_sums(url, "day")] == ["2026-03-01", "2026-03-02"]
    assert main(["usage", "--url", url, "--by", "day", "--since", "2026-03-02"]) == 0
    assert capsys.readouterr().out == "day\trequests\tfailed\taudio_s\n2026-03-02\t300\t100\t300.0\n"
    assert main(["usage"]) == 1
    assert "HINDI_STT_USAGE_URL" in capsys.readouterr().err
