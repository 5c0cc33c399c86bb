"""Waveform → Features: NeMo's AudioToMelSpectrogramPreprocessor in NumPy, driven by the bundle.

Source: nemo/collections/asr/parts/preprocessing/features.py (FilterbankFeatures, normalize_batch), in its form up to
2.4 and its form from 2.5.0; the bundle's `stft_pad_mode` and `valid_frames` choose between them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hindi_stt.bundle import FeatureSpec
from hindi_stt.errors import AudioTooShort
from hindi_stt.types import Features, Float32, Waveform

__all__ = ["FeatureExtractor"]

# Frames that go through the FFT together: few enough that a block's spectra stay in the second-level cache.
_BLOCK_FRAMES: Final = 64


class FeatureExtractor:
    """Log-mel features of one model. Thread-safe: it holds nothing but constants.

    spec: the bundle's feature parameters; filterbank: float32 [n_mels, n_fft // 2 + 1].
    """

    def __init__(self, spec: FeatureSpec, filterbank: Float32) -> None:
        self.spec = spec
        self._bands = _split_bands(filterbank)
        self._window = np.hanning(spec.window_samples).astype(np.float32)

    @property
    def min_samples(self) -> int:
        """Fewest samples from which a deviation can be had (two frames) and, if asked for, a reflection."""
        frames = 2 * self.spec.hop_samples
        return max(frames, self.spec.n_fft // 2 + 1) if self.spec.stft_pad_mode == "reflect" else frames

    def __call__(self, waveform: Waveform) -> Features:
        """Normalised log-mel features, float32 [n_mels, frames].

        Raises AudioTooShort below `min_samples`, ValueError where the waveform has another sample rate.
        """
        if waveform.sample_rate != self.spec.sample_rate:
            raise ValueError(f"waveform at {waveform.sample_rate} Hz, the model takes {self.spec.sample_rate} Hz")
        if len(waveform.samples) < self.min_samples:
            raise AudioTooShort(
                f"The audio lasts {waveform.duration_s:.3f} s, features need {self.min_samples} samples at least."
            )
        return Features(self._normalize(self._log_mel(waveform.samples)), waveform.duration_s)

    def _log_mel(self, samples: Float32) -> Float32:
        """Log-mel energies of the valid frames, float32 [frames, n_mels]."""
        spec = self.spec
        n_frames = spec.n_valid_frames(len(samples))
        frames = self._frames(samples)
        log_mel = np.empty((n_frames, spec.n_mels), np.float32)
        # Buffers are reused from block to block: allocating them anew costs more than the transforms.
        block = np.zeros((_BLOCK_FRAMES, spec.n_fft), np.float32)
        spectra = np.empty((_BLOCK_FRAMES, spec.n_fft // 2 + 1), np.complex64)
        power = np.empty((_BLOCK_FRAMES, spec.n_fft // 2 + 1), np.float32)
        imaginary_power = np.empty_like(power)
        for start in range(0, n_frames, _BLOCK_FRAMES):
            n = min(_BLOCK_FRAMES, n_frames - start)
            # The window sits at the start of the FFT input, not in its middle: that changes the phase only.
            np.multiply(frames[start : start + n], self._window, out=block[:n, : spec.window_samples])
            np.fft.rfft(block[:n], out=spectra[:n])  # type: ignore[arg-type]  # the stubs know complex128 only
            np.square(spectra[:n].real, out=power[:n])
            np.square(spectra[:n].imag, out=imaginary_power[:n])
            power[:n] += imaginary_power[:n]
            for bins, mels, weights in self._bands:
                log_mel[start : start + n, mels] = power[:n, bins] @ weights
        log_mel += np.float32(spec.log_zero_guard)
        return np.log(log_mel, out=log_mel)

    def _frames(self, samples: Float32) -> Float32:
        """Read-only view [frames, window_samples] on the pre-emphasised, padded samples."""
        spec = self.spec
        half = spec.n_fft // 2
        padded = np.zeros(len(samples) + 2 * half, np.float32)
        emphasised = padded[half : half + len(samples)]
        emphasised[0] = samples[0]
        np.multiply(samples[:-1], np.float32(-spec.preemphasis), out=emphasised[1:])
        emphasised[1:] += samples[1:]
        if spec.stft_pad_mode == "reflect":
            padded[:half] = emphasised[half:0:-1]
            padded[half + len(samples) :] = emphasised[-2 : -2 - half : -1]
        margin = (spec.n_fft - spec.window_samples) // 2
        view: Float32 = np.lib.stride_tricks.sliding_window_view(padded[margin:], spec.window_samples)
        return view[:: spec.hop_samples]

    def _normalize(self, log_mel: Float32) -> Float32:
        """Zero mean and unit deviation (N − 1) over time for each mel band; returns float32 [n_mels, frames]."""
        values = np.ascontiguousarray(log_mel.T)
        values -= values.mean(axis=1, keepdims=True)
        deviation = np.sqrt(np.einsum("mt,mt->m", values, values) / (values.shape[1] - 1))
        values /= (deviation + np.float32(self.spec.deviation_epsilon))[:, None]
        return values


def _split_bands(filterbank: Float32) -> list[tuple[slice, slice, Float32]]:
    """The filter bank as two dense blocks, (bins, mels, weights [bins, mels]), cut where they are smallest together.

    Mel filters are narrow: the low ones need few bins and the high ones need none of those, which saves half the work.
    """
    used = filterbank != 0
    first = np.argmax(used, axis=1)
    last = filterbank.shape[1] - np.argmax(used[:, ::-1], axis=1)
    n_mels = len(filterbank)

    def blocks(cut: int) -> list[tuple[slice, slice]]:
        parts = [slice(0, cut), slice(cut, n_mels)] if cut else [slice(0, n_mels)]
        return [(slice(int(first[mels].min()), int(last[mels].max())), mels) for mels in parts]

    def cost(cut: int) -> int:
        return sum((bins.stop - bins.start) * (mels.stop - mels.start) for bins, mels in blocks(cut))

    best = min(range(n_mels), key=cost)
    return [(bins, mels, np.ascontiguousarray(filterbank[mels, bins].T)) for bins, mels in blocks(best)]
