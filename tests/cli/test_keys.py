"""hindi-stt keys and hindi-stt usage: what they print is what a server accepts and what the ledger holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hindi_stt.access.key_file import read_key_file
from hindi_stt.cli.main import main
from hindi_stt.settings import get_settings
from tests.support.ledger import check_sums


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The key file of the settings, which is not there yet."""
    monkeypatch.setenv("HINDI_STT_KEY_FILE", str(tmp_path / "keys.json"))
    get_settings.cache_clear()
    yield tmp_path / "keys.json"
    get_settings.cache_clear()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[list[str]]:
    capsys.readouterr()
    assert main(list(arguments)) == 0
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_new_list_and_revoke(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ((key,),) = printed(capsys, "keys", "new", "ann", "--requests-per-minute", "5", "--audio-s-per-hour", "60.5")
    printed(capsys, "keys", "new", "bob")
    assert key not in file.read_text(), "only its hash is kept"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    ann, bob = printed(capsys, "keys", "list")
    assert ann[1:] == ["ann", today, "valid", "5", "60.5"]
    assert bob[1:] == ["bob", today, "valid", "-", "-"]
    assert printed(capsys, "keys", "revoke", "ann") == [[ann[0], "ann", "revoked"]]
    assert printed(capsys, "keys", "list")[0][3] == f"revoked {today}"
    assert printed(capsys, "keys", "revoke", bob[0]) == [[bob[0], "bob", "revoked"]]
    assert main(["keys", "revoke", "ann"]) == 1, "it has no valid key any more"
    assert "There is no valid key 'ann'." in capsys.readouterr().err
    assert len(read_key_file(file).keys) == 2


def test_a_name_selects_all_its_keys(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        printed(capsys, "keys", "new", "ann")
    assert len(printed(capsys, "keys", "revoke", "ann")) == 3


def test_another_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = str(tmp_path / "other.json")
    printed(capsys, "keys", "--file", other, "new", "ann")
    assert [row[1] for row in printed(capsys, "keys", "--file", other, "list")] == ["ann"]
    assert not file.exists()


def test_a_file_that_is_broken(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("{")
    for action in (["list"], ["new", "ann"], ["revoke", "ann"]):
        assert main(["keys", *action]) == 1
        assert "[key_file_invalid]" in capsys.readouterr().err
    assert file.read_text() == "{"


def test_nothing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for variable in ("HINDI_STT_KEY_FILE", "HINDI_STT_USAGE_URL"):
        monkeypatch.delenv(variable, raising=False)
    get_settings.cache_clear()
    assert main(["keys", "list"]) == 1
    assert "HINDI_STT_KEY_FILE" in capsys.readouterr().err
    assert main(["usage"]) == 1
    assert "HINDI_STT_USAGE_URL" in capsys.readouterr().err


def test_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'usage.db'}"
    check_sums(url, capsys)
    header, *rows = printed(capsys, "usage", "--url", url, "--by", "day")
    assert header == ["day", "requests", "failed", "audio_s"]
    assert rows
    assert all(date.fromisoformat(row[0]) for row in rows)
    tomorrow = datetime.fromtimestamp(time.time() + 2 * 86_400, UTC)
    assert printed(capsys, "usage", "--url", url, "--since", f"{tomorrow:%Y-%m-%d}") == [
        ["client", "requests", "failed", "audio_s"]
    ]
