"""Where a model comes from: a file, a folder, an https address, a Hugging Face repository, or a well-known name."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hindi_stt.bundle.folder import MANIFEST_FILE, sha256_of
from hindi_stt.catalogue.download import Download, download
from hindi_stt.catalogue.entries import read_catalogue
from hindi_stt.catalogue.requests import BRING_IT, open_client
from hindi_stt.errors import ChecksumMismatch, SourceUnavailable

__all__ = ["PUBLISHED", "LocalSource", "fetch"]

# Names that stand for one published file: those of the catalogue that are exported, and lie at an address.
PUBLISHED: Final = {
    name: entry.source
    for name, entry in read_catalogue().items()
    if entry.becomes == "nemo" and entry.source.startswith("https://")
}

_HUGGING_FACE_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A model on this disk.

    Attributes:
        path: A .nemo file or a bundle's folder.
        sha256: Of the file, as hexadecimal digits; empty for a bundle.
        origin: The source as the caller named it.
    """

    path: Path
    sha256: str
    origin: str

    @property
    def is_bundle(self) -> bool:
        """Whether it is a bundle already."""
        return self.path.is_dir()


def fetch(source: str, downloads: Path, *, sha256: str = "") -> LocalSource:
    """Bring a source to this disk. An interrupted download is continued; only https is downloaded from.

    Args:
        source: A path, an https address, or a name on Hugging Face.
        downloads: Folder for downloads.
        sha256: The checksum that the file must have; empty for no check.

    Returns:
        The model on this disk.

    Raises:
        SourceUnavailable: The source is neither a file, a bundle nor something that can be downloaded.
        ChecksumMismatch: The file has another checksum.
        HindiSTTError: As `catalogue.download.download` raises.
    """
    path = Path(source)
    if path.is_dir():
        if not (path / MANIFEST_FILE).is_file():
            raise SourceUnavailable(f"{source} is a folder without {MANIFEST_FILE}: neither a .nemo file nor a bundle.")
        return LocalSource(path, "", source)
    if not path.is_file():
        path = _download(source, downloads)
    found = sha256_of(path)
    print(f"{path}: {path.stat().st_size:,} bytes, SHA-256 {found}")
    if sha256 and found != sha256.lower():
        raise ChecksumMismatch(f"{path} has SHA-256 {found}, asked for was {sha256.lower()}.")
    return LocalSource(path, found, source)


def _download(source: str, downloads: Path) -> Path:
    address = PUBLISHED.get(source, source)
    if address.startswith(("https://", "http://")):
        name = Path(urllib.parse.urlsplit(address).path).name
        if not name:
            raise SourceUnavailable(f"{address} names no file.")
        with open_client() as client:
            return download(Download(address, downloads, name), client)
    if _HUGGING_FACE_ID.fullmatch(source) and not source.endswith(".nemo"):
        return _from_hugging_face(source, downloads)
    names = ", ".join(PUBLISHED)
    raise SourceUnavailable(
        f"{source!r} is neither a file, an https address, a Hugging Face id (owner/name) nor a known name ({names})."
    )


def _from_hugging_face(repository: str, downloads: Path) -> Path:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        files = [name for name in HfApi().list_repo_files(repository) if name.endswith(".nemo")]
        if len(files) != 1:
            raise SourceUnavailable(f"{repository} on Hugging Face has {len(files)} .nemo files, expected one.")
        return Path(hf_hub_download(repository, files[0], local_dir=downloads))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError, ValueError) as error:
        raise SourceUnavailable(f"{repository} cannot be had from Hugging Face: {error}. {BRING_IT}") from error
