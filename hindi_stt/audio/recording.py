"""What is to be transcribed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from hindi_stt.audio.decoding import RawFormat
from hindi_stt.concurrency.fair_slots import MayWait

__all__ = ["GrowingFile", "Recording"]


class GrowingFile(MayWait, Protocol):
    """A file that is still arriving, so that reading it may have to wait."""

    def end(self) -> None:
        """Let nobody wait for more of it."""
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """What is to be transcribed.

    Attributes:
        source: The bytes, a path, or a file, which stays open.
        raw: The format of samples without a container.
        channel: The only channel to listen to, from 0; None for all of them, mixed.
        growing: The same file, where it is not whole yet.
        name: The client's name of it.
    """

    source: bytes | str | Path | BinaryIO
    raw: RawFormat | None = None
    channel: int | None = None
    growing: GrowingFile | None = None
    name: str = ""
