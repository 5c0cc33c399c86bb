"""Opens a recording by its path, a URL of a public host, or an object below the root."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import fsspec

from hindi_stt.errors import BodyTooLarge, ReferenceMissing, ReferenceNotAllowed, ReferenceUnreachable
from hindi_stt.safe_fetch import Network

__all__ = ["Sources"]

_BLOCK_BYTES: Final = 2**18
# For one recording, from its host's first answer to its last byte.
_FETCH_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Restricts which recordings a manifest may name.

    Attributes:
        base: Folder from which relative paths start.
        root: Folder, or URL that fsspec accepts, below which all items must be; empty for any path, and any URL of a
            public web host.
        max_bytes: Largest size of a recording that is fetched.
    """

    base: Path
    root: str
    max_bytes: int

    @contextlib.contextmanager
    def open(self, source: str) -> Iterator[BinaryIO]:
        """Open a recording.

        Args:
            source: Path or URL as written in the manifest.

        Yields:
            A seekable stream.

        Raises:
            ReferenceNotAllowed: It is outside the root.
            ReferenceMissing: It does not exist.
            ReferenceUnreachable: It cannot be fetched.
            PrivateAddress: Its host has a private address.
            BodyTooLarge: It is larger than the bound.
        """
        scheme = source.partition("://")[0].lower() if "://" in source else ""
        remote_root = "://" in self.root
        if not scheme and not remote_root:
            with self._file(source) as file:
                yield file
        elif scheme in {"http", "https"} and not self.root:
            with tempfile.TemporaryFile() as copy:
                asyncio.run(Network().fetch(source, copy, self.max_bytes, _FETCH_S))
                copy.seek(0)
                yield copy
        elif remote_root:
            with tempfile.TemporaryFile() as copy:
                self._object(source if scheme else f"{self.root.rstrip('/')}/{source}", copy)
                yield copy
        else:
            raise ReferenceNotAllowed("The item is neither a path below the root nor an http:// or https:// URL.")

    @contextlib.contextmanager
    def _file(self, source: str) -> Iterator[BinaryIO]:
        try:
            path = (self.base / source).resolve()
            if self.root and not path.is_relative_to(Path(self.root).resolve()):
                raise ReferenceNotAllowed("The path is outside the root.")
            if not path.is_file():  # a pipe or a device would be waited for
                raise ReferenceMissing("There is no such file.")
            file = path.open("rb")
        except (OSError, ValueError, RuntimeError) as error:
            raise ReferenceMissing(f"The file cannot be opened ({type(error).__name__}).") from error
        with file:
            yield file

    def _object(self, url: str, copy: BinaryIO) -> None:
        if ".." in url.split("/") or not url.startswith(self.root.rstrip("/") + "/"):
            raise ReferenceNotAllowed("The URL is not below the root.")
        try:
            with fsspec.open(url, "rb") as remote:
                _copy(iter(lambda: remote.read(_BLOCK_BYTES), b""), copy, self.max_bytes)
        except FileNotFoundError as error:
            raise ReferenceMissing("There is no such object.") from error
        except (OSError, ValueError, ImportError) as error:
            raise ReferenceUnreachable(f"The store did not return the object ({type(error).__name__}).") from error


def _copy(blocks: Iterator[bytes], copy: BinaryIO, max_bytes: int) -> None:
    for block in blocks:
        copy.write(block)
        if copy.tell() > max_bytes:
            raise BodyTooLarge(f"The recording has more than {max_bytes} bytes.")
    copy.seek(0)
