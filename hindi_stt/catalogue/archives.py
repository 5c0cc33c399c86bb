"""Takes a model's files out of a tar archive, as sherpa-onnx's models are published.

Only files with the names of a known layout are taken, by their bare names: no path, link or device of the archive
reaches the disk.
"""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Final

from hindi_stt.catalogue.layouts import refuse_transducer
from hindi_stt.errors import CorruptModel, SourceUnavailable, UnsafeArchive, needing_room

__all__ = ["DAMAGED", "damage", "read_to_end", "unpack_model"]

# What tarfile and the modules under it raise for a damaged archive; bz2 and gzip raise OSError.
DAMAGED: Final = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError)

_MAX_BYTES: Final = 8 * 2**30
_MAX_MEMBERS: Final = 10_000
_CHUNK_BYTES: Final = 2**20
_MAX_LISTED: Final = 12


def unpack_model(
    archive: Path, folder: Path, is_wanted: Callable[[str], object], *, max_bytes: int = _MAX_BYTES
) -> Path:
    """Unpack the files of a model.

    Args:
        archive: A tar archive, compressed or not.
        folder: Where the files go; created if missing.
        is_wanted: Whether a file of this name belongs to a known layout.
        max_bytes: Largest total size of the files.

    Returns:
        `folder`.

    Raises:
        CorruptModel: It is no archive, or cut short.
        SourceUnavailable: It has no file of a model, or two of one name: more than one model.
        UnsupportedModel: It has a transducer.
        UnsafeArchive: It has too many members, or unpacks to too many bytes.
        StorageFull: The disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = max_bytes
    names: list[str] = []
    try:
        with needing_room(f"what {archive.name} has"), tarfile.open(archive, "r:*") as tar:
            for n_members, member in enumerate(tar):
                if n_members >= _MAX_MEMBERS:
                    raise UnsafeArchive(f"{archive.name} has more than {_MAX_MEMBERS:,} members.")
                name = PurePosixPath(member.name).name
                if not member.isreg() or member.issparse():
                    continue
                names.append(name)
                if not is_wanted(name):
                    continue
                left -= member.size
                if left < 0:
                    raise UnsafeArchive(f"{archive.name} unpacks to more than {max_bytes:,} bytes.")
                _write(tar.extractfile(member), folder / name, member.size)
            read_to_end(tar, max_bytes)
    except FileExistsError as error:
        raise SourceUnavailable(
            f"{archive.name} has {Path(error.filename).name} twice: more than one model."
        ) from error
    except DAMAGED as error:
        raise CorruptModel(f"{archive.name} cannot be unpacked: {damage(error)}.") from error
    refuse_transducer(names, archive.name)
    if not any(folder.glob("*.onnx")):
        raise SourceUnavailable(f"{archive.name} has no ONNX file of a known name. It has {_listed(names)}.")
    return folder


def read_to_end(tar: tarfile.TarFile, max_bytes: int) -> None:
    """Read what follows the last member, so that the checksum at a compressed archive's end is compared.

    Args:
        tar: The archive, all of whose members were read.
        max_bytes: The most that may follow.

    Raises:
        UnsafeArchive: More follows.
        OSError: The checksum differs; of other compressions zlib.error, EOFError or lzma.LZMAError.
    """
    left = max_bytes
    while tar.fileobj is not None and (chunk := tar.fileobj.read(_CHUNK_BYTES)):
        left -= len(chunk)
        if left < 0:
            raise UnsafeArchive(f"More than {max_bytes:,} bytes follow the archive's last member.")


def damage(error: BaseException) -> str:
    """What is wrong with an archive, in one line.

    Args:
        error: One of `DAMAGED`.

    Returns:
        The reason; tarfile's own lists every compression that the file has not.
    """
    return "it is not a tar archive, or is incomplete" if isinstance(error, tarfile.ReadError) else str(error)


def _listed(names: list[str]) -> str:
    return (", ".join(names[:_MAX_LISTED]) + (", …" if len(names) > _MAX_LISTED else "")) or "no files"


def _write(stream: IO[bytes] | None, path: Path, size: int) -> None:
    written = 0
    with path.open("xb") as file:
        while stream is not None and (chunk := stream.read(_CHUNK_BYTES)):
            written += file.write(chunk)
    if written != size:
        raise CorruptModel(f"{path.name} in the archive ends after {written:,} of {size:,} bytes.")
