"""Where a model comes from: a file, a folder, an https address, a Hugging Face repository, or a well-known name."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from tqdm import tqdm

from hindi_stt.bundle.manifest import MANIFEST_FILE, sha256_of
from hindi_stt.catalogue.entries import read_catalogue
from hindi_stt.errors import ChecksumMismatch, SourceUnavailable

__all__ = ["PUBLISHED", "LocalSource", "fetch"]

# Names that stand for one published file: those of the catalogue that are exported, and lie at an address.
PUBLISHED: Final = {
    name: entry.source
    for name, entry in read_catalogue().items()
    if entry.becomes == "nemo" and entry.source.startswith("https://")
}

MAX_DOWNLOAD_BYTES: Final = 8 * 2**30
TIMEOUT_S: Final = 60.0
_CHUNK: Final = 2**20
_HUGGING_FACE_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")
BRING_IT: Final = "Without a network: fetch the .nemo file on another machine, copy it here, and name its path instead."


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
    """Bring a source to this disk. An interrupted download is continued.

    Args:
        source: A path, an https address, or a name on Hugging Face.
        downloads: Folder for downloads.
        sha256: The checksum that the file must have; empty for no check.

    Returns:
        The model on this disk.

    Raises:
        SourceUnavailable: The source is neither a file, a bundle nor something that can be downloaded.
        ChecksumMismatch: The file has another checksum.
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
    if address.startswith("https://"):
        return download(address, downloads)
    if _HUGGING_FACE_ID.fullmatch(source) and not source.endswith(".nemo"):
        return _from_hugging_face(source, downloads)
    names = ", ".join(PUBLISHED)
    raise SourceUnavailable(
        f"{source!r} is no file here, no https address, no Hugging Face id (owner/name) and no known name ({names})."
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


def download(address: str, downloads: Path) -> Path:
    """Download a file over https; an interrupted download is continued.

    Args:
        address: An https address.
        downloads: Folder for the file.

    Returns:
        The path of the complete file.

    Raises:
        SourceUnavailable: The file cannot be downloaded, or the address redirects to plain http.
    """
    name = Path(urllib.parse.urlsplit(address).path).name
    target, partial = downloads / name, downloads / f"{name}.part"
    if target.is_file():
        return target
    downloads.mkdir(parents=True, exist_ok=True)
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310  https only: see _download
            if not response.geturl().startswith("https://"):
                raise SourceUnavailable(f"{address} leads away from https, to {response.geturl()}.")
            _receive(response, partial, name, have if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise SourceUnavailable(f"{address} cannot be downloaded: {error}. {BRING_IT}") from error
    partial.rename(target)
    return target


def _receive(response: http.client.HTTPResponse, partial: Path, name: str, have: int) -> None:
    announced = int(response.headers.get("Content-Length", 0))
    total = have + announced
    if total > MAX_DOWNLOAD_BYTES:
        raise SourceUnavailable(f"{name} has {total} bytes, more than the bound of {MAX_DOWNLOAD_BYTES}.")
    with (
        partial.open("ab" if have else "wb") as f,
        _progress(total, have, name) as bar,
    ):
        written = have + _copy(response, f, bar, MAX_DOWNLOAD_BYTES - have)
    if announced and written != total:
        raise SourceUnavailable(f"{name} broke off after {written} of {total} bytes; the same command continues it.")


def _progress(total: int, have: int, name: str) -> tqdm[Any]:
    return tqdm(total=total or None, initial=have, unit="B", unit_scale=True, desc=name)


def _copy(response: http.client.HTTPResponse, f: IO[bytes], bar: tqdm[Any], bound: int) -> int:
    written = 0
    while chunk := response.read(_CHUNK):
        written += f.write(chunk)
        bar.update(len(chunk))
        if written > bound:
            raise SourceUnavailable(f"The download passes the bound of {MAX_DOWNLOAD_BYTES} bytes.")
    return written
