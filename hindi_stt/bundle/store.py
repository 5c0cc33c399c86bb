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
from bentoml.exceptions import BentoMLException, NotFound

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
    for model in bentoml.models.list():
        folder = Path(model.path)
        if folder == own or not (folder / MANIFEST_FILE).is_file():
            continue
        with contextlib.suppress(ValueError, OSError):
            manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
            for one in manifest.assets:
                # The checksum again: the file may be damaged since it was saved.
                if one.sha256 == asset.sha256 == sha256_of(folder / one.file):
                    yield folder / one.file


def tags() -> list[str]:
    """Tags of the acoustic bundles in the store; models of other kinds are left out."""
    return sorted(str(tag) for tag, path in _bundles() if not is_speaker_bundle(path))


def speaker_tags() -> list[str]:
    """Tags of the speaker bundles in the store."""
    return sorted(str(tag) for tag, path in _bundles() if is_speaker_bundle(path))


def _bundles() -> Iterator[tuple[bentoml.Tag, Path]]:
    for model in bentoml.models.list():
        if Path(model.path, MANIFEST_FILE).is_file():
            yield model.tag, Path(model.path)


def remove(tag: str) -> None:
    """Delete a bundle of any kind from the store; its files may be damaged.

    Args:
        tag: Its tag.

    Raises:
        ModelNotFound: The store has no such tag, or it is a model that BentoML holds for others.
    """
    if not Path(_get(tag).path, MANIFEST_FILE).is_file():
        raise ModelNotFound(f"{tag} in the model store is no bundle: delete it with 'bentoml models delete'.")
    bentoml.models.delete(tag)


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
    return Bundle.open(_get(tag).path)


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
    model = _find(name)
    if model is None:
        raise SpeakersNotInstalled(f"The model store has no {name!r}, with which speakers are told apart.")
    return SpeakerBundle.open(model.path)


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
    model = _find(tag)
    if model is not None:
        with contextlib.suppress(BundleInvalid, ModelNotFound):
            path = Path(model.path)
            (SpeakerBundle if is_speaker_bundle(path) else Bundle).open(path)
            return True
    with contextlib.suppress(NotFound):
        bentoml.models.delete(tag)
    return False


def _get(tag: str) -> bentoml.Model:
    model = _find(tag)
    if model is None:
        have = ", ".join(str(other.tag) for other in bentoml.models.list()) or "nothing"
        raise ModelNotFound(f"The model store has no {tag!r}; it has {have}.")
    return model


def _find(tag: str) -> bentoml.Model | None:
    try:
        return bentoml.models.get(tag)
    except (NotFound, BentoMLException, ValueError):
        return None
