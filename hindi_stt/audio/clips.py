"""A recording → the clips that the acoustic model takes, decoded and cut as they are asked for."""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator
from functools import partial

from hindi_stt.audio import quality
from hindi_stt.audio.decoding import AudioLimits, Blocks, blocks
from hindi_stt.audio.recording import Recording
from hindi_stt.audio.segmentation import Clip, Segmenter
from hindi_stt.types import Waveform

__all__ = ["Clips"]


class Clips(Iterator[Clip]):
    """Iterator over the clips of a recording, so that hours need no more memory than minutes.

    A recording of up to `max_clip_s` is one clip, unless it has no sound: then there is none. Each step raises what
    `audio.blocks` raises.

    A recording may hold no clip for hours: `advance` goes on by one block at a time.

    Args:
        recording: The recording; its source stays open.
        sample_rate: Sample rate of the clips in Hz.
        limits: Bounds on the recording.
        max_clip_s: Length of the longest clip, in seconds.

    Attributes:
        duration_s: Seconds of audio decoded so far.
        decode_s: Seconds that decoding took so far.
        ended: Whether the whole recording has been decoded, and its last clip given out.
        warnings: Problems of the recording, and parts that were not decoded; final when it has ended.
    """

    def __init__(self, recording: Recording, sample_rate: int, limits: AudioLimits, max_clip_s: float) -> None:
        self.duration_s = self.decode_s = 0.0
        self.ended = False
        self.warnings: tuple[str, ...] = ()
        self._open = partial(
            blocks, recording.source, sample_rate, limits, max_clip_s, raw=recording.raw, channel=recording.channel
        )
        self._waveforms: Blocks | None = None
        self._segmenter = Segmenter(sample_rate, max_clip_s)
        self._meter = quality.Meter(sample_rate)
        self._steps = self._cut()

    def __next__(self) -> Clip:
        """The next clip."""
        while not self.ended:
            if (clip := self.advance()) is not None:
                return clip
        raise StopIteration

    def advance(self) -> Clip | None:
        """The next clip, or None where a block was decoded in which none ends, or the recording has ended."""
        try:
            return next(self._steps)
        except StopIteration:
            self.ended = True
            return None

    def close(self) -> None:
        """Release the source before the end."""
        self._steps.close()
        if self._waveforms is not None:
            self._waveforms.close()

    def _cut(self) -> Generator[Clip | None]:
        """The clips; None between blocks."""
        self._waveforms = waveforms = self._open()
        decoded = self._decoded(waveforms)
        first, second = next(decoded), next(decoded, None)
        if second is None:
            self._end(waveforms)
            if not quality.is_silent(first):
                yield Clip(first.samples, 0)
            return
        for waveform in itertools.chain((first, second), decoded):
            yield from self._segmenter.push(waveform.samples)
            yield None
        rest = list(self._segmenter.flush())
        yield from rest[:-1]
        self._end(waveforms)
        yield from rest[-1:]

    def _end(self, waveforms: Blocks) -> None:
        self.warnings = (*self._meter.warnings(), *waveforms.warnings)
        self.ended = True

    def _decoded(self, waveforms: Blocks) -> Iterator[Waveform]:
        while True:
            start = time.perf_counter()
            waveform = next(waveforms, None)
            self.decode_s += time.perf_counter() - start
            if waveform is None:
                return
            self.duration_s += waveform.duration_s
            self._meter.add(waveform.samples)
            yield waveform
