"""Log-mel filterbank features as Kaldi's `compute-fbank-feats` defines them, with NumPy.

Source: kaldi/src/feat/feature-window.cc and mel-computations.cc (snip_edges, no dither, Povey window, power spectrum).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.bundle.speakers import FbankSpec
from hindi_stt.types import Float32

__all__ = ["Fbank"]

# Kaldi's FLT_EPSILON: the least energy of a band before the logarithm.
_FLOOR: Final = np.float32(np.finfo(np.float32).eps)
# Rows of a product that are computed together: with 257 bins and 80 bands it is below the 2**18 products from which
# OpenBLAS uses threads.
_BLOCK_ROWS: Final = 8


class Fbank:
    """Computes features of stretches of audio. Thread-safe.

    Args:
        spec: Parameters of the features.
    """

    def __init__(self, spec: FbankSpec) -> None:
        self._spec = spec
        n = np.arange(spec.window_samples, dtype=np.float64)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / (spec.window_samples - 1))
        self._window = (hann**0.85).astype(np.float32)
        self._n_fft = 1 << (spec.window_samples - 1).bit_length()
        self._bank = _mel_bank(spec, self._n_fft)

    def __call__(self, samples: Float32) -> Float32:
        """Compute features.

        Args:
            samples: Mono, float32 [n], in [-1, 1], at the sample rate of the parameters.

        Returns:
            float32 [frames, bands], not mean-normalised; no frames where there are fewer samples than a window has.
        """
        spec = self._spec
        n_frames = 1 + (len(samples) - spec.window_samples) // spec.hop_samples
        if n_frames < 1:
            return np.empty((0, spec.n_mels), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(samples, spec.window_samples)[:: spec.hop_samples]
        frames = frames - frames.mean(axis=1, keepdims=True)
        before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
        frames = (frames - np.float32(spec.preemphasis) * before) * self._window
        spectrum = np.fft.rfft(frames, self._n_fft, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        features: Float32 = np.log(np.maximum(_product(power, self._bank), _FLOOR))
        return features


def _product(rows: Float32, matrix: Float32) -> Float32:
    """The matrix product, in blocks that OpenBLAS does not divide among threads."""
    # They wait for each other by spinning: where other work has the cores, that takes many times as long.
    n_blocks = -(-len(rows) // _BLOCK_ROWS)
    blocks = np.pad(rows, ((0, n_blocks * _BLOCK_ROWS - len(rows)), (0, 0))).reshape(n_blocks, _BLOCK_ROWS, -1)
    found: Float32 = np.matmul(blocks, matrix).reshape(-1, matrix.shape[1])[: len(rows)]
    return found


def _mel_bank(spec: FbankSpec, n_fft: int) -> Float32:
    """Triangles of equal width on the mel scale, float32 [n_fft // 2 + 1, bands]; Kaldi leaves out the last bin."""
    low, high = (_mel(hz) for hz in (spec.low_hz, spec.sample_rate / 2))
    edges = np.linspace(low, high, spec.n_mels + 2)
    bins = _mel(np.arange(n_fft // 2) * spec.sample_rate / n_fft)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bank = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)).clip(0)
    return np.vstack([bank, np.zeros((1, spec.n_mels))]).astype(np.float32)


def _mel(hz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hz) / 700.0))
