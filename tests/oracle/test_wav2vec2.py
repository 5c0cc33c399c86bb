"""Wav2Vec2ForCTC models of the published architectures with random weights, against transformers itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import Bundle, Identity
from hindi_stt.errors import CorruptModel, UnsafeArchive
from hindi_stt.features import make_extractor
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import LogProbs, Waveform
from tests.conftest import DATA

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

pytestmark = pytest.mark.oracle

TOLERANCE = 1e-3
LETTERS = [chr(code) for code in range(0x0901, 0x094E)]
SPECIAL = ("<s>", "</s>", "<unk>")
CLIPS = ("rain_16k.wav", "rain.flac", "family.flac")
SMALL = ("small-group-norm", "small-layer-norm")


@dataclasses.dataclass
class Exported:
    folder: Path
    bundle: Bundle
    model: Wav2Vec2ForCTC
    processor: Wav2Vec2Processor

    def log_probs(self, samples: np.ndarray) -> np.ndarray:
        """transformers alone: its own feature extractor and model."""
        import torch

        inputs = self.processor(samples, sampling_rate=16_000, return_tensors="pt")
        with torch.inference_mode():
            return torch.log_softmax(self.model(inputs.input_values).logits, dim=-1)[0].numpy()

    def text(self, log_probs: np.ndarray) -> str:
        text = self.processor.tokenizer.decode(log_probs.argmax(axis=1))
        for token in SPECIAL:
            text = text.replace(token, "")
        return " ".join(text.split())


def make(shape: str, folder: Path, **options: Any) -> Exported:
    from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

    from hindi_stt.export.wav2vec2.exporter import export
    from hindi_stt.export.wav2vec2.random_model import build_random_model

    source = build_random_model(shape, LETTERS, folder / "source")
    bundle, _ = export(source, folder / "bundle", Identity("w2v", "hi", "Apache-2.0"), **options)
    model = Wav2Vec2ForCTC.from_pretrained(source).eval()
    return Exported(source, bundle, model, Wav2Vec2Processor.from_pretrained(source))


@pytest.fixture(scope="module", params=SMALL)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return make(request.param, tmp_path_factory.mktemp("w2v"))


def samples_of(name: str) -> np.ndarray:
    return decode(DATA / name, 16_000, AudioLimits(60, 0.1, 8)).samples


def check(exported: Exported) -> None:
    pipeline = Pipeline(exported.bundle, Settings(model="", precision="fp32"))
    acoustic = LocalAcoustic(exported.bundle, threads=1, precision="fp32")
    extract = make_extractor(exported.bundle)
    for name in CLIPS:
        samples = samples_of(name)
        expected = exported.log_probs(samples)
        (found,) = acoustic([extract(Waveform(samples, 16_000, 16_000))])
        assert isinstance(found, LogProbs)
        assert found.values.shape == expected.shape
        assert np.abs(found.values - expected).max() < TOLERANCE
        text = exported.text(expected)
        assert len(text) > 20, "too little to compare"
        assert pipeline.transcribe(DATA / name, acoustic).text == text


def test_log_probs_and_texts(small: Exported) -> None:
    check(small)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["base", "large"])
def test_log_probs_and_texts_of_the_published_sizes(shape: str, tmp_path: Path) -> None:
    check(make(shape, tmp_path, precisions=("fp32",)))


def test_another_user_may_read_the_bundle(small: Exported, tmp_path: Path) -> None:
    """A server often is one; as readable as any folder that is made here."""
    (usual := tmp_path / "usual").mkdir()
    assert small.bundle.folder.stat().st_mode == usual.stat().st_mode


def test_clips_of_every_length_alone_and_together(small: Exported) -> None:
    """Layer norm with a mask goes in batches, group norm never; neither changes a clip."""
    rng = np.random.default_rng(3)
    lengths = [400, 719, 720, 5_000, 16_000, 33_333]
    clips = [np.cumsum(rng.standard_normal(n)).astype(np.float32) * 0.01 for n in lengths]
    extract = make_extractor(small.bundle)
    features = [extract(Waveform(clip, 16_000, 16_000)) for clip in clips]
    acoustic = LocalAcoustic(small.bundle, threads=1, precision="fp32", max_padding=0.99)
    masked = small.model.config.feat_extract_norm == "layer"
    assert len(acoustic.groups(features)) == (1 if masked else len(clips))
    for clip, found in zip(clips, acoustic(features), strict=True):
        expected = small.log_probs(clip)
        assert isinstance(found, LogProbs)
        assert found.values.shape == expected.shape
        assert np.abs(found.values - expected).max() < TOLERANCE


def test_why_group_norm_runs_one_clip_a_call(small: Exported) -> None:
    """In transformers, too, a longer neighbour changes a clip of a model with group norm, and none with a mask."""
    import torch

    short, long = samples_of("rain.flac")[:16_000], samples_of("family.flac")[:32_000]
    inputs = small.processor([short, long], sampling_rate=16_000, return_tensors="pt", padding=True)
    with torch.inference_mode():
        together = torch.log_softmax(small.model(**inputs).logits, dim=-1)[0].numpy()
    alone = small.log_probs(short)
    difference = np.abs(together[: len(alone)] - alone).max()
    assert (difference < TOLERANCE) == (small.model.config.feat_extract_norm == "layer")


def test_weights_as_a_pickle(small: Exported, tmp_path: Path) -> None:
    import shutil

    import torch

    from hindi_stt.export.wav2vec2.exporter import export

    folder = Path(shutil.copytree(small.folder, tmp_path / "source"))
    (folder / "model.safetensors").unlink()
    torch.save(small.model.state_dict(), folder / "pytorch_model.bin")
    bundle, _ = export(folder, tmp_path / "bundle", Identity("w2v", "hi", "Apache-2.0"), precisions=("fp32",))
    assert bundle.manifest.source.file == "pytorch_model.bin"
    assert bundle.manifest.acoustic == small.bundle.manifest.acoustic


class _RunsCode:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("code-was-run"),)


def test_weights_that_run_code_and_weights_that_do_not_fit(
    small: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    import torch

    from hindi_stt.export.wav2vec2.exporter import export

    identity = Identity("w2v", "hi", "Apache-2.0")
    folder = Path(shutil.copytree(small.folder, tmp_path / "source"))
    (folder / "model.safetensors").unlink()
    monkeypatch.chdir(tmp_path)
    torch.save({"lm_head.weight": _RunsCode()}, folder / "pytorch_model.bin")
    with pytest.raises(UnsafeArchive):
        export(folder, tmp_path / "bundle", identity)
    assert not (tmp_path / "code-was-run").exists()
    state = small.model.state_dict()
    del state["lm_head.weight"]
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(CorruptModel, match=r"1 missing \(lm_head\.weight\)"):
        export(folder, tmp_path / "bundle", identity)
    state["lm_head.weight"] = torch.full_like(small.model.lm_head.weight, float("nan"))
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(CorruptModel, match="not finite"):
        export(folder, tmp_path / "bundle", identity)
    (folder / "pytorch_model.bin").write_bytes(b"<!doctype html>")
    with pytest.raises((CorruptModel, UnsafeArchive)):
        export(folder, tmp_path / "bundle", identity)
    assert not (tmp_path / "bundle").exists()
