"""Published ONNX files become bundles with the same transcripts as the bundle that was exported the usual way."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.catalogue.ready_onnx import Identity, import_onnx
from hindi_stt.errors import (
    CorruptModel,
    ExportEnvironmentMissing,
    FeaturesUnknown,
    HindiSTTError,
    InvalidRequest,
    NotAModelFile,
    SourceUnavailable,
    UnsupportedModel,
)
from hindi_stt.evaluation.consistency import check_consistency, made_up_features
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.run import transcribe_all
from hindi_stt.inference.acoustic import LocalAcoustic, weights_bytes
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support import published_onnx
from tests.support.published_onnx import LAYOUTS, copy_of

MODULES_UNDER_TEST = (
    "hindi_stt/catalogue/graph_probe.py",
    "hindi_stt/catalogue/join_graphs.py",
    "hindi_stt/catalogue/layouts.py",
    "hindi_stt/catalogue/presets.py",
)

NAME = Identity("published", "hi", "MIT")
RECORDINGS = ("rain.flac", "family.flac", "rain.mp3")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("published")
    return {name: make(root / name) for name, make in LAYOUTS.items()}


@pytest.fixture(scope="module")
def preset(bundle: Bundle) -> str:
    return "nemo-80-mel" if bundle.manifest.features.stft_pad_mode == "reflect" else "nemo-80-mel-2.5"


def texts(bundle: Bundle, precision: str) -> list[str]:
    """Greedy transcripts: the language model of the embedded bundle is no part of published files."""
    pipeline = Pipeline(bundle, Settings(model="", language_model="none"))
    acoustic = LocalAcoustic(bundle, threads=1, precision=precision)
    return list(transcribe_all(pipeline, acoustic, [Utterance(DATA / name, "") for name in RECORDINGS], label="").texts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layout", "precisions"), [("onnx-asr", ["fp32", "int8"]), ("sherpa-onnx", ["int8"]), ("nemo-pair", ["fp32"])]
)
def test_same_as_the_exported_bundle(
    published: dict[str, Path], bundle: Bundle, preset: str, tmp_path: Path, layout: str, precisions: list[str]
) -> None:
    made, warnings = import_onnx(published[layout], tmp_path / "bundle", NAME, preset=preset)
    assert warnings == ()
    assert made.manifest.precisions == precisions
    assert made.manifest.default_precision == precisions[0]
    assert made.manifest.features == bundle.manifest.features
    assert made.manifest.acoustic == bundle.manifest.acoustic
    assert made.tokens == bundle.tokens
    for precision in precisions:
        clips = made_up_features(bundle, (1, 4, 9))
        for found, expected in zip(
            LocalAcoustic(made, threads=1, precision=precision)(clips),
            LocalAcoustic(bundle, threads=1, precision=precision)(clips),
            strict=True,
        ):
            assert np.abs(found.values - expected.values).max() < 1e-4
        expected_texts = texts(bundle, precision)
        assert all(expected_texts)
        assert texts(made, precision) == expected_texts
    assert json.loads((made.folder / "verification.json").read_text())["consistency"]


@pytest.mark.slow
def test_nothing_tells_the_features(published: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(FeaturesUnknown, match=r"80 mel bands.*nemo-80-mel"):
        import_onnx(published["onnx-asr"], tmp_path / "bundle", NAME)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["metadata", "file"])
def test_features_that_the_files_tell(published: dict[str, Path], bundle: Bundle, tmp_path: Path, where: str) -> None:
    folder = copy_of(published["sherpa-onnx"], tmp_path / "files")
    spec = bundle.manifest.features.model_dump_json()
    if where == "file":
        (folder / "features.json").write_text(spec)
    else:
        published_onnx.with_metadata(folder / "model.int8.onnx", features=spec)
    made, _ = import_onnx(folder, tmp_path / "bundle", NAME)
    assert made.manifest.features == bundle.manifest.features


@pytest.mark.slow
@pytest.mark.long
def test_features_in_the_metadata_of_a_pair(published: dict[str, Path], bundle: Bundle, tmp_path: Path) -> None:
    folder = copy_of(published["nemo-pair"], tmp_path / "files")
    published_onnx.with_metadata(folder / "encoder-model.onnx", features=bundle.manifest.features.model_dump_json())
    made, _ = import_onnx(folder, tmp_path / "bundle", NAME)
    assert made.manifest.features == bundle.manifest.features


@pytest.mark.slow
def test_what_is_not_taken_is_named(published: dict[str, Path], preset: str, tmp_path: Path) -> None:
    """A precision that cannot be loaded is left out, and so is a model of no known precision."""
    folder = copy_of(published["onnx-asr"], tmp_path / "files")
    (folder / "model.int8.onnx").write_bytes((folder / "model.int8.onnx").read_bytes()[:5000])
    shutil.copyfile(folder / "model.onnx", folder / "model.fp16.onnx")
    made, warnings = import_onnx(folder, tmp_path / "bundle", NAME, preset=preset)
    assert made.manifest.precisions == ["fp32"]
    assert sorted(warning.split()[0] for warning in warnings) == ["Left", "model.fp16.onnx"]


@pytest.mark.slow
@pytest.mark.long
def test_external_weights(published: dict[str, Path], bundle: Bundle, preset: str, tmp_path: Path) -> None:
    folder = copy_of(published["onnx-asr"], tmp_path / "files")
    (folder / "model.int8.onnx").unlink()
    published_onnx.with_external_weights(folder / "model.onnx")
    made, _ = import_onnx(folder, tmp_path / "bundle", NAME, preset=preset)
    assert "model.onnx_data" in {asset.file for asset in made.manifest.assets}
    assert (made.folder / "model.fp32.onnx").stat().st_size < 2**20
    assert weights_bytes(made) > (made.folder / "model.onnx_data").stat().st_size > 2**20
    assert texts(made, "fp32") == texts(bundle, "fp32")
    (folder / "model.onnx_data").unlink()
    with pytest.raises(CorruptModel, match=r"model\.onnx"):
        import_onnx(folder, tmp_path / "other", NAME, preset=preset)


@pytest.mark.slow
def test_clips_run_alone_where_padding_leaks(published: dict[str, Path], preset: str, tmp_path: Path) -> None:
    folder = copy_of(published["onnx-asr"], tmp_path / "files")
    (folder / "model.int8.onnx").unlink()
    published_onnx.leaking_model(folder / "model.onnx")
    made, _ = import_onnx(folder, tmp_path / "bundle", NAME, preset=preset)
    assert not made.manifest.acoustic.batched
    (found,) = check_consistency(made, threads=1)
    assert found.max_batch_delta == 0
    clips = made_up_features(made, (2, 7))
    together = LocalAcoustic(made, threads=1, max_padding=0.99)
    assert together.groups(clips) == [[0], [1]]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["a batch of one", "another output before"])
def test_graphs_of_other_exporters(published: dict[str, Path], preset: str, tmp_path: Path, kind: str) -> None:
    """A graph that takes one clip only was said to take batches: each of them failed, and ran again clip by clip."""
    folder = copy_of(published["onnx-asr"], tmp_path / "files")
    (folder / "model.int8.onnx").unlink()
    model = onnx.load(str(folder / "model.onnx"))
    if kind == "a batch of one":
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_value = 1
    else:
        hidden = onnx.helper.make_tensor_value_info(model.graph.node[-1].input[0], 1, ["batch", "steps", "classes"])
        model.graph.output.insert(0, hidden)
    published_onnx.save(model, folder / "model.onnx")
    made, _ = import_onnx(folder, tmp_path / "bundle", NAME, preset=preset)
    assert made.manifest.acoustic.batched == (kind != "a batch of one")
    assert made.manifest.acoustic.log_probs_output == "logprobs"


def spoil(folder: Path, kind: str) -> None:  # noqa: C901, PLR0912  (a case for each kind)
    model = folder / "model.onnx"
    config = json.loads((folder / "config.json").read_text())
    tokens = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    match kind:
        case "web page":
            model.write_text("<!DOCTYPE html><html></html>")
        case "truncated":
            model.write_bytes(model.read_bytes()[:100_000])
        case "no vocabulary":
            (folder / "vocab.txt").unlink()
        case "wrong class count":
            (folder / "vocab.txt").write_text("\n".join(tokens[:100]) + "\n<blk> 100\n", encoding="utf-8")
        case "subsampling":
            (folder / "config.json").write_text(json.dumps(config | {"subsampling_factor": 8}))
        case "mel bands":
            (folder / "config.json").write_text(json.dumps(config | {"features_size": 128}))
        case "another family":
            (folder / "config.json").write_text(json.dumps(config | {"model_type": "wav2vec2"}))
        case "config":
            (folder / "config.json").write_text("{")
        case "normalisation":
            published_onnx.with_metadata(model, normalize_type="NA")
        case "transducer by metadata":
            published_onnx.with_metadata(model, model_type="EncDecRNNTBPEModel")
        case "features in metadata":
            published_onnx.with_metadata(model, features='{"sample_rate": 16000}')
        case "transducer":
            model.rename(folder / "encoder-model.onnx")
            (folder / "decoder_joint-model.onnx").write_bytes(b"joint")
        case "several":
            shutil.copyfile(model, folder / "model.fp32.onnx")
        case "empty":
            model.unlink()
        case "logits":
            graph = onnx.load(str(model))
            last = graph.graph.node[-1]
            assert last.op_type == "LogSoftmax"
            last.op_type = "Identity"
            del last.attribute[:]
            published_onnx.save(graph, model)
        case "encoder alone":
            published_onnx.nemo_pair(folder / "pair")
            shutil.copyfile(folder / "pair" / "encoder-model.onnx", model)


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("web page", NotAModelFile, "model.onnx"),
        ("truncated", CorruptModel, "model.onnx"),
        ("no vocabulary", CorruptModel, "vocabulary"),
        ("wrong class count", CorruptModel, "101 entries.*129 classes"),
        ("subsampling", CorruptModel, "subsampling_factor 8"),
        ("mel bands", CorruptModel, "128"),
        ("another family", UnsupportedModel, "wav2vec2"),
        ("config", CorruptModel, "config.json"),
        ("normalisation", UnsupportedModel, "NA"),
        ("transducer by metadata", UnsupportedModel, "EncDecRNNTBPEModel"),
        ("transducer", UnsupportedModel, "transducer"),
        ("several", SourceUnavailable, "leave one"),
        ("empty", SourceUnavailable, "no model that can be used"),
        ("logits", UnsupportedModel, "log-probabilities"),
        ("encoder alone", UnsupportedModel, "log-probabilities"),
    ],
)
def test_files_that_do_not_fit(
    published: dict[str, Path], preset: str, tmp_path: Path, kind: str, error: type[HindiSTTError], said: str
) -> None:
    folder = copy_of(published["onnx-asr"], tmp_path / "files")
    (folder / "model.int8.onnx").unlink()
    spoil(folder, kind)
    with pytest.raises(error, match=said):
        import_onnx(folder, tmp_path / "bundle", NAME, preset=preset)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.slow
def test_presets_that_do_not_fit(published: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match=r"nemo-128-mel has 128 mel bands, but the model takes 80"):
        import_onnx(published["onnx-asr"], tmp_path / "bundle", NAME, preset="nemo-128-mel")
    with pytest.raises(InvalidRequest, match="nemo-80-mel"):
        import_onnx(published["onnx-asr"], tmp_path / "bundle", NAME, preset="nemo")


def test_features_in_metadata_that_are_wrong(published: dict[str, Path], tmp_path: Path) -> None:
    folder = copy_of(published["sherpa-onnx"], tmp_path / "files")
    published_onnx.with_metadata(folder / "model.int8.onnx", features='{"sample_rate": 16000}')
    with pytest.raises(FeaturesUnknown, match="window_samples"):
        import_onnx(folder, tmp_path / "bundle", NAME)


def test_a_pair_without_the_package_that_joins_it(
    published: dict[str, Path], preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ExportEnvironmentMissing, match="onnx"):
        import_onnx(published["nemo-pair"], tmp_path / "bundle", NAME, preset=preset)


def test_a_pair_that_does_not_fit_together(published: dict[str, Path], preset: str, tmp_path: Path) -> None:
    folder = copy_of(published["nemo-pair"], tmp_path / "files")
    shutil.copyfile(folder / "encoder-model.onnx", folder / "decoder-model.onnx")
    with pytest.raises(UnsupportedModel, match=r"decoder-model\.onnx"):
        import_onnx(folder, tmp_path / "bundle", NAME, preset=preset)
