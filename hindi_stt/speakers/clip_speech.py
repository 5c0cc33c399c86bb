"""The speech of one clip, in stretches of one speaker with their embeddings, before it is known who they are."""

from __future__ import annotations

from dataclasses import dataclass

import soxr

from hindi_stt.speakers.bandwidth import Bandwidth
from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.turns import Stretch, Window
from hindi_stt.speakers.windows import windows_of
from hindi_stt.types import Float32

__all__ = ["ClipSpeech", "embed_clip"]


@dataclass(frozen=True, slots=True)
class ClipSpeech:
    """The speech of a clip; times in seconds of the recording.

    Attributes:
        stretches: Each as far as is known of one speaker.
        overlaps: Start and end of where two speak at a time.
        bandwidth: The clip's power below and above the band of telephones.
    """

    stretches: tuple[Stretch, ...]
    overlaps: tuple[tuple[float, float], ...]
    bandwidth: Bandwidth


def embed_clip(embedder: Embedder, samples: Float32, sample_rate: int, offset_s: float) -> ClipSpeech:
    """Find the speech of a clip and compute its embeddings. Blocks: it runs the speaker model.

    Args:
        embedder: The speaker model.
        samples: The clip, mono, float32 [n].
        sample_rate: Of the samples, in Hz.
        offset_s: Start of the clip in the recording, in seconds.

    Returns:
        The clip's speech.

    Raises:
        InferenceFailed: The model cannot process it.
    """
    rate = embedder.sample_rate
    if rate != sample_rate:
        samples = soxr.resample(samples, sample_rate, rate)
    bandwidth = Bandwidth()
    bandwidth.add(samples, rate)
    speech = embedder.find_speech(samples)
    spans = [windows_of(start, end, embedder.window_samples) for start, end in speech.stretches]
    embeddings = iter(embedder([samples[start:end] for own in spans for start, end in own]))
    stretches = []
    for (start, end), own in zip(speech.stretches, spans, strict=True):
        windows = tuple(Window(offset_s + a / rate, offset_s + b / rate, next(embeddings)) for a, b in own)
        stretches.append(Stretch(offset_s + start / rate, offset_s + end / rate, windows))
    overlaps = tuple((offset_s + start / rate, offset_s + end / rate) for start, end in speech.overlaps)
    return ClipSpeech(tuple(stretches), overlaps, bandwidth)
