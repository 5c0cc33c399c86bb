"""From downloaded or local files to a bundle, for `hindi-stt models get`: ready ONNX files, archives, exports."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hindi_stt.errors import ExportEnvironmentMissing, VerificationFailed
from hindi_stt.settings import get_settings

if TYPE_CHECKING:
    from hindi_stt.bundle.manifest import Bundle
    from hindi_stt.catalogue.entries import Entry
    from hindi_stt.catalogue.ready_onnx import Identity

__all__ = [
    "NAME_RULE",
    "agrees",
    "check_bundle",
    "convert_file",
    "convert_folder",
    "export_python",
    "identity_of",
    "import_archive",
    "import_folder",
    "plain_name",
    "say",
]

NAME_RULE: Final = "a name has small letters, digits, dots, dashes and underscores."


def identity_of(arguments: argparse.Namespace, name: str, entry: Entry | None) -> Identity:
    """Name, language, licence and description of the bundle.

    Args:
        arguments: Of the command.
        name: The model's own name, for a bundle that the command does not name.
        entry: The model in the catalogue; None for another.

    Returns:
        The identity.
    """
    from hindi_stt.catalogue.ready_onnx import Identity

    plain = plain_name(arguments.name or name)
    language = arguments.language or (entry.language if entry else "hi")
    licence = arguments.licence or (entry.licence if entry else "unknown")
    return Identity(plain, language, licence, f"{entry.title} ({entry.publisher})" if entry else "")


def plain_name(name: str) -> str:
    """The name as a bundle can have it: in small letters, with dashes for what it cannot have."""
    return re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-._") or "model"


def import_folder(folder: Path, output: Path, identity: Identity, preset: str) -> Bundle:
    """Make a bundle of ready ONNX files; raises what `import_onnx` does.

    Args:
        folder: With the files.
        output: The new bundle's folder.
        identity: Name, language and licence of the bundle.
        preset: Of feature parameters, where the files do not tell them.

    Returns:
        The bundle.
    """
    from hindi_stt.catalogue.ready_onnx import import_onnx

    say("Making a bundle, and verifying that it agrees with itself …")
    bundle, warnings = import_onnx(folder, output, identity, preset=preset, threads=get_settings().effective_threads)
    for warning in warnings:
        say(f"Warning: {warning}")
    if not bundle.manifest.acoustic.batched:
        say("Padding changes the last frames of this model's clips, so each clip runs alone.")
    return bundle


def import_archive(archive: Path, output: Path, identity: Identity, preset: str) -> Bundle:
    """Make a bundle of ready ONNX files in an archive; raises what `unpack_model` and `import_onnx` do.

    Args:
        archive: The archive's file.
        output: The new bundle's folder.
        identity: Name, language and licence of the bundle.
        preset: Of feature parameters, where the files do not tell them.

    Returns:
        The bundle.
    """
    from hindi_stt.catalogue.archives import unpack_model
    from hindi_stt.catalogue.sources import is_model_file

    with tempfile.TemporaryDirectory(prefix="hindi-stt-unpack-") as work:
        return import_folder(unpack_model(archive, Path(work), is_model_file), output, identity, preset)


def check_bundle(bundle: Bundle) -> None:
    """Check that a bundle agrees with itself.

    Args:
        bundle: The bundle.

    Raises:
        VerificationFailed: A clip's results depend on other clips.
    """
    from hindi_stt.evaluation.consistency import check_consistency

    broken = [
        one.precision for one in check_consistency(bundle, threads=get_settings().effective_threads) if not one.sound
    ]
    if broken:
        raise VerificationFailed(f"{bundle.tag}: {', '.join(broken)} gives other results in a batch than alone.")


def convert_file(arguments: argparse.Namespace, file: Path, output: Path, identity: Identity) -> Bundle:
    """Export a .nemo file; raises what `convert` does.

    Args:
        arguments: Of the command.
        file: The .nemo file.
        output: The new bundle's folder.
        identity: Name, language and licence of the bundle.

    Returns:
        The bundle.
    """
    from hindi_stt.catalogue.nemo_conversion import convert

    python = export_python(arguments)
    say(f"Exporting {file.name}, and verifying it against NeMo: minutes …")
    return convert(file, output, identity, python)


def convert_folder(arguments: argparse.Namespace, folder: Path, output: Path, identity: Identity) -> Bundle:
    """Export the folder of a Wav2Vec2ForCTC model; raises what `convert` does.

    Args:
        arguments: Of the command.
        folder: With the model's files.
        output: The new bundle's folder.
        identity: Name, language and licence of the bundle.

    Returns:
        The bundle.
    """
    from hindi_stt.catalogue.nemo_conversion import convert

    python = export_python(arguments)
    say(f"Exporting {folder.name}, and verifying it against transformers: minutes …")
    return convert(folder, output, identity, python)


def export_python(arguments: argparse.Namespace) -> Path:
    """Python of the export environment, which is installed first where it is missing and wanted.

    Args:
        arguments: Of the command.

    Returns:
        Its path.

    Raises:
        ExportEnvironmentMissing: There is none.
    """
    from hindi_stt.catalogue.nemo_conversion import ENVIRONMENT_SIZE, find_export_python, install_environment

    python = find_export_python(arguments.export_python)
    if python is not None:
        return python
    question = f"The exporter needs NeMo and PyTorch, which take {ENVIRONMENT_SIZE} of disk. Install them?"
    if not arguments.install_exporter and not agrees(question):
        raise ExportEnvironmentMissing(
            f"NeMo and PyTorch, which take {ENVIRONMENT_SIZE} of disk, are not installed: --install-exporter does it."
        )
    install_environment()
    python = find_export_python()
    if python is None:
        raise ExportEnvironmentMissing("make has not made the export environment.")
    return python


def agrees(question: str) -> bool:
    """Ask on a terminal; without one the answer is no. The tag on standard output may go to a variable."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def say(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"{text}\n")
