"""hindi-stt models get of files here that have to be exported, with another program in place of the exporter.

What the exporter itself makes of them: tests/cli/test_models_get_export.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.executables import write_executable
from tests.support.model_hub import ModelHub
from tests.support.model_shell import Shell, refused
from tests.support.server import ROOT

MODULES_UNDER_TEST = ("hindi_stt/cli/models_get.py", "hindi_stt/cli/model_import.py")
pytestmark = pytest.mark.slow

WITHOUT_ENVIRONMENT = pytest.mark.skipif(
    (ROOT / ".venv-oracle" / ".installed").is_file(), reason="the export environment is installed"
)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with ModelHub() as hub:
        (tmp_path / "models.toml").touch()
        yield Shell(tmp_path, hub)


@pytest.fixture
def exporter(tmp_path: Path) -> Path:
    """Fails with the arguments that it was given."""
    return write_executable(tmp_path / "python", 'echo "asked for: $*" >&2; exit 3')


def test_a_nemo_file(shell: Shell, exporter: Path) -> None:
    (file := shell.home / "mine.nemo").write_bytes(b"x")
    options = ("--as", "ours", "--language", "mr", "--licence", "MIT")
    message = refused(shell.get(str(file), "--export-python", str(exporter), *options), "model_error")
    assert "verifying it against NeMo" in message
    assert "mine.nemo --to " in message
    assert "--name ours --language mr --licence MIT" in message
    assert shell.stored == []


def test_a_folder_with_a_nemo_file(shell: Shell, exporter: Path) -> None:
    (folder := shell.home / "checkout").mkdir()
    (folder / "mine.nemo").write_bytes(b"x")
    message = refused(shell.get(str(folder), "--export-python", str(exporter)), "model_error")
    assert "checkout/mine.nemo --to " in message


def test_a_folder_of_transformers(shell: Shell, exporter: Path) -> None:
    (folder := shell.home / "wav2vec").mkdir()
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        (folder / name).write_text("{}")
    message = refused(shell.get(str(folder), "--export-python", str(exporter)), "model_error")
    assert "verifying it against transformers" in message
    assert "--name wav2vec " in message


def test_a_file_that_is_no_model(shell: Shell) -> None:
    (file := shell.home / "notes.txt").write_text("x")
    assert "neither a .nemo file nor an archive" in refused(shell.get(str(file)), "model_source_unavailable")


@WITHOUT_ENVIRONMENT
def test_the_environment_is_installed_where_that_is_asked_for(shell: Shell) -> None:
    """By make, which fails here, as it does without the package index."""
    (file := shell.home / "mine.nemo").write_bytes(b"x")
    write_executable(shell.home / "make", f'echo "$@" > {shell.home}/arguments; exit 2')
    path = f"{shell.home}:/usr/bin:/bin"
    message = refused(shell.get(str(file), "--install-exporter", PATH=path), "export_environment_missing")
    assert "make ended with status 2" in message
    assert (shell.home / "arguments").read_text().split()[-1] == ".venv-oracle/.installed"


@WITHOUT_ENVIRONMENT
def test_an_environment_that_make_has_not_made_is_named(shell: Shell) -> None:
    (file := shell.home / "mine.nemo").write_bytes(b"x")
    write_executable(shell.home / "make", "exit 0")
    path = f"{shell.home}:/usr/bin:/bin"
    message = refused(shell.get(str(file), "--install-exporter", PATH=path), "export_environment_missing")
    assert "make has not made the export environment" in message
