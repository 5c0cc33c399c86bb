"""Decodes what libsndfile cannot read exactly: FFmpeg in a child process, which can be killed and has bounded memory.

Only the demuxer of the identified container is opened: FFmpeg's own detection would also accept playlists, which make
it read other files. The child gets an open file and pipes, and applies its bounds before it reads a byte.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, Self

import numpy as np
import psutil

from hindi_stt.errors import CorruptAudio, DecoderLost, HindiSTTError, UnsupportedAudio, needing_room
from hindi_stt.types import Float32

__all__ = ["ChildLimits", "FFmpegFile"]

# Signals that a decoder does not earn by what it decodes: SIGKILL comes from the kernel when memory runs out.
_ENDED_FROM_OUTSIDE: Final = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT)
# A child that uses a smaller share of a core than this while it produces nothing was stopped, or gets no CPU time.
_BUSY_SHARE: Final = 0.5
_CHILD: Final = str(Path(__file__).with_name("ffmpeg_child.py"))


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Bounds on the child: CPU seconds and bytes of memory in all, and seconds until its next block."""

    cpu_s: int = 300
    memory_bytes: int = 2**30
    wait_s: float = 30.0


class FFmpegFile:
    """A recording that a child process decodes.

    Args:
        stream: The file; it is read to its end first where it is still arriving.
        demuxer: FFmpeg's name of the container.
        limits: Bounds on the child.
        channel: The one to decode, from 0; None for all of them.
        files: (start, end) in bytes of what is to be decoded of each of the files that were joined; none: all of one.

    Attributes:
        samplerate: Hz.
        channels: Of the recording, whichever is decoded.
        tracks: Audio tracks in the container, of which one is decoded.
        damaged: Whether something could not be decoded; final once `read` has come to the end.

    Raises:
        UnsupportedAudio: There is no audio in it.
        CorruptAudio: It cannot be decoded within the limits.
        DecoderLost: The child was killed, or stood still; at any `read`, too.
        RuntimeError: PyAV is not installed.
    """

    def __init__(
        self,
        stream: BinaryIO,
        demuxer: str,
        limits: ChildLimits,
        channel: int | None = None,
        files: Sequence[Sequence[tuple[int, int]]] = (),
    ) -> None:
        self._limits = limits
        self.damaged = self._ended = False
        report, child_report = os.pipe()
        self._report = os.fdopen(report, "rb")
        try:
            with _with_descriptor(stream) as descriptor, _without_sigterm():
                request = {
                    "descriptor": descriptor,
                    "report": child_report,
                    "demuxer": demuxer,
                    "cpu_s": limits.cpu_s,
                    "memory_bytes": limits.memory_bytes,
                    "channel": channel,
                    "files": [list(ranges) for ranges in files],
                }
                self._child = subprocess.Popen(
                    [sys.executable, _CHILD, json.dumps(request)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[descriptor, child_report],
                    env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
                )
        except BaseException:
            self._report.close()
            raise
        finally:
            os.close(child_report)
        if self._child.stdout is None:
            raise RuntimeError("the child has no pipe")
        self._pipe: IO[bytes] = self._child.stdout
        self._rest = b""
        try:
            header = self._line()
        except BaseException:
            self.close()
            raise
        if "missing" in header:
            self.close()
            raise RuntimeError(f"The decoding child cannot import PyAV: {header['missing']}")
        if "error" in header:
            self.close()
            raise (UnsupportedAudio if header["error"] == "no audio" else CorruptAudio)(
                f"The {demuxer} container cannot be decoded: {header['error']}."
            )
        self.samplerate = int(header["rate"])
        self.channels = int(header["channels"])
        self.tracks = int(header["tracks"])
        self._width = 1 if channel is not None else self.channels

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._child.kill()
        self._child.wait()
        self._pipe.close()
        self._report.close()

    def read(self, n: int) -> Float32:
        """Decode the next samples.

        Args:
            n: Samples per channel to read.

        Returns:
            float32 [n, channels], or [n, 1] of a chosen channel; fewer rows only at the end.

        Raises:
            CorruptAudio: The decoding child failed or exceeded a bound.
        """
        wanted = 4 * self._width * n
        parts = [self._rest]
        received = len(self._rest)
        while received < wanted and (part := self._receive()):
            parts.append(part)
            received += len(part)
        content = b"".join(parts)
        self._rest = content[wanted:]
        if received < wanted and not self._ended:
            self._ended = True
            if self._exit_status():
                raise CorruptAudio("The audio cannot be decoded to its end within the decoder's limits.")
            self.damaged = bool(json.loads(self._report.readline() or b"{}").get("damaged", True))
        whole = min(wanted, received) // (4 * self._width) * self._width
        return np.frombuffer(content, np.float32, whole).reshape(-1, self._width)

    def _line(self) -> dict[str, str | int]:
        content = b""
        while b"\n" not in content:
            part = self._receive()
            if not part:
                self._exit_status()
                raise CorruptAudio("The audio cannot be decoded within the decoder's limits of time and memory.")
            content += part
        line, _, self._rest = content.partition(b"\n")
        found: dict[str, str | int] = json.loads(line)
        return found

    def _receive(self) -> bytes:
        """Read the child's output; empty at its end. Raises DecoderLost or CorruptAudio if it produces nothing."""
        half_s = self._limits.wait_s / 2
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            if not selector.select(half_s):
                before_s = self._cpu_s()
                if not selector.select(half_s):
                    busy = self._cpu_s() - before_s >= _BUSY_SHARE * half_s
                    raise self._silent(busy=busy)
        return os.read(self._pipe.fileno(), 2**16)

    def _silent(self, *, busy: bool) -> HindiSTTError:
        """The error for a child that gives nothing: the recording's fault only if it is at work all the while."""
        wait_s = self._limits.wait_s
        if busy:
            return CorruptAudio(f"The decoder gave nothing for {wait_s:g} s.")
        return DecoderLost(f"The process that decodes the recording stood still for {wait_s:g} s.", retry_after_s=1)

    def _exit_status(self) -> int:
        """Return the child's exit status. Raises DecoderLost if it did not end because of the recording."""
        try:
            status = self._child.wait(self._limits.wait_s)
        except subprocess.TimeoutExpired:
            raise DecoderLost("The process that decodes the recording does not end.", retry_after_s=1) from None
        if status in _ENDED_FROM_OUTSIDE:
            raise DecoderLost(
                f"The process that decodes the recording was ended by {signal.Signals(-status).name}.", retry_after_s=1
            )
        return status

    def _cpu_s(self) -> float:
        """CPU time that the child has used."""
        try:
            times = psutil.Process(self._child.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)


@contextlib.contextmanager
def _without_sigterm() -> Iterator[None]:
    """Start a child that ignores SIGTERM: on shutdown the server finishes its recordings first."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _with_descriptor(stream: BinaryIO) -> Iterator[int]:
    """A file descriptor with the stream's content: its own, or that of an unlinked copy."""
    stream.seek(0)
    try:
        descriptor = stream.fileno()
    except OSError:
        with tempfile.TemporaryFile() as copy:
            with needing_room("this recording"):
                shutil.copyfileobj(stream, copy)
                copy.flush()
            yield copy.fileno()
        return
    yield descriptor
