"""Waveform → Features: NeMo's AudioToMelSpectrogramPreprocessor in NumPy, or the samples themselves; the bundle tells.

Source: nemo/collections/asr/parts/preprocessing/features.py (FilterbankFeatures, normalize_batch), in its form up to
2.4 and its form from 2.5.0; the bundle's `stft_pad_mode` and `valid_frames` choose between them.
"""

from __future__ import annotations

import itertools
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hindi_stt.bundle.manifest import Bundle, FeatureSpec, WaveformSpec
from hindi_stt.errors import AudioTooShort
from hindi_stt.types import Features, Float32, Waveform

__all__ = ["Extractor", "FeatureExtractor", "WaveformExtractor", "make_extractor"]

# Frames that are transformed together: few enough that they stay near the core, enough for the matrix products.
_BLOCK_FRAMES: Final = 128
# Points of the transform's second stage.
_RADIX: Final = 16


class Extractor(Protocol):
    """Computes what a model takes of a clip. Thread-safe."""

    @property
    def sample_rate(self) -> int:
        """Of the waveforms that it takes, in Hz."""
        ...

    @property
    def min_samples(self) -> int:
        """Fewest samples of a clip."""
        ...

    def __call__(self, waveform: Waveform) -> Features:
        """Compute features.

        Args:
            waveform: Mono, float32 [n], at `sample_rate`.

        Returns:
            Features, float32 [channels, frames].

        Raises:
            AudioTooShort: There are fewer than `min_samples` samples.
            ValueError: The waveform has another sample rate.
        """
        ...


def make_extractor(bundle: Bundle) -> Extractor:
    """Make the extractor of a model.

    Args:
        bundle: The model.

    Returns:
        The extractor.
    """
    spec = bundle.manifest.features
    if isinstance(spec, WaveformSpec):
        return WaveformExtractor(spec, bundle.manifest.acoustic.min_frames)
    return FeatureExtractor(spec, bundle.filterbank)


class WaveformExtractor:
    """The samples of a clip as one channel, normalised as the model takes them. Thread-safe.

    Source: Wav2Vec2FeatureExtractor of transformers (zero_mean_unit_var_norm).

    Args:
        spec: The bundle's parameters.
        min_samples: Fewest samples that the model makes a frame of.
    """

    def __init__(self, spec: WaveformSpec, min_samples: int) -> None:
        self.spec = spec
        self.min_samples = min_samples
        self.sample_rate = spec.sample_rate

    def __call__(self, waveform: Waveform) -> Features:
        """See `Extractor`; the features are float32 [1, samples]."""
        _check(waveform, self.sample_rate, self.min_samples)
        samples = waveform.samples
        if self.spec.normalize == "per_clip":
            deviation = np.sqrt(samples.var(dtype=np.float64) + self.spec.variance_epsilon)
            samples = (samples - np.float32(samples.mean(dtype=np.float64))) / np.float32(deviation)
        return Features(samples[None].astype(np.float32, copy=False), waveform.duration_s)


def _check(waveform: Waveform, sample_rate: int, min_samples: int) -> None:
    if waveform.sample_rate != sample_rate:
        raise ValueError(f"waveform at {waveform.sample_rate} Hz, the model takes {sample_rate} Hz")
    if len(waveform.samples) < min_samples:
        raise AudioTooShort(
            f"The audio lasts {waveform.duration_s:.3f} s, the model needs {min_samples} samples at least."
        )


