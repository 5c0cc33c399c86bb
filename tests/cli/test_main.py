"""The program hindi-stt: its commands, of which only the one that runs is imported."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from hindi_stt.cli.main import main

IMPORTED = """
import sys
from hindi_stt.cli.main import main
try:
    main([{command!r}, "--help"])
finally:
    print("\\n" + " ".join(m for m in sys.modules if m.startswith(("hindi_stt.cli.", "sqlalchemy"))), file=sys.stderr)
"""


def commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    return re.findall(r"^    (\w+)(?: |$)", capsys.readouterr().out, re.MULTILINE)


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    names = commands(capsys)
    assert {"transcribe", "serve", "listen", "models", "usage", "calls"} < set(names)
    for name in names:
        with pytest.raises(SystemExit, match="0"):
            main([name, "--help"])
        assert capsys.readouterr().out.startswith(f"usage: hindi-stt {name} ")


def test_an_unknown_command_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    names = commands(capsys)
    with pytest.raises(SystemExit, match="2"):
        main(["nothing"])
    error = capsys.readouterr().err
    assert "invalid choice: 'nothing'" in error
    assert all(name in error for name in names)


def test_without_a_command_its_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert capsys.readouterr().err.startswith("usage: hindi-stt ")


def test_a_command_does_not_import_the_others() -> None:
    script = IMPORTED.format(command="bench")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = done.stderr.split()
    assert "hindi_stt.cli.bench" in imported
    assert not {"hindi_stt.cli.keys", "hindi_stt.cli.jobs", "hindi_stt.cli.transcribe", "sqlalchemy"} & set(imported)
