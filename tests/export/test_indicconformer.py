"""A multilingual .nemo file, made without AI4Bharat's fork, through the exporter; the fork itself: tests/oracle."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml

from hindi_stt.bundle.manifest import WEIGHTS_ROLE, Bundle
from hindi_stt.errors import CorruptModel, HindiSTTError, LanguageNotInModel
from hindi_stt.inference.acoustic import LocalAcoustic
from tests.export.archives import write_tar
from tests.support.exporting import TOLERANCE, export_to
from tests.support.indic_models import pieces_of, random_archive, train_tokenizers

pytestmark = pytest.mark.oracle

CODES = ("gu", "hi", "bn", "ta")
N_PIECES = 64


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return train_tokenizers(CODES, N_PIECES, tmp_path_factory.mktemp("tokenizers"))


@pytest.fixture(scope="module")
def file(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_archive(folders, tmp_path_factory.mktemp("nemo") / "multilingual.nemo")


@pytest.fixture(scope="module")
def bundles(file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    root = tmp_path_factory.mktemp("bundles")
    return {code: export_to(file, root / code, language=code)[0] for code in ("hi", "ta")}


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def expected_log_probs(file: Path, bundle: Bundle, place: int) -> list[np.ndarray]:
    """NeMo's encoder, the head for all languages, one language's columns, and only then the softmax."""
    import torch

    from hindi_stt.evaluation.consistency import made_up_features
    from hindi_stt.export.rebuild import rebuild

    state = torch.load(io.BytesIO(members(file)["./model_weights.ckpt"]), weights_only=True)
    model = rebuild(bundle.folder)
    model.encoder.load_state_dict({k[8:]: v for k, v in state.items() if k.startswith("encoder.")}, strict=True)
    weight, bias = (state[f"ctc_decoder.decoder_layers.0.{part}"] for part in ("weight", "bias"))
    mask = torch.zeros(len(CODES) * N_PIECES + 1, dtype=torch.bool)
    mask[place * N_PIECES : (place + 1) * N_PIECES] = True
    mask[-1] = True
    found = []
    for clip in made_up_features(bundle, (1, 3, 8)):
        with torch.inference_mode():
            signal = torch.from_numpy(clip.values.copy())[None]
            encoded, n = model.encoder(audio_signal=signal, length=torch.tensor([clip.n_frames]))
            logits = torch.nn.functional.conv1d(encoded, weight, bias)[0].T[: int(n[0])]
            found.append(torch.log_softmax(logits[:, mask], dim=1).numpy())
    return found


@pytest.mark.parametrize("code", ["hi", "ta"])
def test_same_function(file: Path, folders: dict[str, Path], bundles: dict[str, Bundle], code: str) -> None:
    from hindi_stt.evaluation.consistency import made_up_features

    bundle = bundles[code]
    assert bundle.manifest.language == code
    assert bundle.manifest.acoustic.n_classes == N_PIECES + 1
    assert list(bundle.tokens[:-1]) == pieces_of(folders)[code]
    assert bundle.manifest.features.stft_pad_mode == "reflect"
    acoustic = LocalAcoustic(bundle, threads=1, precision="fp32")
    results = acoustic(made_up_features(bundle, (1, 3, 8)))
    for result, expected in zip(results, expected_log_probs(file, bundle, CODES.index(code)), strict=True):
        assert not isinstance(result, HindiSTTError)
        assert np.abs(result.values - expected).max() < TOLERANCE


def test_languages_have_equal_files_of_weights(bundles: dict[str, Bundle]) -> None:
    weights = [
        {asset.name: asset.sha256 for asset in bundle.manifest.assets if asset.role == WEIGHTS_ROLE}
        for bundle in bundles.values()
    ]
    assert set(weights[0]) == {"fp32:encoder.fp32.weights", "int8:encoder.int8.weights"}
    assert weights[0] == weights[1]
    for bundle in bundles.values():
        for precision in bundle.manifest.precisions:
            graph = onnx.load(str(bundle.path("acoustic", precision)), load_external_data=False).graph
            inside = [one for one in graph.initializer if one.data_location != onnx.TensorProto.EXTERNAL]
            assert all(len(one.raw_data) < 1024 for one in inside if not one.name.startswith("decoder."))


def test_refreshed(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """The weights stay in their file."""
    from hindi_stt.export.refresh import refresh

    refreshed, _ = refresh(bundles["hi"], tmp_path / "refreshed")
    assert [asset.file for asset in refreshed.manifest.assets] == [a.file for a in bundles["hi"].manifest.assets]
    sizes = [b.path("acoustic", "fp32").stat().st_size for b in (bundles["hi"], refreshed)]
    assert sizes[1] < sizes[0] * 1.1


def test_a_language_that_it_lacks(file: Path, tmp_path: Path) -> None:
    with pytest.raises(LanguageNotInModel, match="'en'; it has gu, hi, bn, ta"):
        export_to(file, tmp_path, language="en")
    assert not (tmp_path / "bundle").exists()


def _without_tokenizer(files: dict[str, bytes]) -> None:
    del files["./hi0123_tokenizer.model"]


def _with_another_tokenizer(files: dict[str, bytes]) -> None:
    files["./hi0123_tokenizer.model"] = files["./ta0123_tokenizer.model"]


def _with_sorted_languages(files: dict[str, bytes]) -> None:
    """As a tool writes it that sorts keys: the places of the languages no longer fit the pieces."""
    config = yaml.safe_load(files["./model_config.yaml"])
    files["./model_config.yaml"] = yaml.safe_dump(config, allow_unicode=True, sort_keys=True).encode()


def _with_a_small_head(files: dict[str, bytes]) -> None:
    import torch

    state = torch.load(io.BytesIO(files["./model_weights.ckpt"]), weights_only=True)
    for part in ("weight", "bias"):
        key = f"ctc_decoder.decoder_layers.0.{part}"
        state[key] = state[key][: N_PIECES + 1].clone()
    written = io.BytesIO()
    torch.save(state, written)
    files["./model_weights.ckpt"] = written.getvalue()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_without_tokenizer, "hi0123_tokenizer.model"),
        (_with_another_tokenizer, "pieces are not"),
        (_with_sorted_languages, "pieces are not"),
        (_with_a_small_head, r"\[65, 64, 1\].*257 rows"),
    ],
)
def test_archives_that_do_not_fit(
    file: Path, tmp_path: Path, spoil: Callable[[dict[str, bytes]], None], said: str
) -> None:
    files = members(file)
    spoil(files)
    with pytest.raises(CorruptModel, match=said):
        export_to(write_tar(tmp_path / "spoilt.nemo", files), tmp_path)
    assert not (tmp_path / "bundle").exists()
