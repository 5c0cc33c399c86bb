"""The store of the audio of jobs: a folder, or whatever else fsspec reaches, S3 for instance."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from hindi_stt.errors import JobsUnavailable, StorageFull

__all__ = ["AudioStore", "sync_folder"]

_BLOCK_BYTES: Final = 2**20


class AudioStore:
    """One file for each job and position.

    Args:
        url: A folder, or a URL as fsspec takes it.

    Raises:
        JobsUnavailable: It cannot be reached or written to.
    """

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = fsspec.url_to_fs(url)
            self._fs.makedirs(self._root, exist_ok=True)
        except (OSError, ImportError, ValueError) as error:
            raise JobsUnavailable(f"The store of audio {url} cannot be used: {error}.") from error
        self._local = isinstance(self._fs, LocalFileSystem)

    def put(self, job_id: str, position: int, source: BinaryIO) -> int:
        """Keep a copy of a recording, which is on the disk (or in the store) when this returns.

        Args:
            job_id: The job.
            position: Position of the file in the job.
            source: The recording; it is read from its start.

        Returns:
            Its length in bytes.

        Raises:
            StorageFull: The disk is full.
            JobsUnavailable: The store takes nothing.
        """
        folder = f"{self._root}/{job_id}"
        try:
            self._fs.makedirs(folder, exist_ok=True)
            source.seek(0)
            with self._fs.open(f"{folder}/{position}", "wb") as target:
                shutil.copyfileobj(source, target, _BLOCK_BYTES)
                if self._local:
                    target.flush()
                    os.fsync(target.fileno())
                return source.tell()
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("The server's disk is too full for this job.", retry_after_s=60) from error
            raise JobsUnavailable(f"Audio cannot be written to the store: {error}.") from error

    def settle(self, job_id: str) -> None:
        """Make the names of a job's files as durable as their content."""
        if self._local:
            sync_folder(Path(self._root, job_id))
            sync_folder(Path(self._root))

    @contextlib.contextmanager
    def open(self, job_id: str, position: int) -> Iterator[Path]:
        """Have a recording on this machine's disk.

        Args:
            job_id: The job.
            position: Position of the file in the job.

        Yields:
            Its path; what comes from elsewhere is deleted afterwards.

        Raises:
            JobsUnavailable: The store does not give it.
        """
        path = f"{self._root}/{job_id}/{position}"
        if self._local:
            yield Path(path)
            return
        with tempfile.NamedTemporaryFile() as copy:
            try:
                self._fs.get_file(path, copy.name)
            except OSError as error:
                raise JobsUnavailable(f"{path} cannot be read from the store of audio: {error}.") from error
            yield Path(copy.name)

    def delete(self, job_id: str) -> None:
        """Delete a job's audio, if there is any."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(f"{self._root}/{job_id}", recursive=True)

    def job_ids(self) -> list[str]:
        """List the jobs that have audio in the store."""
        self._fs.invalidate_cache()
        try:
            paths = self._fs.ls(self._root, detail=False)
        except FileNotFoundError:  # a store without folders, and nothing in it
            return []
        return [path.rstrip("/").rpartition("/")[2] for path in paths]


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
