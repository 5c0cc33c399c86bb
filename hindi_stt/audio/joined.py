"""Several recordings behind each other, read as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import soxr

from hindi_stt.audio.reader import Reader
from hindi_stt.errors import DecoderLost, HindiSTTError
from hindi_stt.types import Float32

__all__ = ["JoinedReader"]


class JoinedReader:
    """Reads one recording after the other, at the rate and with the channels of the first one.

    Args:
        openers: Open each of them, at least one.
        incomplete: Whether it is known already that something is missing.

    Raises:
        What the first opener raises. Later ones that cannot be opened or decoded are left out, which `incomplete` says.
    """

    promised: int | None = None

    def __init__(self, openers: Sequence[Callable[[], Reader]], *, incomplete: bool) -> None:
        self._openers = list(openers[1:])
        self._reader = openers[0]()
        self._is_first = True
        self._resampler: soxr.ResampleStream | None = None
        self._rest = np.empty((0, 0), np.float32)
        self.samplerate, self.channels = self._reader.samplerate, self._reader.channels
        self.incomplete = incomplete
        self.notes = self._reader.notes
        self._width = 0

    def read(self, n: int) -> Float32:
        """See `Reader.read`."""
        parts, received = [self._rest], len(self._rest)
        while received < n:
            block, ended = self._next_block(n)
            parts.append(block)
            received += len(block)
            if ended and not self._open_next():
                break
        content = np.concatenate([part for part in parts if part.size] or [np.empty((0, self._width or 1), np.float32)])
        self._rest = content[n:]
        return content[:n]

    def close(self) -> None:
        """Release the file."""
        self._reader.close()

    def _next_block(self, n: int) -> tuple[Float32, bool]:
        """Samples of the present recording, and whether it has ended."""
        try:
            block = self._reader.read(n)
        except DecoderLost:
            raise
        except HindiSTTError:
            if self._is_first:
                raise
            self.incomplete = True
            return np.empty((0, self._width), np.float32), True
        ended = len(block) < n
        self.incomplete = self.incomplete or (ended and self._reader.incomplete)
        if not self._width:
            self._width = block.shape[1]
        if block.shape[1] != self._width:
            block = np.repeat(block.mean(axis=1, dtype=np.float32, keepdims=True), self._width, axis=1)
        if self._resampler is not None:
            block = self._resampler.resample_chunk(np.ascontiguousarray(block), last=ended).reshape(-1, self._width)
        return block, ended

    def _open_next(self) -> bool:
        """Go on to the next recording that can be opened; False where there is none."""
        while self._openers:
            opener = self._openers.pop(0)
            try:
                reader = opener()
            except DecoderLost:
                raise
            except HindiSTTError:
                self.incomplete = True
                continue
            self._reader.close()
            self._reader, self._is_first = reader, False
            self._resampler = None
            if reader.samplerate != self.samplerate:
                rates = reader.samplerate, self.samplerate
                self._resampler = soxr.ResampleStream(*rates, self._width, dtype="float32", quality="HQ")
            return True
        return False
