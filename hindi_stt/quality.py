"""Waveform → warnings: what is wrong with a recording that can still be transcribed.

The thresholds are rules of thumb, stated here; a warning never changes a transcript.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hindi_stt.types import Float32, Waveform

__all__ = ["is_silent", "warnings_for"]

_CLIP_LEVEL: Final = 0.999
_CLIPPED_SHARE: Final = 0.001
_QUIET_RMS: Final = 10 ** (-60 / 20)
_FRAME_S: Final = 0.032
_MAX_FRAMES: Final = 1_000
_BAND_EDGE_HZ: Final = 4_000
_BAND_LIMIT: Final = 10 ** (-40 / 10)
_NOISY_DB: Final = 10.0
_FLOOR: Final = 1e-10


def is_silent(waveform: Waveform) -> bool:
    """Whether all samples are zero, for which normalised features are undefined."""
    return not waveform.samples.any()


def warnings_for(waveform: Waveform) -> tuple[str, ...]:
    """Any of "nearly_silent", "clipped", "band_limited", "very_noisy".

    nearly_silent: below −60 dBFS RMS (then nothing else is said). clipped: over 0.1 % of samples at full scale.
    band_limited: less than −40 dB of the energy above 4 kHz, as on a telephone line. very_noisy: the loud frames
    (95th percentile of frame energy) are less than 10 dB over the quiet ones (10th).
    """
    samples = waveform.samples
    if float(np.sqrt(np.mean(np.square(samples)))) < _QUIET_RMS:
        return ("nearly_silent",)
    found = []
    if float(np.mean(np.abs(samples) >= _CLIP_LEVEL)) > _CLIPPED_SHARE:
        found.append("clipped")
    frames = _sample_frames(waveform)
    if len(frames):
        power = np.square(np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]).astype(np.float32)))).sum(axis=0)
        edge = round(_BAND_EDGE_HZ * frames.shape[1] / waveform.sample_rate)
        if float(power[edge:].sum()) < _BAND_LIMIT * float(power.sum()):
            found.append("band_limited")
        energy_db = 10 * np.log10(np.square(frames).mean(axis=1) + _FLOOR)
        quiet, loud = np.percentile(energy_db, [10, 95])
        if loud - quiet < _NOISY_DB:
            found.append("very_noisy")
    return tuple(found)


def _sample_frames(waveform: Waveform) -> Float32:
    """Up to 1,000 frames spread evenly over the recording: the estimates need no more. float32 [frames, samples]."""
    length = int(_FRAME_S * waveform.sample_rate)
    n_frames = len(waveform.samples) // length
    frames = waveform.samples[: n_frames * length].reshape(n_frames, length)
    return frames[:: max(1, n_frames // _MAX_FRAMES)]
