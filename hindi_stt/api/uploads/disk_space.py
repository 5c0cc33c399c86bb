"""Bytes of request bodies on the disk while they are received and transcribed: bounded, in all and by client."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import Counter
from typing import Final

from hindi_stt.errors import StorageFull, TooManyUploads
from hindi_stt.settings import Settings

__all__ = ["Body", "UploadSpace"]

# A smaller body stays in memory, and there are no more of those than a client may have uploads.
_IN_MEMORY_BYTES: Final = 2**20
# A body of unknown length gets space in pieces of this size.
_PIECE_BYTES: Final = 2 * 2**20
_DISK_SHARE: Final = 0.8
_RETRY_S: Final = 5.0


class UploadSpace:
    """Room in the folder for temporary files, of one API worker; `Settings.upload_space_mb`, `client_share`."""

    def __init__(self, settings: Settings) -> None:
        self._folder = tempfile.gettempdir()
        total = shutil.disk_usage(self._folder).total
        self._bound = settings.upload_space_mb * 2**20 or int(_DISK_SHARE * total / settings.api_workers)
        self._client_bound = math.ceil(settings.client_share * self._bound)
        self._held: Counter[str] = Counter()
        self._awaited = 0

    def body(self, client: str, stated_bytes: int | None) -> Body:
        """Reserve space for a body, before it is read.

        Args:
            client: Who sends it.
            stated_bytes: Its length, where the request says it.

        Returns:
            What it holds; to be closed.

        Raises:
            StorageFull: The disk is full.
            TooManyUploads: The client has as much of it as it may have.
        """
        body = Body(self, client)
        if stated_bytes is not None:
            body.reserve(stated_bytes)
        return body

    def take(self, client: str, n_bytes: int) -> None:
        """Reserve more bytes on the disk.

        Args:
            client: Name of the client.
            n_bytes: How many more.

        Raises:
            TooManyUploads: The client would have more bytes than it may.
            StorageFull: The disk, or the bound on all uploads, would be full.
        """
        own = self._held[client]
        if own and own + n_bytes > self._client_bound:
            raise TooManyUploads(
                f"{client} has {own} bytes of recordings on this server's disk, and may not store {n_bytes} more.",
                retry_after_s=_RETRY_S,
            )
        if self._held.total() + n_bytes > self._bound or self._awaited + n_bytes > self._free():
            raise StorageFull(f"The server's disk has no space for {n_bytes} bytes.", retry_after_s=_RETRY_S)
        self._held[client] += n_bytes
        self._awaited += n_bytes

    def arrived(self, n_bytes: int) -> None:
        """Note that so many reserved bytes have arrived."""
        self._awaited -= n_bytes

    def give_back(self, client: str, n_bytes: int, n_awaited: int) -> None:
        """Release reserved bytes.

        Args:
            client: Name of the client.
            n_bytes: How many.
            n_awaited: How many of them have not arrived.
        """
        self._awaited -= n_awaited
        self._held[client] -= n_bytes
        if not self._held[client]:
            del self._held[client]

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free


class Body:
    """The disk space that one body has reserved.

    Args:
        space: The worker's disk space.
        client: Name of the client.
    """

    def __init__(self, space: UploadSpace, client: str) -> None:
        self._space = space
        self._client = client
        self._reserved = self._arrived = self._noted = 0

    def reserve(self, n_bytes: int) -> None:
        """Reserve space for a body.

        Args:
            n_bytes: Its length.

        Raises:
            TooManyUploads: As `UploadSpace.take`.
            StorageFull: As `UploadSpace.take`.
        """
        if n_bytes > max(_IN_MEMORY_BYTES, self._reserved):
            self._space.take(self._client, n_bytes - self._reserved)
            self._reserved = n_bytes

    def add(self, n_bytes: int) -> None:
        """Count bytes that have arrived, and reserve more space if needed.

        Args:
            n_bytes: How many.

        Raises:
            TooManyUploads: As `UploadSpace.take`.
            StorageFull: As `UploadSpace.take`.
        """
        self._arrived += n_bytes
        if self._arrived > self._reserved:
            self.reserve(self._arrived + (_PIECE_BYTES if self._arrived > _IN_MEMORY_BYTES else 0))
        if self._reserved:
            self._space.arrived(self._arrived - self._noted)
            self._noted = self._arrived

    def close(self) -> None:
        """Release it."""
        if self._reserved:
            self._space.give_back(self._client, self._reserved, self._reserved - self._noted)
        self._reserved = self._noted = 0
