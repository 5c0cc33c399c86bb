"""Models that take samples instead of mel features: what the bundle says of them, features, frames, texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import EMBEDDED, Bundle, Manifest, WaveformSpec
from hindi_stt.cli.main import main
from hindi_stt.decoding.options import DecodingOptions
from hindi_stt.errors import AudioTooShort, BundleInvalid
from hindi_stt.evaluation.consistency import check_consistency
from hindi_stt.features import WaveformExtractor, make_extractor
from hindi_stt.inference.acoustic import LocalAcoustic, n_output_frames
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs, Waveform
from tests.conftest import DATA
from tests.support.waveform_model import (
    BLANK_ID,
    PIECES,
    SPECIAL_IDS,
    expected_log_probs,
    expected_text,
    waveform_bundle,
)

CLIP = DATA / "rain_16k.wav"


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return waveform_bundle(tmp_path_factory.mktemp("waveform") / "bundle")


def samples_of(path: Path) -> np.ndarray:
    return decode(path, 16_000, AudioLimits(60, 0.1, 8)).samples


def test_text_of_a_recording(wave: Bundle) -> None:
    text = Pipeline(wave, Settings(model="")).transcribe(CLIP, LocalAcoustic(wave, threads=1)).text
    assert len(text) > 20
    assert text == expected_text(samples_of(CLIP))


def test_the_command_line(wave: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transcribe", str(CLIP), "--model", str(wave.folder)]) == 0
    assert expected_text(samples_of(CLIP)) in capsys.readouterr().out


def test_log_probs_of_clips_of_every_length(wave: Bundle) -> None:
    """Alone and in one batch; the shortest clips give one frame."""
    rng = np.random.default_rng(0)
    extract = make_extractor(wave)
    lengths = [325, 326, 644, 645, 646, 16_000, 20_011]
    clips = [(0.1 * rng.standard_normal(n)).astype(np.float32) for n in lengths]
    features = [extract(Waveform(clip, 16_000, 16_000)) for clip in clips]
    together = LocalAcoustic(wave, threads=1, max_padding=0.99)(features)
    alone = [LocalAcoustic(wave, threads=1)([one])[0] for one in features]
    for clip, one, shared in zip(clips, alone, together, strict=True):
        assert isinstance(one, LogProbs)
        assert isinstance(shared, LogProbs)
        expected = expected_log_probs(clip)
        assert one.values.shape == expected.shape
        np.testing.assert_allclose(one.values, expected, atol=1e-4)
        np.testing.assert_allclose(shared.values, expected, atol=1e-4)
        assert one.frame_shift_s == pytest.approx(0.02)


def test_frames_of_wav2vec2s_convolutions(wave: Bundle) -> None:
    """The lengths that transformers' `_get_feat_extract_output_lengths` gives for the published architecture."""
    convolutions = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
    spec = wave.manifest.acoustic.model_copy(update={"convolutions": convolutions})
    found = {n: n_output_frames(n, spec) for n in (399, 400, 719, 720, 16_000, 160_000)}
    assert found == {399: 0, 400: 1, 719: 1, 720: 2, 16_000: 49, 160_000: 499}
    assert spec.min_frames == 400


def test_normalisation() -> None:
    spec = WaveformSpec(kind="waveform", sample_rate=16_000, normalize="per_clip")
    rng = np.random.default_rng(1)
    samples = (0.3 + 0.01 * rng.standard_normal(16_000)).astype(np.float32)
    values = WaveformExtractor(spec, 400)(Waveform(samples, 16_000, 16_000)).values
    assert values.shape == (1, 16_000)
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=1e-4)
    assert values.std() == pytest.approx(1, abs=1e-3)
    silence = WaveformExtractor(spec, 400)(Waveform(np.zeros(16_000, np.float32), 16_000, 16_000)).values
    assert not silence.any()
    as_it_is = WaveformExtractor(spec.model_copy(update={"normalize": "none"}), 400)
    np.testing.assert_array_equal(as_it_is(Waveform(samples, 16_000, 16_000)).values[0], samples)


def test_too_short_and_another_rate(wave: Bundle) -> None:
    extract = make_extractor(wave)
    with pytest.raises(AudioTooShort, match="325 samples"):
        extract(Waveform(np.zeros(324, np.float32), 16_000, 16_000))
    with pytest.raises(ValueError, match="8000 Hz"):
        extract(Waveform(np.zeros(8_000, np.float32), 8_000, 8_000))


@pytest.mark.slow
def test_a_bundle_agrees_with_itself(wave: Bundle, tmp_path: Path) -> None:
    assert [one.sound for one in check_consistency(wave, threads=1)] == [True]
    alone = waveform_bundle(tmp_path / "alone", batched=False)
    clips = [Features(np.zeros((1, 16_000), np.float32), 1.0)] * 3
    assert LocalAcoustic(alone, threads=1).groups(clips) == [[0], [1], [2]]
    assert len(LocalAcoustic(wave, threads=1).groups(clips)) == 1


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("features", {"kind": "spectrogram"}, "features"),
        ("features", {"n_mels": 80}, "n_mels"),
        ("features", {"normalize": "per_feature"}, "normalize"),
        ("acoustic", {"special_ids": [1]}, "special_ids"),
        ("acoustic", {"special_ids": [len(PIECES)]}, "special_ids"),
        ("acoustic", {"convolutions": [[10, 5]]}, "subsampling"),
        ("acoustic", {"convolutions": [[10, 0]]}, "convolutions"),
    ],
)
def test_manifests_that_contradict(tmp_path: Path, section: str, change: dict[str, Any], message: str) -> None:
    bundle = waveform_bundle(tmp_path / "bundle")
    path = bundle.folder / "bundle.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest[section] |= change
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleInvalid, match=message):
        Bundle.open(bundle.folder)


def test_a_manifest_of_mel_features_is_read_and_written_as_before() -> None:
    raw = json.loads((EMBEDDED / "bundle.json").read_text(encoding="utf-8"))
    manifest = Manifest.model_validate(raw)
    assert json.loads(manifest.model_dump_json())["features"] == raw["features"]
    assert manifest.acoustic.convolutions == ()
    assert manifest.acoustic.special_ids == ()


@pytest.mark.parametrize("decoder", ["greedy", "beam"])
def test_special_classes_are_never_written(wave: Bundle, decoder: str) -> None:
    """Between two equal letters one keeps both, as the blank does; at the likeliest it is silent."""
    path = [5, 3, 5, 4, 4, 6, 0, 2, 6, 1, 7, 7, 3]  # क <unk> क ▁ म <s> </s> म (blank) ल <unk>
    values = np.full((len(path), len(PIECES)), np.log(0.01), np.float32)
    values[np.arange(len(path)), path] = np.log(0.91)
    decode = Pipeline(wave, Settings(model="")).decoders.choose(DecodingOptions(decoder=decoder))
    hypothesis = decode(LogProbs(values, 0.02))
    assert hypothesis.text == "कक ममल"
    assert {token.id for token in hypothesis.tokens}.isdisjoint({BLANK_ID, *SPECIAL_IDS})
    assert all(word.confidence > 0.8 for word in hypothesis.words)


def test_hotwords_cannot_be_spelled_with_the_names_of_special_classes(wave: Bundle) -> None:
    from hindi_stt.decoding.decoders import vocabulary_of

    assert vocabulary_of(wave).alphabet == set("कमलान")
