"""Runs the exporter for models of NeMo and transformers in its own environment, which has both, and PyTorch."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.catalogue.file_kinds import refuse_page_file
from hindi_stt.catalogue.ready_onnx import Identity
from hindi_stt.catalogue.sources import TRANSFORMERS_WEIGHTS
from hindi_stt.errors import ExportEnvironmentMissing, HindiSTTError, ModelError, from_code

__all__ = ["ENVIRONMENT_SIZE", "convert", "find_export_python", "install_environment"]

ENVIRONMENT_SIZE: Final = "2 GB"
_ROOT: Final = Path(__file__).parents[2]
_SCRIPT: Final = _ROOT / "export_model.py"
_ENVIRONMENT: Final = _ROOT / ".venv-oracle"
_COMPLAINT: Final = re.compile(r"^export_model\.py: (?P<message>.*) \[(?P<code>\w+)\]", re.MULTILINE)
_NO_PACKAGE: Final = re.compile(r"^ModuleNotFoundError: No module named '(?P<name>[\w.]+)'", re.MULTILINE)


def find_export_python(named: str = "") -> Path | None:
    """Find the Python of the export environment.

    Args:
        named: Its path; empty for that of this checkout, which `make oracle` makes.

    Returns:
        The path; None where there is no such environment yet.

    Raises:
        ExportEnvironmentMissing: There is no checkout with the exporter, or `named` is no file.
    """
    if not _SCRIPT.is_file():
        raise ExportEnvironmentMissing("Models are exported from a checkout of this project; this is a package.")
    python = Path(named) if named else _ENVIRONMENT / "bin" / "python"
    if named and not python.is_file():
        raise ExportEnvironmentMissing(f"{named} is not a Python interpreter.")
    complete = bool(named) or (_ENVIRONMENT / ".installed").is_file()
    return python if complete and python.is_file() else None


def install_environment() -> None:
    """Install the export environment of this checkout with make.

    Raises:
        ExportEnvironmentMissing: make failed.
    """
    target = (_ENVIRONMENT / ".installed").relative_to(_ROOT)
    done = subprocess.run(["make", "-C", str(_ROOT), str(target)], stdout=sys.stderr, check=False)  # noqa: S607
    if done.returncode:
        reason = f"make ended with status {done.returncode}"
        raise ExportEnvironmentMissing(f"The export environment could not be installed: {reason}.")


def convert(file: Path, output: Path, identity: Identity, python: Path) -> Bundle:
    """Export a model and verify the result against its own framework.

    Args:
        file: The .nemo file, or the folder of a Wav2Vec2ForCTC model.
        output: The folder of the bundle.
        identity: Name, language, licence and description of the bundle.
        python: Python of the export environment.

    Returns:
        The bundle.

    Raises:
        NotAModelFile: The file, or that of the weights, is a web page or the pointer of a file in Git LFS.
        ModelError: The export failed: the error that the exporter ended with.
        ExportEnvironmentMissing: `python` cannot be run, or lacks a package that the exporter needs.
    """
    weights = [file / name for name in TRANSFORMERS_WEIGHTS] if file.is_dir() else [file]
    for path in weights:
        if path.is_file():
            refuse_page_file(path)
    command = [str(python), str(_SCRIPT), str(file.absolute()), "--to", str(output), "--name", identity.name]
    command += ["--language", identity.language, "--licence", identity.licence, "--description", identity.description]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    environment["PYTHONPATH"] = str(_ROOT)
    # PyTorch keeps a cache in the folder for temporary files, and an exporter that is killed cannot delete its own.
    with tempfile.TemporaryDirectory(prefix="hindi-stt-exporter-") as temporary:
        try:
            done = subprocess.run(
                command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False,
                env=environment | {"TMPDIR": temporary},
            )  # fmt: skip
        except OSError as error:
            raise ExportEnvironmentMissing(f"{python} cannot be run: {error.strerror}.") from error
    if done.returncode:
        failure = _failure(done, file, python)
        raise failure
    return Bundle.open(output)


def _failure(done: subprocess.CompletedProcess[str], file: Path, python: Path) -> HindiSTTError:
    """What an exporter that has failed says about it."""
    if complaint := _COMPLAINT.search(done.stderr):
        return from_code(complaint["code"], complaint["message"])
    if package := _NO_PACKAGE.search(done.stderr):
        return ExportEnvironmentMissing(f"{python} lacks the package {package['name']}, which the exporter needs.")
    if done.returncode == -signal.SIGKILL:
        return ModelError(f"The export of {file.name} was killed, as the kernel does where memory runs out.")
    last = " ".join(" ".join(done.stderr.split("\n")[-4:]).split())
    return ModelError(f"The export of {file.name} failed: {last}")
