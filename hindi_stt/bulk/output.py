"""Shards of transcripts in a folder or object store. Only the driver writes, and a shard is there whole or not at all.

A record's `key` identifies content × model × options: an item whose key is in a shard is done, and not written again.
"""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from hindi_stt.concurrency.file_locks import try_lock
from hindi_stt.errors import OutputUnusable

__all__ = ["Format", "Output"]

Format = Literal["jsonl", "parquet"]
_PREFIX: Final = "part-"


class Output:
    """The shards that a run writes. One run at a time; in a local folder a lock enforces this.

    Args:
        url: A folder, or a URL that fsspec accepts.
        form: Format of new shards.

    Raises:
        OutputUnusable: It cannot be written to, or another run holds the lock.
    """

    def __init__(self, url: str, form: Format) -> None:
        self._form = form
        self._lock: IO[str] | None = None
        try:
            self._fs, self._root = fsspec.url_to_fs(url)
            self._fs.makedirs(self._root, exist_ok=True)
            self._local = isinstance(self._fs, LocalFileSystem)
            if self._local:
                self._lock = Path(self._root, ".lock").open("w")  # noqa: SIM115 - held until close
                if not try_lock(self._lock.fileno()):
                    self.close()
                    raise OutputUnusable(f"Another run writes to {url}.")
                for left in Path(self._root).glob(".*.tmp"):
                    left.unlink()
        except (OSError, ImportError, ValueError) as error:
            raise OutputUnusable(f"{url} cannot be written to: {error}.") from error

    def close(self) -> None:
        """Let another driver in."""
        if self._lock:
            self._lock.close()

    def done(self) -> set[str]:
        """Read which items have a transcript.

        Returns:
            Keys of all records in all shards, of either format.

        Raises:
            OutputUnusable: A shard cannot be read.
        """
        return {key for path in self._shards() for key in self._keys(path)}

    def commit(self, records: Sequence[dict[str, Any]]) -> None:
        """Write one more shard.

        Args:
            records: Its records.

        Raises:
            OutputUnusable: It cannot be written.
        """
        content = _parquet(records) if self._form == "parquet" else _jsonl(records)
        self._write(f"{_PREFIX}{uuid.uuid4().hex}.{self._form}", content)

    def write_failures(self, failures: Sequence[dict[str, Any]]) -> None:
        """Write the items that this run could not transcribe; replaces the list of the run before.

        Args:
            failures: Line, source, code and message of each.

        Raises:
            OutputUnusable: The list cannot be written.
        """
        self._write("failures.jsonl", _jsonl(failures))

    def _shards(self) -> list[str]:
        self._fs.invalidate_cache()
        names = self._fs.ls(self._root, detail=False)
        return [name for name in names if name.rpartition("/")[2].startswith(_PREFIX)]

    def _keys(self, path: str) -> Iterator[str]:
        try:
            with self._fs.open(path, "rb") as file:
                if path.endswith(".parquet"):
                    yield from pq.read_table(file, columns=["key"])["key"].to_pylist()
                else:
                    for line in file:
                        yield json.loads(line)["key"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputUnusable(f"{path} was not written by hindi-stt bulk: {error}.") from error

    def _write(self, name: str, content: bytes) -> None:
        try:
            if not self._local:
                self._fs.pipe_file(f"{self._root}/{name}", content)  # objects appear when they are whole
                return
            temporary = Path(self._root, f".{name}.tmp")
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(Path(self._root, name))
            folder = os.open(self._root, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise OutputUnusable(f"Nothing can be written to {self._root}: {error}.") from error


def _jsonl(records: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def _parquet(records: Sequence[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(records), schema=_SCHEMA), buffer)
    return buffer.getvalue()


_WORD: Final = pa.struct(
    [
        ("word", pa.string()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("confidence", pa.float64()),
    ]
)
_SCHEMA: Final = pa.schema(
    [
        ("key", pa.string()),
        ("source", pa.string()),
        ("sha256", pa.string()),
        ("text", pa.string()),
        ("language", pa.string()),
        ("duration", pa.float64()),
        ("words", pa.list_(_WORD)),
        ("model", pa.string()),
        ("warnings", pa.list_(pa.string())),
    ]
)
