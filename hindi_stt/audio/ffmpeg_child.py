"""The decoding child: python ffmpeg_child.py REQUEST, where REQUEST is a JSON object with the fields of `Request`.

Standard output gets a line of JSON, {"rate", "channels", "tracks"}, {"error"} or {"missing"}, then the samples as
float32 of this machine, channels interleaved. The report descriptor gets a line of JSON at the end: {"damaged"}.

Longer than 300 lines: nearly all of it is in this file, because it runs by its path, without the rest of the package
and without numpy: so it starts in a tenth of a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

# A jump in the timestamps up to this many seconds is a rounding of the container's clock.
_JITTER_S: Final = 0.1
# A gap that is longer is a broken timestamp.
_MAX_GAP_S: Final = 3600.0
# In streams of which parts were joined, timestamps jump: as FFmpeg's command does, a longer gap there is a jump.
_MAX_GAP_OF_STREAMS_S: Final = 10.0
_STREAMS: Final = ("mpegts", "mpeg")
# The timestamps of these are computed from a bit rate, which says nothing where that varies: only the first one counts.
_WITHOUT_TIMES: Final = ("avi",)
_SILENCE_FRAMES: Final = 2**16
# After so many errors in a row there is nothing more to be read.
_MAX_READ_ERRORS: Final = 50
# FFmpeg's own decoders of AMR refuse the frames of silence (SID) that every telephone writes.
_OTHER_DECODERS: Final = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
# What FFmpeg calls an error, though nothing is lost: joined files, and a stream that begins in its middle.
_HARMLESS: Final = ("for which no syntax for parsing is available", "failed to create or replace stream", "backstep")


@dataclass(frozen=True, slots=True)
class Request:
    """The parent's request.

    Attributes:
        descriptor: Of the file, which is read from the beginning.
        report: Descriptor for the line at the end.
        demuxer: FFmpeg's name.
        cpu_s, memory_bytes: bounds on this process.
        channel: The one to write, from 0; None for all.
        files: Of each of the files that were joined, (start, end) in bytes of what is to be read; none for all of one.
    """

    descriptor: int
    report: int
    demuxer: str
    cpu_s: int
    memory_bytes: int
    channel: int | None = None
    files: tuple[tuple[tuple[int, int], ...], ...] = ()


def main(request: Request) -> int:
    """Returns the exit status: 0, or 1 where the audio could not be decoded to its end."""
    try:
        import av
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return 0
    # At the soft bound on CPU time the kernel sends SIGXCPU; SIGKILL, at the hard one, also means that memory ran out.
    resource.setrlimit(resource.RLIMIT_CPU, (request.cpu_s, request.cpu_s + 1))
    for kind, bound in (
        (resource.RLIMIT_AS, request.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (bound, bound))
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    with os.fdopen(request.descriptor, "rb") as file, av.logging.Capture() as log:
        file.seek(0)  # the parent's buffer may have read ahead
        decoding = _Decoding(request)
        try:
            for ranges in request.files or ((),):
                decoding.add(_source(file, ranges))
            if decoding.output is None:
                return _end(decoding.error)
            decoding.output.end()
        except (av.FFmpegError, OSError, ValueError):
            return 1
        damaged = decoding.damaged or any(_is_error(av, entry) for entry in log if entry[1] not in decoding.pictures)
    with contextlib.suppress(BrokenPipeError), os.fdopen(request.report, "w") as report:
        report.write(json.dumps({"damaged": damaged}) + "\n")
    return 0


def _source(file: BinaryIO, ranges: tuple[tuple[int, int], ...]) -> BinaryIO:
    if not ranges:
        return file
    from byte_ranges import ByteRanges  # type: ignore[import-not-found]  # in the folder of this file, which runs by its path

    parts: BinaryIO = ByteRanges(file, ranges)
    return parts


def _is_error(av: Any, entry: tuple[int, str, str]) -> bool:
    level, _, message = entry
    return level <= av.logging.ERROR and not any(text in message for text in _HARMLESS)


def _end(error: str) -> int:
    print(json.dumps({"error": error}), flush=True)
    return 0


class _Decoding:
    """Decodes one file after the other into one stream of samples.

    Attributes:
        output: Set from the first decoded frame on.
        error: The reason if nothing can be decoded.
        damaged: Whether something was left out.
        pictures: Codecs of covers and films, which are inspected but not decoded: damage in them is no loss.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.output: _Output | None = None
        self.error = ""
        self.damaged = False
        self.pictures: set[str] = set()

    def add(self, file: BinaryIO) -> None:
        """Decode a file to its end, or as far as it can be decoded."""
        import av

        try:
            opened = av.open(file, format=self._request.demuxer, options={"protocol_whitelist": ""})
        except (av.FFmpegError, OSError, ValueError) as error:  # seeking where a broken size says is an OSError
            self._leave_out((getattr(error, "strerror", None) or "not supported").lower())
            return
        with opened:
            self.pictures |= {track.codec_context.name for track in opened.streams if _is_picture(track)}
            if opened.streams.audio:
                self._decode(opened)
            else:
                self._leave_out("no audio")

    def _leave_out(self, error: str) -> None:
        self.error = self.error or error
        self.damaged = True

    def _decode(self, opened: Any) -> None:
        tracks = opened.streams.audio
        stream = next((track for track in tracks if _has_disposition(track, "default")), tracks[0])
        source = _Source(opened, stream)
        frames = source.frames()
        frame = next(frames, None)
        if frame is None:
            self._leave_out("nothing in it can be decoded")
            return
        if self.output is None:
            self.output = _Output(sys.stdout.buffer, frame, self._request.channel)
            self.output.begin(len(tracks))
        output, start = self.output, self.output.position
        timeline = _Timeline(opened, stream, self._request.demuxer, output.rate)
        while frame is not None:
            after_error = source.take_error()
            done = output.position - start
            output.silence(timeline.gap_before(frame, done, after_error=after_error, skipped=source.skipped))
            output.write(frame)
            frame = next(frames, None)
        self.damaged = self.damaged or source.damaged or timeline.broken


