"""Features against librosa, which computes the same thing by other code. NeMo itself: tests/oracle."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle, FeatureSpec
from hindi_stt.errors import AudioTooShort
from hindi_stt.features import FeatureExtractor
from hindi_stt.types import Waveform

FORMS = [("reflect", "floor_plus_one"), ("constant", "floor")]


def reference(samples: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    emphasised = np.append(samples[0], samples[1:] - spec.preemphasis * samples[:-1]).astype(np.float64)
    mel = librosa.feature.melspectrogram(
        y=emphasised,
        sr=spec.sample_rate,
        n_fft=spec.n_fft,
        hop_length=spec.hop_samples,
        win_length=spec.window_samples,
        window=np.hanning(spec.window_samples),
        n_mels=spec.n_mels,
        power=spec.power,
        pad_mode=spec.stft_pad_mode,
    )
    log_mel = np.log(mel + spec.log_zero_guard)[:, : spec.n_valid_frames(len(samples))]
    return (log_mel - log_mel.mean(1, keepdims=True)) / (log_mel.std(1, ddof=1, keepdims=True) + spec.deviation_epsilon)


@pytest.mark.slow
@pytest.mark.parametrize(("pad_mode", "valid_frames"), FORMS)
@pytest.mark.parametrize("n_samples", [513, 1_600, 16_000, 16_079, 16_080, 48_123])
def test_against_librosa(bundle: Bundle, pad_mode: str, valid_frames: str, n_samples: int) -> None:
    spec = bundle.manifest.features.model_copy(update={"stft_pad_mode": pad_mode, "valid_frames": valid_frames})
    rng = np.random.default_rng(n_samples)
    samples = (0.1 * np.cumsum(rng.standard_normal(n_samples)) / np.sqrt(n_samples)).astype(np.float32)
    features = FeatureExtractor(spec, bundle.filterbank)(Waveform(samples, 16_000, 16_000))
    expected = reference(samples, spec)
    assert features.values.dtype == np.float32
    assert features.values.shape == expected.shape
    np.testing.assert_allclose(features.values, expected, atol=1e-3)


def test_the_bundles_filterbank_is_librosas(bundle: Bundle) -> None:
    np.testing.assert_allclose(bundle.filterbank, librosa.filters.mel(sr=16_000, n_fft=512, n_mels=80), atol=1e-7)


@pytest.mark.parametrize(("pad_mode", "valid_frames"), FORMS)
def test_too_short(bundle: Bundle, pad_mode: str, valid_frames: str) -> None:
    spec = bundle.manifest.features.model_copy(update={"stft_pad_mode": pad_mode, "valid_frames": valid_frames})
    extract = FeatureExtractor(spec, bundle.filterbank)
    samples = np.random.default_rng(0).standard_normal(extract.min_samples).astype(np.float32)
    assert np.isfinite(extract(Waveform(samples, 16_000, 16_000)).values).all()
    with pytest.raises(AudioTooShort):
        extract(Waveform(samples[:-1], 16_000, 16_000))


def test_another_rate_is_refused(bundle: Bundle) -> None:
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    with pytest.raises(ValueError, match="8000 Hz"):
        extract(Waveform(np.ones(8_000, np.float32), 8_000, 8_000))
