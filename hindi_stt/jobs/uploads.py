"""Resumable uploads: a row describes the complete file, a file holds the bytes so far, and its size is the offset."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from sqlalchemy import Engine, delete, insert, select

from hindi_stt.concurrency.file_locks import try_lock
from hindi_stt.errors import HindiSTTError, UploadConflict, UploadIncomplete, UploadNotFound
from hindi_stt.jobs.audio import sync_folder
from hindi_stt.jobs.stored import check_stored
from hindi_stt.jobs.tables import uploads

__all__ = ["PartialUpload", "Uploads"]

_KEEP_S: Final = 86_400.0
# Even an empty file takes space on the disk.
_LEAST_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """An upload that has been begun.

    Attributes:
        id: Id of the upload.
        name: The sender's name of the file.
        content_type: Content-Type of the file, as in a form.
        length: Bytes that it is going to have.
    """

    id: str
    name: str
    content_type: str
    length: int


class Uploads:
    """The uploads of one server, or of several that share the folder.

    Args:
        engine: The database of jobs.
        folder: Folder of the bytes.
        max_bytes: Most bytes that are stored for one owner.
    """

    def __init__(self, engine: Engine, folder: Path, *, max_bytes: int = 2**62) -> None:
        self._engine = engine
        self._max_bytes = max_bytes
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, owner: str, name: str, content_type: str, length: int) -> str:
        """Begin an upload.

        Args:
            owner: Name of the client.
            name: Name of the file.
            content_type: Content-Type of the file, as in a form.
            length: Size of the complete file in bytes.

        Returns:
            The id of the upload.

        Raises:
            TooMuchStored: Too many bytes of its owner would be stored; nothing is kept then.
            HindiSTTError: As raised while the upload is recorded; the file is deleted again.
        """
        upload_id = uuid.uuid4().hex
        row = {"id": upload_id, "owner": owner, "name": name, "content_type": content_type, "length": length}
        path = self._path(upload_id)
        try:
            with self._engine.begin() as connection:
                check_stored(connection, owner, max(length, _LEAST_BYTES), self._max_bytes)
                path.touch()
                sync_folder(self._folder)
                connection.execute(insert(uploads), row | {"created": time.time()})
        except HindiSTTError:
            path.unlink(missing_ok=True)
            raise
        return upload_id

    def find(self, upload_id: str, owner: str) -> PartialUpload:
        """Find an upload.

        Args:
            upload_id: The upload's id.
            owner: Name of the client.

        Returns:
            The upload.

        Raises:
            UploadNotFound: There is none with this id, or it belongs to another owner.
        """
        columns = (uploads.c.id, uploads.c.name, uploads.c.content_type, uploads.c.length)
        with self._engine.connect() as connection:
            one = select(*columns).where(uploads.c.id == upload_id, uploads.c.owner == owner)
            row = connection.execute(one).first()
        if row is None:
            raise UploadNotFound(f"{owner} has no upload {upload_id[:64]!r}.")
        return PartialUpload(*row)

    def offset(self, upload: PartialUpload) -> int:
        """Return how many bytes have arrived.

        Args:
            upload: The upload.

        Returns:
            The number of bytes.

        Raises:
            UploadNotFound: It was deleted.
        """
        try:
            return self._path(upload.id).stat().st_size
        except FileNotFoundError as error:
            raise UploadNotFound("The upload was deleted.") from error

    @contextlib.contextmanager
    def append(self, upload: PartialUpload, offset: int) -> Iterator[BinaryIO]:
        """Open an upload to write at its end. What was written is on the disk afterwards, whatever ended it.

        Args:
            upload: The upload.
            offset: Number of bytes before the new ones; must be the present size.

        Yields:
            The open file.

        Raises:
            UploadConflict: Another request is writing, or the end is elsewhere.
            UploadNotFound: It was deleted.
        """
        try:
            file = self._path(upload.id).open("r+b")
        except FileNotFoundError as error:
            raise UploadNotFound("The upload was deleted.") from error
        with file:
            if not try_lock(file.fileno()):
                raise UploadConflict("Another request is sending this upload.")
            end = file.seek(0, os.SEEK_END)
            if end != offset:
                raise UploadConflict(f"The upload has {end} bytes, the part begins at {offset}.")
            try:
                yield file
            finally:
                file.flush()
                os.fsync(file.fileno())

    @contextlib.contextmanager
    def whole(self, upload: PartialUpload) -> Iterator[BinaryIO]:
        """Open an upload that is complete.

        Yields:
            The open file.

        Raises:
            UploadIncomplete: Bytes are missing.
            UploadNotFound: It was deleted.
        """
        offset = self.offset(upload)
        if offset != upload.length:
            raise UploadIncomplete(f"The upload {upload.id} has {offset} of {upload.length} bytes.")
        with self._path(upload.id).open("rb") as file:
            yield file

    def delete(self, upload_id: str) -> None:
        """Delete an upload, if it is there."""
        with self._engine.begin() as connection:
            connection.execute(delete(uploads).where(uploads.c.id == upload_id))
        self._path(upload_id).unlink(missing_ok=True)

    def delete_old(self) -> None:
        """Delete the uploads that were begun a day ago, and files of that age without a row."""
        with self._engine.begin() as connection:
            connection.execute(delete(uploads).where(uploads.c.created < time.time() - _KEEP_S))
            known = set(connection.execute(select(uploads.c.id)).scalars())
        for path in self._folder.iterdir():
            if path.name not in known and path.stat().st_mtime < time.time() - _KEEP_S:
                path.unlink(missing_ok=True)

    def _path(self, upload_id: str) -> Path:
        return self._folder / upload_id
