"""The folder of a bundle, whatever kind of model it has: its manifest, and the files that the manifest lists."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from hindi_stt.bundle.schema import Asset
from hindi_stt.errors import BundleInvalid, ModelNotFound

__all__ = [
    "MANIFEST_FILE",
    "FileState",
    "asset_of",
    "check_asset",
    "file_state",
    "read_manifest",
    "sha256_of",
    "write_manifest",
]

MANIFEST_FILE: Final = "bundle.json"
# Size, time of the last change in ns, and inode.
FileState = tuple[int, int, int]
_Schema = TypeVar("_Schema", bound=BaseModel)


def read_manifest(folder: Path, schema: type[_Schema], kind: str) -> tuple[_Schema, str]:
    """Read and validate the manifest of a bundle.

    Args:
        folder: The bundle's folder.
        schema: What the manifest has to be.
        kind: Of the bundle, for errors, as in "model bundle".

    Returns:
        The manifest, and the bundle's version: 12 hexadecimal digits that identify this exact content.

    Raises:
        ModelNotFound: There is no manifest in the folder.
        BundleInvalid: The manifest is another one than the schema says.
    """
    path = folder / MANIFEST_FILE
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ModelNotFound(f"No {kind} in {folder}: {MANIFEST_FILE} cannot be read.") from error
    try:
        manifest = schema.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BundleInvalid(f"{path} is not the manifest of a {kind}: {where}: {first['msg']}") from error
    return manifest, hashlib.sha256(raw).hexdigest()[:12]


def write_manifest(manifest: BaseModel, folder: Path) -> None:
    """Write a bundle's manifest into its folder.

    Args:
        manifest: To write.
        folder: The bundle's.
    """
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def asset_of(file: Path, role: str, name: str) -> Asset:
    """Describe a file of a bundle.

    Args:
        file: The file, in the bundle's folder.
        role: Of the asset.
        name: Distinguishes it from others of its role.

    Returns:
        The asset, with the file's checksum.
    """
    return Asset(role=role, name=name, file=file.name, sha256=sha256_of(file))


def check_asset(folder: Path, asset: Asset) -> FileState:
    """Verify that a file of a bundle is there and has its checksum.

    Args:
        folder: The bundle's folder.
        asset: The file, as the manifest lists it.

    Returns:
        The state in which the file was verified.

    Raises:
        BundleInvalid: The file is missing, or has another checksum.
    """
    path = folder / asset.file
    if not path.is_file():
        raise BundleInvalid(f"{path} is missing, which {MANIFEST_FILE} lists as {asset.role}/{asset.name}.")
    state = file_state(path)
    if (found := sha256_of(path)) != asset.sha256:
        raise BundleInvalid(f"{path} has SHA-256 {found}, but {MANIFEST_FILE} says {asset.sha256}.")
    return state


def file_state(path: Path) -> FileState:
    """Size in bytes, time of the last change in ns, and inode of a file."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
