"""What comes of an exporter that fails, as its own process; exports that succeed: tests/cli/test_models_get.py."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import Identity
from hindi_stt.catalogue.nemo_conversion import convert, find_export_python, install_environment
from hindi_stt.errors import ExportEnvironmentMissing, HindiSTTError, ModelError, StorageFull
from tests.support.executables import write_executable
from tests.support.server import ROOT

MODULES_UNDER_TEST = ("hindi_stt/catalogue/nemo_conversion.py",)

IDENTITY = Identity("model", "hi", "MIT")


def failure(python: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> HindiSTTError:
    (folder / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
    (folder / "model.nemo").write_bytes(b"x")
    with pytest.raises(HindiSTTError) as caught:
        convert(folder / "model.nemo", folder / "bundle", IDENTITY, python)
    assert not (folder / "bundle").exists()
    assert list((folder / "temporary").iterdir()) == []
    return caught.value


def test_a_python_without_nemo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure(Path(sys.executable), tmp_path, monkeypatch)
    assert type(error) is ExportEnvironmentMissing
    assert "lacks the package nemo" in error.message


@pytest.mark.parametrize("executable", [False, True])
def test_what_is_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executable: bool) -> None:
    python = tmp_path / "python"
    python.write_bytes(b"\x7fnothing")
    python.chmod(0o755 if executable else 0o644)
    error = failure(python, tmp_path, monkeypatch)
    assert type(error) is ExportEnvironmentMissing
    assert f"{python} cannot be run" in error.message


def test_an_exporter_that_is_killed_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = write_executable(
        tmp_path / "python", 'echo work > "$TMPDIR/unfinished"; mkdir "$TMPDIR/cache"; kill -9 $$'
    )
    error = failure(python, tmp_path, monkeypatch)
    assert type(error) is ModelError
    assert "was killed, as the kernel does where memory runs out" in error.message


def test_an_error_of_the_exporter_keeps_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "export_model.py: The server's disk is too full for [the] export. [storage_full] Free space."
    error = failure(
        write_executable(tmp_path / "python", f'echo "Loading" >&2; echo "{line}" >&2; exit 1'), tmp_path, monkeypatch
    )
    assert type(error) is StorageFull
    assert error.message == "The server's disk is too full for [the] export."


def test_any_other_failure_is_told_by_the_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'for n in 1 2 3 4 5; do echo "line  $n" >&2; done; exit 3'
    error = failure(write_executable(tmp_path / "python", script), tmp_path, monkeypatch)
    assert type(error) is ModelError
    assert error.message == "The export of model.nemo failed: line 3 line 4 line 5"


def test_a_page_in_place_of_a_model_is_refused_before_the_exporter_starts(tmp_path: Path) -> None:
    python = write_executable(tmp_path / "python", f"touch {tmp_path}/started")
    (tmp_path / "model.nemo").write_bytes(b"<!DOCTYPE html><html><body>Sign in</body></html>")
    with pytest.raises(HindiSTTError, match="page"):
        convert(tmp_path / "model.nemo", tmp_path / "bundle", IDENTITY, python)
    assert not (tmp_path / "started").exists()


def test_a_python_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    assert find_export_python(sys.executable) == Path(sys.executable)
    with pytest.raises(ExportEnvironmentMissing, match="is not a Python interpreter"):
        find_export_python(str(tmp_path / "python"))


def test_an_environment_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A make that fails, as where pip finds no package."""
    write_executable(tmp_path / "make", f'echo "$@" > {tmp_path}/arguments; exit 2')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ExportEnvironmentMissing, match="make ended with status 2"):
        install_environment()
    assert (tmp_path / "arguments").read_text().split() == ["-C", str(ROOT), ".venv-oracle/.installed"]


def test_the_exporter_writes_an_error_of_several_lines_as_one(tmp_path: Path) -> None:
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, ROOT / "export_model.py", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.startswith("export_model.py: ")
    assert "[model_source_unavailable]" in line
