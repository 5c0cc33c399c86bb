"""The decoding child: python -m hindi_stt.audio.ffmpeg_child DESCRIPTOR CONTAINER CPU_S MEMORY_BYTES [CHANNEL]

Writes a line of JSON, {"rate", "channels"} or {"error"}, then the samples as little-endian float32: one
channel, or the mean of all.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
from typing import Any


def main(descriptor: int, container: str, cpu_s: int, memory_bytes: int, channel: int | None = None) -> int:
    """Returns the exit status: 0, or 1 where the audio could not be decoded to its end."""
    for kind, bound in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (bound, bound))
    import av

    av.logging.set_level(None)
    with os.fdopen(descriptor, "rb") as source:
        source.seek(0)  # the parent's buffer may have read ahead
        try:
            opened = av.open(source, format=container, options={"protocol_whitelist": ""})
        except (av.FFmpegError, ValueError) as error:
            return _end((getattr(error, "strerror", None) or "not supported").lower())
        with opened:
            if not opened.streams.audio:
                return _end("no audio")
            try:
                _decode(opened, container, channel)
            except (av.FFmpegError, ValueError, BrokenPipeError):
                return 1
    return 0


def _end(error: str) -> int:
    print(json.dumps({"error": error}), flush=True)
    return 0


def _decode(opened: Any, container: str, channel: int | None) -> None:
    import av

    stream = opened.streams.audio[0]
    stream.thread_count = 1
    rate = stream.rate
    output = sys.stdout.buffer
    output.write(json.dumps({"rate": rate, "channels": stream.channels}).encode() + b"\n")
    output.flush()
    # Packed: PyAV reads past the end of a planar frame that has more than eight channels.
    resampler = av.AudioResampler(format="flt", layout=stream.layout, rate=rate)
    frames = opened.decode(stream)
    if container == "aac":
        # AAC's frames overlap, and the first has nothing to overlap with: it holds no whole signal. An MP4 file says to
        # leave it out, a bare stream cannot.
        next(frames, None)
    for frame in itertools.chain(frames, [None]):
        for part in resampler.resample(frame):
            samples = part.to_ndarray().reshape(-1, stream.channels)
            mono = samples.mean(axis=1) if channel is None else samples[:, channel]
            output.write(mono.astype("<f4").tobytes())
    output.flush()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))
