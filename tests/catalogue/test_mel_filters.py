"""The filter bank against librosa's, which NeMo calls, and against one that NeMo made."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.catalogue.mel_filters import slaney_filterbank


@pytest.mark.parametrize(
    ("sample_rate", "n_fft", "n_mels"), [(16_000, 512, 80), (16_000, 512, 128), (16_000, 512, 64), (8_000, 256, 40)]
)
def test_librosas(sample_rate: int, n_fft: int, n_mels: int) -> None:
    expected = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)
    found = slaney_filterbank(sample_rate, n_fft, n_mels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_nemos(bundle: Bundle) -> None:
    spec = bundle.manifest.features
    found = slaney_filterbank(spec.sample_rate, spec.n_fft, spec.n_mels)
    np.testing.assert_allclose(found, bundle.filterbank, rtol=0, atol=1e-8)
