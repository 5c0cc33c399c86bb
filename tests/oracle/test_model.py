"""Log-probs, text and confidences of the embedded bundle against the same model in NeMo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.features import FeatureExtractor
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, Hypothesis, LogProbs, Waveform
from tests.conftest import DATA

if TYPE_CHECKING:
    from nemo.collections.asr.models import EncDecCTCModel

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def features(bundle: Bundle, clips: list[Waveform]) -> list[Features]:
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    return [extract(clip) for clip in clips]


@pytest.fixture(scope="module")
def nemo_log_probs(nemo_model: EncDecCTCModel, features: list[Features]) -> list[np.ndarray]:
    import torch

    with torch.inference_mode():
        outputs = []
        for clip in features:
            values = torch.from_numpy(clip.values[None])
            log_probs, n_frames, _ = nemo_model(
                processed_signal=values, processed_signal_length=torch.tensor([clip.n_frames])
            )
            outputs.append(log_probs[0, : int(n_frames[0])].numpy())
    return outputs


@pytest.fixture(scope="module")
def ours(acoustic: LocalAcoustic, features: list[Features]) -> list[LogProbs]:
    results = [acoustic([clip])[0] for clip in features]
    assert all(isinstance(result, LogProbs) for result in results)
    return results


def test_log_probs_on_identical_features(ours: list[LogProbs], nemo_log_probs: list[np.ndarray]) -> None:
    for found, expected in zip(ours, nemo_log_probs, strict=True):
        assert found.values.shape == expected.shape
        np.testing.assert_allclose(found.values, expected, atol=1e-3)


def test_a_padded_batch_equals_the_clips_alone(bundle: Bundle, features: list[Features], ours: list[LogProbs]) -> None:
    decode = GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)
    together = LocalAcoustic(bundle, threads=2, max_padding=0.99)
    assert len(together.groups(features)) == 1
    for result, alone in zip(together(features), ours, strict=True):
        assert isinstance(result, LogProbs)
        np.testing.assert_allclose(result.values, alone.values, atol=1e-4)
        assert decode(result).text == decode(alone).text


def nemo_hypotheses(model: EncDecCTCModel, audio: list[np.ndarray]) -> list[object]:
    """NeMo's own transcription of samples, with its "max_prob" confidences."""
    from nemo.collections.asr.parts.submodules.ctc_decoding import CTCBPEDecodingConfig
    from nemo.collections.asr.parts.utils.asr_confidence_utils import ConfidenceConfig, ConfidenceMethodConfig
    from omegaconf import OmegaConf

    confidence = ConfidenceConfig(
        preserve_frame_confidence=True,
        preserve_token_confidence=True,
        preserve_word_confidence=True,
        exclude_blank=True,
        aggregation="min",
        method_cfg=ConfidenceMethodConfig(name="max_prob", alpha=1.0),
    )
    decoding = OmegaConf.structured(CTCBPEDecodingConfig(strategy="greedy", confidence_cfg=confidence))
    model.change_decoding_strategy(decoding, verbose=False)
    return model.transcribe(audio, batch_size=1, return_hypotheses=True, verbose=False)


def our_hypothesis(bundle: Bundle, acoustic: LocalAcoustic, waveform: Waveform) -> Hypothesis:
    (log_probs,) = acoustic([FeatureExtractor(bundle.manifest.features, bundle.filterbank)(waveform)])
    assert isinstance(log_probs, LogProbs)
    return GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)(log_probs)


def test_text_and_confidences_from_samples(
    bundle: Bundle, acoustic: LocalAcoustic, clips: list[Waveform], nemo_model: EncDecCTCModel
) -> None:
    """The whole line, features included, on real speech."""
    for clip, theirs in zip(clips, nemo_hypotheses(nemo_model, [clip.samples for clip in clips]), strict=True):
        found = our_hypothesis(bundle, acoustic, clip)
        assert found.text == " ".join(theirs.text.split())
        np.testing.assert_allclose([t.confidence for t in found.tokens], theirs.token_confidence, atol=5e-3)
        np.testing.assert_allclose([w.confidence for w in found.words], theirs.word_confidence, atol=5e-3)


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir()))
def test_text_of_files_in_every_format(
    pipeline: Pipeline, acoustic: LocalAcoustic, nemo_model: EncDecCTCModel, name: str
) -> None:
    """NeMo reads, mixes and resamples the file itself."""
    from nemo.collections.asr.parts.preprocessing.segment import AudioSegment

    samples = AudioSegment.from_file(str(DATA / name), target_sr=16_000, channel_selector="average").samples
    (theirs,) = nemo_hypotheses(nemo_model, [samples])
    greedy = pipeline.options({"decoder": "greedy"})
    assert pipeline.transcribe(DATA / name, acoustic, greedy).text == " ".join(theirs.text.split())