def _is_picture(track: Any) -> bool:
    return track.type == "video" and track.codec_context is not None


def _has_disposition(track: Any, name: str) -> bool:
    import av

    return bool(track.disposition & av.stream.Disposition[name])


@dataclass(slots=True)
class _Source:
    """The decoded frames of one track; packets that cannot be read or decoded are left out.

    Attributes:
        damaged: Whether packets were left out.
        skipped: Whether the first frame was left out.
    """

    opened: Any
    stream: Any
    damaged: bool = False
    skipped: bool = False
    _error: bool = False

    def take_error(self) -> bool:
        """Whether something was left out since this was last asked."""
        found, self._error = self._error, False
        return found

    def frames(self) -> Iterator[Any]:
        """Decode frame by frame.

        The first frame of AAC is skipped where the container does not say that the decoder skips it: it overlaps with a
        frame that does not exist, and holds no complete signal.

        Yields:
            PyAV's audio frames, in their order.
        """
        import av

        decoder = self._decoder()
        skip_first = None
        for packet in self._packets():
            if skip_first is None:
                skip_first = decoder.name in ("aac", "aac_latm") and not packet.has_sidedata("skip_samples")
            try:
                # The packet at the end is empty and flushes the decoder.
                found = decoder.decode(packet if packet.size else None)
            except (av.FFmpegError, OSError, ValueError):
                self.damaged = self._error = True
                continue
            for frame in found:
                if skip_first:
                    skip_first, self.skipped = False, True
                    continue
                yield frame

    def _decoder(self) -> Any:
        import av

        self.stream.thread_count = 1
        decoder = self.stream.codec_context
        other = _OTHER_DECODERS.get(decoder.name)
        if other in av.codecs_available:
            return av.CodecContext.create(other, "r")
        # Only then are checksums looked at; an error is logged, and the frame is delivered all the same.
        decoder.options = {"err_detect": "crccheck"}
        return decoder

    def _packets(self) -> Iterator[Any]:
        import av

        errors = 0
        while True:
            try:
                for packet in self.opened.demux(self.stream):
                    errors = 0
                    yield packet
            except (av.FFmpegError, OSError, ValueError):
                self.damaged = self._error = True
                errors += 1
                if errors < _MAX_READ_ERRORS:
                    continue
            return


