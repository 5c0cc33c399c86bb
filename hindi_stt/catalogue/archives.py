"""Takes a model's files out of a tar archive, as sherpa-onnx's models are published.

Only files with the names of a known layout are taken, by their bare names: no path, link or device of the archive
reaches the disk.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Final

from hindi_stt.errors import CorruptModel, SourceUnavailable, UnsafeArchive

__all__ = ["unpack_model"]

_MAX_BYTES: Final = 8 * 2**30
_MAX_MEMBERS: Final = 10_000
_CHUNK_BYTES: Final = 2**20


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
        SourceUnavailable: It has two files of one name: more than one model.
        UnsafeArchive: It has too many members, or unpacks to too many bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = max_bytes
    try:
        with tarfile.open(archive, "r:*") as tar:
            for n_members, member in enumerate(tar):
                if n_members >= _MAX_MEMBERS:
                    raise UnsafeArchive(f"{archive.name} has more than {_MAX_MEMBERS:,} members.")
                name = PurePosixPath(member.name).name
                if not member.isreg() or member.issparse() or not is_wanted(name):
                    continue
                left -= member.size
                if left < 0:
                    raise UnsafeArchive(f"{archive.name} unpacks to more than {max_bytes:,} bytes.")
                _write(tar.extractfile(member), folder / name, member.size)
    except FileExistsError as error:
        raise SourceUnavailable(
            f"{archive.name} has {Path(error.filename).name} twice: more than one model."
        ) from error
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise CorruptModel(f"{archive.name} cannot be unpacked: {error}.") from error
    return folder


def _write(stream: IO[bytes] | None, path: Path, size: int) -> None:
    written = 0
    with path.open("xb") as file:
        while stream is not None and (chunk := stream.read(_CHUNK_BYTES)):
            written += file.write(chunk)
    if written != size:
        raise CorruptModel(f"{path.name} in the archive ends after {written:,} of {size:,} bytes.")