class FeatureExtractor:
    """Log-mel features of one model. Thread-safe: it holds only constants.

    Source: NeMo's nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures.

    Args:
        spec: The bundle's feature parameters.
        filterbank: Mel filters, float32 [n_mels, n_fft // 2 + 1].
    """

    def __init__(self, spec: FeatureSpec, filterbank: Float32) -> None:
        self.spec = spec
        self.sample_rate = spec.sample_rate
        self._mel_energies = _MelTransform(np.hanning(spec.window_samples), spec.n_fft, filterbank)

    @property
    def min_samples(self) -> int:
        """Fewest samples from which a deviation can be had (two frames) and, if asked for, a reflection."""
        frames = 2 * self.spec.hop_samples
        return max(frames, self.spec.n_fft // 2 + 1) if self.spec.stft_pad_mode == "reflect" else frames

    def __call__(self, waveform: Waveform) -> Features:
        """Compute normalised log-mel features.

        Args:
            waveform: Mono, float32 [n], at the model's sample rate.

        Returns:
            Features, float32 [n_mels, frames].

        Raises:
            AudioTooShort: There are fewer than `min_samples` samples.
            ValueError: The waveform has another sample rate.
        """
        _check(waveform, self.sample_rate, self.min_samples)
        frames = self._frames(waveform.samples)[: self.spec.n_valid_frames(len(waveform.samples))]
        energies = self._mel_energies(frames)
        energies += np.float32(self.spec.log_zero_guard)
        return Features(self._normalize(np.log(energies, out=energies)), waveform.duration_s)

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

    def _normalize(self, values: Float32) -> Float32:
        """Zero mean and unit deviation (N − 1) over time for each mel band, in place; float32 [n_mels, frames]."""
        values -= values.mean(axis=1, keepdims=True)
        deviation = np.sqrt(np.einsum("mt,mt->m", values, values) / (values.shape[1] - 1))
        values /= (deviation + np.float32(self.spec.deviation_epsilon))[:, None]
        return values


class _MelTransform:
    """Computes mel energies of frames: window, Fourier transform, squared magnitude and filterbank as matrix products.

    NumPy's FFT takes one frame at a time, in scalar code. Two stages of the Cooley–Tukey factorisation,
    n = 16 n₁ + n₂ and k = k₁ + (n_fft / 16) k₂, cost more multiplications, but BLAS does them for a block of frames
    with vector instructions, in less time; the window goes into the first stage, the twiddle factors into the second.

    Args:
        window: float64 [window_samples].
        n_fft: Points of the FFT, a multiple of 32.
        filterbank: Mel filters, float32 [n_mels, n_fft // 2 + 1].
    """

    def __init__(self, window: NDArray[np.float64], n_fft: int, filterbank: Float32) -> None:
        self._rows = -(-len(window) // _RADIX)
        self._half = n_fft // _RADIX // 2 + 1  # what k₁ must run over: real input mirrors the others
        padded = np.zeros((self._rows, _RADIX))
        padded.reshape(-1)[: len(window)] = window
        n1, n2, k1 = np.arange(self._rows), np.arange(_RADIX), np.arange(self._half)
        # k₂ in an order that keeps neighbouring frequencies together: 0, 15, 1, 14, … has mirrored bins in between.
        k2 = np.stack([np.arange(_RADIX // 2), _RADIX - 1 - np.arange(_RADIX // 2)], axis=1).reshape(-1)
        first = padded.T[:, None, :] * np.exp(-2j * np.pi * _RADIX / n_fft * np.outer(k1, n1))  # [n₂, k₁, n₁]
        self._first = _float32(np.stack([first.real, first.imag], axis=2).reshape(_RADIX, 2 * self._half, self._rows))
        k = k1[:, None] + n_fft // _RADIX * k2
        second = np.exp(-2j * np.pi / n_fft * k[:, :, None] * n2)  # [k₁, k₂, n₂]
        by_parts = np.block([[second.real, -second.imag], [second.imag, second.real]])
        self._second = _float32(by_parts)  # [k₁, (part, k₂), (part, n₂)]
        self._bands = _split_bands(_reordered(filterbank, np.minimum(k, n_fft - k).T.reshape(-1)))
        self._n_mels, self._window_samples = len(filterbank), len(window)

    def __call__(self, frames: Float32) -> Float32:
        """Energies, float32 [n_mels, frames], of frames, float32 [frames, window_samples]."""
        energies = np.empty((self._n_mels, len(frames)), np.float32)
        size = min(_BLOCK_FRAMES, len(frames))
        samples = np.zeros((self._rows * _RADIX, size), np.float32)
        middle = np.empty((2 * self._half, _RADIX, size), np.float32)
        spectrum = np.empty((2 * _RADIX, self._half, size), np.float32)
        power = np.empty((_RADIX * self._half, size), np.float32)
        for start in range(0, len(frames), size):
            n = min(size, len(frames) - start)
            samples[: self._window_samples, :n] = frames[start : start + n].T
            by_phase = samples.reshape(self._rows, _RADIX, size)[..., :n].transpose(1, 0, 2)
            np.matmul(self._first, by_phase, out=middle[..., :n].transpose(1, 0, 2))
            by_row = middle.reshape(self._half, 2 * _RADIX, size)[..., :n]
            parts = spectrum[..., :n]
            np.matmul(self._second, by_row, out=parts.transpose(1, 0, 2))
            np.square(parts, out=parts)
            np.add(parts[:_RADIX], parts[_RADIX:], out=power.reshape(_RADIX, self._half, size)[..., :n])
            for mels, bins, weights in self._bands:
                np.matmul(weights, power[bins, :n], out=energies[mels, start : start + n])
        return energies


def _float32(values: NDArray[np.float64]) -> Float32:
    return np.ascontiguousarray(values, np.float32)


def _reordered(filterbank: Float32, order: NDArray[np.int64]) -> Float32:
    """The filter bank's columns in another order; of a bin that occurs twice the first one counts."""
    reordered = np.zeros((len(filterbank), len(order)), np.float32)
    bins, first = np.unique(order, return_index=True)
    reordered[:, first] = filterbank[:, bins]
    return reordered


def _split_bands(weights: Float32) -> list[tuple[slice, slice, Float32]]:
    """Split the filterbank into three dense blocks, cut where they are smallest together.

    Mel filters are narrow: the low ones need few bins and the high ones need none of those, so the blocks are a third
    of the whole. More blocks would cost more in calls than they save.

    Args:
        weights: float32 [mels, bins].

    Returns:
        (mels, bins, weights) of each block.
    """
    n_mels, n_bins = weights.shape
    used = weights != 0
    first = np.where(used.any(axis=1), np.argmax(used, axis=1), n_bins)
    last = np.where(used.any(axis=1), n_bins - np.argmax(used[:, ::-1], axis=1), 0)
    from_here = np.minimum.accumulate(first[::-1])[::-1].tolist()
    up_to_here = np.maximum.accumulate(last).tolist()

    def blocks(cuts: tuple[int, int]) -> list[tuple[slice, slice]]:
        edges = itertools.pairwise(sorted({0, *cuts, n_mels}))
        return [(slice(start, stop), slice(from_here[start], up_to_here[stop - 1])) for start, stop in edges]

    def cost(cuts: tuple[int, int]) -> int:
        return sum((mels.stop - mels.start) * (bins.stop - bins.start) for mels, bins in blocks(cuts))

    best = blocks(min(itertools.combinations(range(n_mels), 2), key=cost))
    return [(mels, bins, np.ascontiguousarray(weights[mels, bins])) for mels, bins in best]
