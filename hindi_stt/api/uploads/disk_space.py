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
# A body that does not say its length gets room in such pieces.
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
        """Make room for a body, before anything of it is read.

        Args:
            client: Who sends it.
            stated_bytes: Its length, where the request says it.

        Returns:
            What it holds; to be closed.

        Raises:
            StorageFull: There is no room.
            TooManyUploads: The client has as much of it as it may have.
        """
        body = Body(self, client)
        if stated_bytes is not None:
            body.reserve(stated_bytes)
        return body

    def take(self, client: str, n_bytes: int) -> None:
        """Hold room for so many bytes more. Raises what `body` raises."""
        own = self._held[client]
        if own and own + n_bytes > self._client_bound:
            raise TooManyUploads(
                f"{client} has {own} bytes of recordings on this server's disk; {n_bytes} more are too many.",
                retry_after_s=_RETRY_S,
            )
        if self._held.total() + n_bytes > self._bound or self._awaited + n_bytes > self._free():
            raise StorageFull(f"There is no room for {n_bytes} bytes on the server's disk.", retry_after_s=_RETRY_S)
        self._held[client] += n_bytes
        self._awaited += n_bytes

    def arrived(self, n_bytes: int) -> None:
        """So many bytes for which there is room are there."""
        self._awaited -= n_bytes

    def give_back(self, client: str, n_bytes: int, n_awaited: int) -> None:
        """Let go of room. n_awaited: of it, what has not arrived."""
        self._awaited -= n_awaited
        self._held[client] -= n_bytes
        if not self._held[client]:
            del self._held[client]

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free


class Body:
    """The room that one body holds."""

    def __init__(self, space: UploadSpace, client: str) -> None:
        self._space = space
        self._client = client
        self._reserved = self._arrived = self._noted = 0

    def reserve(self, n_bytes: int) -> None:
        """Hold room for a body of this length. Raises what `UploadSpace.body` raises."""
        if n_bytes > max(_IN_MEMORY_BYTES, self._reserved):
            self._space.take(self._client, n_bytes - self._reserved)
            self._reserved = n_bytes

    def add(self, n_bytes: int) -> None:
        """Count bytes that have arrived. Raises what `UploadSpace.body` raises."""
        self._arrived += n_bytes
        if self._arrived > self._reserved:
            self.reserve(self._arrived + (_PIECE_BYTES if self._arrived > _IN_MEMORY_BYTES else 0))
        if self._reserved:
            self._space.arrived(self._arrived - self._noted)
            self._noted = self._arrived

    def close(self) -> None:
        """Let go of it."""
        if self._reserved:
            self._space.give_back(self._client, self._reserved, self._reserved - self._noted)
        self._reserved = self._noted = 0