@dataclass(slots=True)
class _Timeline:
    """The position of each frame in the recording: gaps between timestamps are silence that was not written.

    Works like FFmpeg's `aresample=async=1:first_pts=0`, except for timestamps that start again, in joined files: no
    frame behind them is dropped.

    Attributes:
        broken: Whether there were timestamps that cannot be right.
    """

    opened: Any
    stream: Any
    demuxer: str
    rate: int
    broken: bool = False
    _origin_s: float | None = None
    _last_s: float = field(default=float("-inf"))

    def gap_before(self, frame: Any, position: int, *, after_error: bool, skipped: bool) -> int:
        """Samples of silence before a frame. position: samples so far; the others: `_Source`'s."""
        if frame.pts is None or frame.time_base is None:
            return 0
        at_s = float(frame.pts * frame.time_base)
        done_s = position / self.rate
        if self._origin_s is None:
            self._origin_s = self._start_s(at_s, skipped=skipped)
            gap_s, least_s = at_s - self._origin_s, 0.0
        else:
            # They begin again, or are not in the unit that the container states, as behind a change of the rate.
            if at_s <= self._last_s or frame.sample_rate != self.rate or self.demuxer in _WITHOUT_TIMES:
                self._origin_s = at_s - done_s
            gap_s, least_s = at_s - self._origin_s - done_s, 0.0 if after_error else _JITTER_S
        self._last_s = at_s
        if gap_s > (_MAX_GAP_OF_STREAMS_S if self.demuxer in _STREAMS else _MAX_GAP_S):
            self._origin_s = at_s - done_s
            self.broken = self.broken or self.demuxer not in _STREAMS
            return 0
        return round(gap_s * self.rate) if gap_s > least_s else 0

    def _start_s(self, first_s: float, *, skipped: bool) -> float:
        """Time 0 of the file: where its first sound or picture begins. skipped: whether a first frame was left out."""
        tracks = (*self.opened.streams.audio, *self.opened.streams.video)
        starts = [
            float(track.start_time * track.time_base)
            for track in tracks
            if track.start_time is not None
            and not (track is self.stream and skipped)
            and not _has_disposition(track, "attached_pic")
        ]
        return min(first_s, *starts) if starts else first_s


class _Output:
    """Converts frames of any format to interleaved float32, at the rate and with the channels of the first one.

    Attributes:
        position: Samples per channel so far.
    """

    def __init__(self, pipe: BinaryIO, first: Any, channel: int | None) -> None:
        self._pipe, self._layout = pipe, first.layout
        self._channels = len(first.layout.channels)
        # Of joined files a later one may have fewer channels than the first, for which the channel was chosen.
        self._channel = None if channel is None else min(channel, self._channels - 1)
        self._resampler: Any = None
        self._format: tuple[Any, ...] = ()
        self.rate: int = first.sample_rate
        self.position = 0

    def begin(self, tracks: int) -> None:
        """Write the header."""
        header = {"rate": self.rate, "channels": self._channels, "tracks": tracks}
        self._pipe.write(json.dumps(header).encode() + b"\n")
        self._pipe.flush()

    def write(self, frame: Any) -> None:
        import av

        found = (frame.format.name, frame.layout.name, frame.sample_rate)
        if found != self._format:
            self.end()
            # Packed: PyAV reads past the end of planar frames of more than eight channels.
            self._resampler = av.AudioResampler(format="flt", layout=self._layout, rate=self.rate)
            self._format = found
        self._write(self._resampler.resample(frame))

    def silence(self, n: int) -> None:
        """Write n samples of every channel."""
        width = 4 * (self._channels if self._channel is None else 1)
        self.position += n
        while n > 0:
            part = min(n, _SILENCE_FRAMES)
            self._pipe.write(bytes(part * width))
            n -= part

    def end(self) -> None:
        """Write what the resampler still holds."""
        if self._resampler is not None:
            self._write(self._resampler.resample(None))
        self._pipe.flush()

    def _write(self, parts: list[Any]) -> None:
        for part in parts:
            samples = memoryview(part.planes[0]).cast("B")[: 4 * part.samples * self._channels].cast("f")
            self.position += part.samples
            self._pipe.write(samples if self._channel is None else samples[self._channel :: self._channels].tobytes())


if __name__ == "__main__":
    fields = json.loads(sys.argv[1])
    fields["files"] = tuple(tuple((start, end) for start, end in file) for file in fields["files"])
    sys.exit(main(Request(**fields)))
