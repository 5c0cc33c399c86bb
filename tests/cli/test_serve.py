"""hindi-stt serve becomes the server: what the server says of its settings is what the command says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.cli.main import main
from tests.support.bundles import sibling
from tests.support.cli import environment


def serve(home: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and standard error."""
    command = [Path(sys.executable).with_name("hindi-stt"), "serve", "--port", "0", *arguments]
    done = subprocess.run(command, cwd=home, env=environment(home), capture_output=True, timeout=120, check=False)
    return done.returncode, done.stderr.decode()


@pytest.mark.slow
def test_a_tag_reaches_the_server(tmp_path: Path) -> None:
    """A model that the store has not ends it before its port opens."""
    status, said = serve(tmp_path, "--model", "nobody")
    assert status != 0
    assert "The model store has no 'nobody'" in said


@pytest.mark.slow
def test_a_bundles_folder_is_found_from_wherever_the_server_runs(tmp_path: Path) -> None:
    """A relative path becomes an absolute one: the error names what is wrong in that folder."""
    bundle = sibling(tmp_path / "mine", "mine", "hi")
    (bundle.folder / bundle.manifest.assets[0].file).unlink()
    status, said = serve(tmp_path, "--model", "mine")
    assert status != 0
    assert bundle.manifest.assets[0].file in said


@pytest.mark.parametrize("arguments", [["--port", "many"], ["--nothing"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", *arguments])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: hindi-stt serve")
