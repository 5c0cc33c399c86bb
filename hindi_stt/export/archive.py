"""Unpacks .nemo files, which are untrusted: only the members that a model needs are written, one by one.

Python's own extraction would apply the links, owners and modes that the archive names. Here a member is a stream of
bytes under a checked name; anything else makes the whole file invalid.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import yaml

from hindi_stt.catalogue.archives import DAMAGED, damage, read_to_end
from hindi_stt.errors import CorruptModel, UnsafeArchive, needing_room

__all__ = ["MAX_BYTES", "Archive", "unpack"]

CONFIG_FILE: Final = "model_config.yaml"
WEIGHTS_FILE: Final = "model_weights.ckpt"
# Bound on the unpacked size, in bytes: twice the largest CTC model that NVIDIA publishes.
MAX_BYTES: Final = 8 * 2**30
MAX_MEMBERS: Final = 1000
MAX_CONFIG_BYTES: Final = 4 * 2**20
_CHUNK: Final = 2**20


@dataclass(frozen=True, slots=True)
class Archive:
    """An unpacked .nemo file.

    Attributes:
        folder: Where it was unpacked.
        config: model_config.yaml as plain data.
        weights: Path of the checkpoint file.
    """

    folder: Path
    config: dict[str, Any]
    weights: Path

    def artifact(self, reference: str) -> Path:
        """Return the file that a configuration names as "nemo:<file>".

        Args:
            reference: The value in the configuration, with or without "nemo:".

        Returns:
            The file's path in the unpacked folder.

        Raises:
            CorruptModel: The archive holds no such file, or several.
        """
        name = PurePosixPath(reference.removeprefix("nemo:")).name
        found = [path for path in self.folder.rglob("*") if path.is_file() and path.name == name]
        if len(found) != 1:
            raise CorruptModel(f"The configuration names {name!r}, of which the archive has {len(found)}.")
        return found[0]


def unpack(file: Path, folder: Path, *, max_bytes: int = MAX_BYTES) -> Archive:
    """Unpack a .nemo file into an empty folder.

    Args:
        file: The .nemo file, a tar archive, compressed or not.
        folder: Where to unpack; created if missing.
        max_bytes: Largest total size of the unpacked files.

    Returns:
        The unpacked archive, with its configuration parsed.

    Raises:
        UnsafeArchive: A member is not a plain file inside the folder, or the archive exceeds a bound.
        CorruptModel: The archive is truncated, damaged or incomplete.
        StorageFull: The disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with needing_room(f"what {file.name} has"), tarfile.open(file, "r:*") as tar:
            _unpack_members(tar, folder, max_bytes)
            read_to_end(tar, max_bytes)
    except DAMAGED as error:
        raise CorruptModel(f"{file} cannot be unpacked as a .nemo archive: {damage(error)}.") from error
    return Archive(folder, _read_config(folder, file), _only(folder, WEIGHTS_FILE, file))


def _unpack_members(tar: tarfile.TarFile, folder: Path, max_bytes: int) -> None:
    left = max_bytes
    for n_members, member in enumerate(tar):
        if n_members >= MAX_MEMBERS:
            raise UnsafeArchive(f"The archive has more than {MAX_MEMBERS} members.")
        path = _safe_path(member, folder)
        if path is None:
            continue
        if member.size > left:
            raise UnsafeArchive(f"The archive unpacks to more than {max_bytes} bytes.")
        left -= member.size
        stream = tar.extractfile(member)
        if stream is None:
            raise CorruptModel(f"{member.name!r} has no content.")
        _write(stream, path, member)


def _safe_path(member: tarfile.TarInfo, folder: Path) -> Path | None:
    """Where the member goes; None for a folder. Raises UnsafeArchive."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise UnsafeArchive(f"The archive has {member.name!r}, outside its folder.")
    if member.isdir():
        return None
    if not member.isreg() or member.issparse():
        raise UnsafeArchive(f"{member.name!r} in the archive is a link, a device or another special file.")
    return folder.joinpath(*path.parts)


def _write(stream: IO[bytes], path: Path, member: tarfile.TarInfo) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        with path.open("xb") as f:
            while chunk := stream.read(_CHUNK):
                written += f.write(chunk)
    except FileExistsError as error:
        raise UnsafeArchive(f"The archive has {member.name!r} twice.") from error
    if written != member.size:
        raise CorruptModel(f"{member.name!r} ends after {written} of {member.size} bytes: the archive is truncated.")


def _only(folder: Path, name: str, file: Path) -> Path:
    found = sorted(folder.rglob(name))
    if len(found) != 1:
        raise CorruptModel(f"{file} has {len(found)} files named {name}, expected one: not a NeMo model.")
    return found[0]


def _read_config(folder: Path, file: Path) -> dict[str, Any]:
    path = _only(folder, CONFIG_FILE, file)
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise UnsafeArchive(f"{CONFIG_FILE} has more than {MAX_CONFIG_BYTES} bytes.")
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.constructor.ConstructorError as error:
        raise UnsafeArchive(f"{CONFIG_FILE} asks for a Python object to be made: {error.problem}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise CorruptModel(f"{CONFIG_FILE} in {file} is not valid YAML.") from error
    if not isinstance(config, dict):
        raise CorruptModel(f"{CONFIG_FILE} in {file} is not a mapping.")
    return config
