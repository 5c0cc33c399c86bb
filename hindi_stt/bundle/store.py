"""Bundles in the BentoML model store."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")  # before the import, which is when it is read

import bentoml
from bentoml.exceptions import NotFound

from hindi_stt.bentoml_compat.model_store import find_model_folder, model_folders
from hindi_stt.bundle.forms import select_form
from hindi_stt.bundle.manifest import (
    EMBEDDED,
    MANIFEST_FILE,
    REPORT_FILE,
    WEIGHTS_ROLE,
    Asset,
    Bundle,
    Manifest,
    sha256_of,
)
from hindi_stt.bundle.speakers import SpeakerBundle, is_speaker_bundle
from hindi_stt.errors import BundleInvalid, ModelNotFound, SpeakersNotInstalled, needing_room

if TYPE_CHECKING:
    from hindi_stt.settings import Settings

__all__ = [
    "load",
    "load_speakers",
    "remove",
    "resolve",
    "resolve_all",
    "resolve_speakers",
    "save",
    "speaker_tags",
    "tags",
]

# The bundle that `hindi-stt models get speakers` makes.
_SPEAKERS = "speakers"


def save(bundle: Bundle | SpeakerBundle) -> str:
    """Save a bundle in the store under its own tag, unless it is already there.

    Args:
        bundle: The bundle.

    Returns:
        Its tag.

    Raises:
        StorageFull: The disk is full.
    """
    if _is_complete(bundle.tag):
        return bundle.tag
    try:
        with needing_room("the model"):
            _write(bundle)
            _share_weights(bundle)
    except BaseException:
        _is_complete(bundle.tag)  # BentoML deletes what it has written after an Exception, but not after Control-C
        raise
    return bundle.tag


def _write(bundle: Bundle | SpeakerBundle) -> None:
    manifest = bundle.manifest
    labels = {"licence": manifest.licence}
    metadata: dict[str, Any] = {"source_sha256": manifest.source.sha256}
    if isinstance(manifest, Manifest):
        labels["language"] = manifest.language
        metadata["precisions"] = manifest.precisions
    names = [MANIFEST_FILE, *(asset.file for asset in manifest.assets)]
    if (bundle.folder / REPORT_FILE).is_file():
        names.append(REPORT_FILE)
    with bentoml.models.create(bundle.tag, labels=labels, metadata=metadata) as model:
        for name in names:
            shutil.copyfile(bundle.folder / name, model.path_of(name))


def _share_weights(bundle: Bundle | SpeakerBundle) -> None:
    """Make one file of equal weights of several bundles, such as those of one model for several languages.

    They are hard links: each bundle can be removed. Where the file system has none, each keeps its copy.
    """
    own = Path(bentoml.models.get(bundle.tag).path)
    for asset in bundle.manifest.assets:
        if asset.role != WEIGHTS_ROLE:
            continue
        for other in _equal_weights(asset, own):
            link = own / f"{asset.file}.link"
            try:
                os.link(other, link)
            except OSError:
                return
            link.replace(own / asset.file)
            break


def _equal_weights(asset: Asset, own: Path) -> Iterator[Path]:
    """Files of other bundles in the store with the content of an asset."""
    for _, folder in _bundles():
        if folder == own:
            continue
        with contextlib.suppress(ValueError, OSError):
            manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
            for one in manifest.assets:
                # The checksum again: the file may be damaged since it was saved.
                if one.sha256 == asset.sha256 == sha256_of(folder / one.file):
                    yield folder / one.file


def tags() -> list[str]:
    """Tags of the acoustic bundles in the store; models of other kinds are left out."""
    return [tag for tag, folder in _bundles() if not is_speaker_bundle(folder)]


def speaker_tags() -> list[str]:
    """Tags of the speaker bundles in the store."""
    return [tag for tag, folder in _bundles() if is_speaker_bundle(folder)]


def _bundles() -> Iterator[tuple[str, Path]]:
    """Tags and folders, by tag; the files of a bundle may be damaged."""
    return ((tag, folder) for tag, folder in sorted(model_folders().items()) if (folder / MANIFEST_FILE).is_file())


def remove(tag: str) -> None:
    """Delete a bundle of any kind from the store; its files may be damaged.

    Args:
        tag: Its tag.

    Raises:
        ModelNotFound: The store has no such tag, or it is a model that BentoML holds for others.
    """
    folder = _get(tag)
    if not (folder / MANIFEST_FILE).is_file():
        raise ModelNotFound(f"{tag} in the model store is not a bundle: delete it with 'bentoml models delete'.")
    _delete(f"{folder.parent.name}:{folder.name}")


def load(tag: str) -> Bundle:
    """Open a bundle from the store.

    Args:
        tag: Its tag.

    Returns:
        The bundle.

    Raises:
        ModelNotFound: The store has no such tag.
        BundleInvalid: The stored files differ from the manifest.
    """
    folder = _get(tag)
    _check_entry(tag, folder)
    return Bundle.open(folder)


def load_speakers(name: str) -> SpeakerBundle:
    """Open a speaker bundle.

    Args:
        name: Its folder, or its tag in the store.

    Returns:
        The bundle.

    Raises:
        SpeakersNotInstalled: There is no such folder or tag.
        BundleInvalid: The files differ from the manifest, or are no speaker bundle.
    """
    if os.sep in name or Path(name).is_dir():
        try:
            return SpeakerBundle.open(name)
        except ModelNotFound as error:
            raise SpeakersNotInstalled(error.message) from error
    folder = _find(name)
    if folder is None:
        raise SpeakersNotInstalled(f"The model store has no {name!r}, with which speakers are told apart.")
    return SpeakerBundle.open(folder)


def resolve_speakers(settings: Settings) -> SpeakerBundle:
    """Open the speaker bundle that the settings name, or else the one that 'hindi-stt models get speakers' has made.

    Args:
        settings: The server's settings.

    Returns:
        The bundle.

    Raises:
        SpeakersNotInstalled: There is none.
        BundleInvalid: Its files differ from the manifest, or are no speaker bundle.
    """
    return load_speakers(settings.speakers or f"{_SPEAKERS}:latest")


def resolve(settings: Settings) -> Bundle:
    """Open the bundle that the settings name: a folder, a tag in the store, or else the embedded bundle.

    Args:
        settings: The server's settings; they also choose the form (`bundle.forms`).

    Returns:
        The bundle.

    Raises:
        ModelNotFound: There is no such folder or tag.
        BundleInvalid: The bundle's files differ from its manifest.
        InvalidSetting: The bundle lacks the form, or its runtime is not installed.
    """
    bundle = _named(settings.model) if settings.model else Bundle.open(EMBEDDED)
    return select_form(bundle, settings)


def resolve_all(settings: Settings) -> tuple[Bundle, ...]:
    """Open all bundles that the settings name, the one of `resolve` first.

    Args:
        settings: The server's settings.

    Returns:
        The bundles.

    Raises:
        ModelNotFound: As `resolve`.
        BundleInvalid: As `resolve`.
        InvalidSetting: As `resolve`.
    """
    more = (select_form(_named(name), settings) for name in settings.more_models)
    return (resolve(settings), *more)


def _named(name: str) -> Bundle:
    """A bundle by its folder, or by its tag in the store."""
    return Bundle.open(name) if os.sep in name or Path(name).is_dir() else load(name)


def _is_complete(tag: str) -> bool:
    """Whether the store has this bundle; what a process that was ended has written of it is deleted."""
    folder = _find(tag)
    if folder is not None:
        with contextlib.suppress(BundleInvalid, ModelNotFound):
            _check_entry(tag, folder)
            (SpeakerBundle if is_speaker_bundle(folder) else Bundle).open(folder)
            return True
    with contextlib.suppress(NotFound):
        _delete(tag)
    return False


def _delete(tag: str) -> None:
    try:
        bentoml.models.delete(tag)
    except Exception:
        # BentoML looks for the latest of the other versions once it has deleted this one; one of them may be damaged.
        if tag in model_folders():
            raise


def _get(tag: str) -> Path:
    folder = _find(tag)
    if folder is None:
        raise ModelNotFound(f"The model store has no {tag!r}; it has {', '.join(model_folders()) or 'nothing'}.")
    return folder


def _check_entry(tag: str, folder: Path) -> None:
    """Check that BentoML can read what it keeps of a model: a server names the model to BentoML, too."""
    try:
        bentoml.models.get(tag)
    except OSError:
        raise
    except Exception as error:  # its parsers raise many kinds
        raise BundleInvalid(f"BentoML cannot read its entry of the model, {folder / 'model.yaml'}.") from error


def _find(tag: str) -> Path | None:
    """The folder of a model; its files may be damaged, and so may be BentoML's own model.yaml."""
    folder = find_model_folder(tag)
    if folder is None:
        with contextlib.suppress(Exception):  # also whatever BentoML's parsers raise about another version
            folder = Path(bentoml.models.get(tag).path)  # by the first digits of the version
    return folder
