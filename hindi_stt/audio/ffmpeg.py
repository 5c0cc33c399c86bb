"""What libsndfile cannot read: FFmpeg's decoders in a child process, which can be killed and cannot grow.

The container is told from the first bytes and only its demuxer is opened: FFmpeg's own guess would also take playlists,
which read other files. The child gets an open file and a pipe, and bounds itself before it looks at a byte.
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
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO, Final, Self

import numpy as np

from hindi_stt.errors import CorruptAudio, UnsupportedAudio, needing_room
from hindi_stt.types import Float32

__all__ = ["ChildLimits", "FFmpegFile", "container_of"]

# First bytes (after an offset) → FFmpeg's name of the demuxer.
_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (4, b"ftyp", "mov"),  # M4A, MP4, 3GP, MOV
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),  # WebM, MKV
    (0, b"#!AMR", "amr"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),  # WMA
    (0, b"\xff\xf1", "aac"),
    (0, b"\xff\xf9", "aac"),
    (0, b"OggS", "ogg"),
    (8, b"WAVE", "wav"),
    (0, b"caff", "caf"),
)
_HEAD_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Bounds on the child: CPU seconds and bytes of memory in all, and seconds until its next block."""

    cpu_s: int = 300
    memory_bytes: int = 2**30
    wait_s: float = 30.0


def container_of(stream: BinaryIO) -> str | None:
    """FFmpeg's name for the container, or None where its first bytes are of none that is read here."""
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    return next((name for at, mark, name in _SIGNATURES if head[at : at + len(mark)] == mark), None)


class FFmpegFile:
    """A recording that a child process decodes: to be read like a soundfile.SoundFile, one channel, or the mean of all.

    Raises UnsupportedAudio where there is no audio in it, CorruptAudio where it cannot be decoded within the limits.
    """

    frames: Final = 2**63 - 1
    format: Final = "FFMPEG"

    def __init__(self, stream: BinaryIO, container: str, limits: ChildLimits, channel: int | None = None) -> None:
        self._limits = limits
        with _with_descriptor(stream) as descriptor, _without_sigterm():
            # The child's own bounds: see ffmpeg_child.py.
            arguments = [str(descriptor), container, str(limits.cpu_s), str(limits.memory_bytes)]
            if channel is not None:
                arguments.append(str(channel))
            self._child = subprocess.Popen(
                [sys.executable, "-m", "hindi_stt.audio.ffmpeg_child", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[descriptor],
                env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
            )
        if self._child.stdout is None:
            raise RuntimeError("the child has no pipe")
        self._pipe: IO[bytes] = self._child.stdout
        self._rest = b""
        try:
            header = self._line()
        except BaseException:
            self.close()
            raise
        if "error" in header:
            self.close()
            raise (UnsupportedAudio if header["error"] == "no audio" else CorruptAudio)(
                f"The {container} container cannot be decoded: {header['error']}."
            )
        self.samplerate = int(header["rate"])
        self.channels = int(header["channels"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._child.kill()
        self._child.wait()
        self._pipe.close()

    def read(self, n: int, *, dtype: str = "float32", always_2d: bool = True) -> Float32:
        """Up to n frames, float32 [n, 1]; fewer only at the end."""
        del dtype, always_2d  # soundfile's signature
        wanted = 4 * n
        parts = [self._rest]
        received = len(self._rest)
        while received < wanted and (part := self._receive()):
            parts.append(part)
            received += len(part)
        content = b"".join(parts)
        self._rest = content[wanted:]
        if received < wanted and self._child.wait(self._limits.wait_s):
            raise CorruptAudio("The audio cannot be decoded to its end within the bounds on its decoder.")
        return np.frombuffer(content[: min(wanted, received // 4 * 4)], "<f4").reshape(-1, 1)

    def _line(self) -> dict[str, str | int]:
        content = b""
        while b"\n" not in content:
            part = self._receive()
            if not part:
                raise CorruptAudio("The audio cannot be decoded within the bounds on its decoder.")
            content += part
        line, _, self._rest = content.partition(b"\n")
        found: dict[str, str | int] = json.loads(line)
        return found

    def _receive(self) -> bytes:
        """What the child has written next; empty at its end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            if not selector.select(self._limits.wait_s):
                raise CorruptAudio(f"The decoder gave nothing for {self._limits.wait_s:g} s.")
        return os.read(self._pipe.fileno(), 2**16)


@contextlib.contextmanager
def _without_sigterm() -> Iterator[None]:
    """A child that is started now does not hear SIGTERM: a server that is ended finishes its recordings first."""
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
