"""AI4Bharat's ONNX release for several languages becomes bundles of one language each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from hindi_stt.bundle.forms import Form, has_openvino
from hindi_stt.bundle.manifest import WEIGHTS_ROLE, Bundle, Identity
from hindi_stt.catalogue.ready_onnx import import_onnx
from hindi_stt.errors import CorruptModel, HindiSTTError, LanguageNotInModel, NotAModelFile
from hindi_stt.evaluation.consistency import made_up_features
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.run import transcribe_all
from hindi_stt.inference.acoustic import LocalAcoustic, weights_bytes
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.indic_release import CONSTANT, make_release
from tests.support.published_onnx import copy_of

PRESET = "nemo-80-mel-2.5"  # the embedded model's features
RECORDINGS = ("rain.flac", "family.flac")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("release") / "repository")


@pytest.fixture(scope="module")
def made(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    root = tmp_path_factory.mktemp("made")
    return {
        code: import_onnx(release.parent, root / code, Identity("release", code, "MIT"), preset=PRESET)[0]
        for code in ("hi", "sat")
    }


def texts(bundle: Bundle) -> list[str]:
    pipeline = Pipeline(bundle, Settings(model="", language_model="none"))
    acoustic = LocalAcoustic(bundle, threads=1, precision="fp32")
    return list(transcribe_all(pipeline, acoustic, [Utterance(DATA / name, "") for name in RECORDINGS], label="").texts)


@pytest.mark.slow
def test_one_language_is_the_embedded_model(made: dict[str, Bundle], bundle: Bundle) -> None:
    hindi = made["hi"]
    assert hindi.tokens == bundle.tokens
    assert hindi.manifest.acoustic == bundle.manifest.acoustic.model_copy(update={"batched": False})
    clips = made_up_features(bundle, (1, 4, 9))
    acoustics = [LocalAcoustic(one, threads=1, precision="fp32") for one in (hindi, bundle)]
    for clip in clips:
        found, expected = (acoustic([clip])[0] for acoustic in acoustics)
        assert not isinstance(found, HindiSTTError)
        assert not isinstance(expected, HindiSTTError)
        assert np.abs(found.values - expected.values).max() < 1e-4
        assert np.abs(np.exp(found.values).sum(axis=1) - 1).max() < 1e-5
    assert acoustics[0].groups(clips) == [[0], [1], [2]]
    assert all(texts(bundle))
    assert texts(hindi) == texts(bundle)


@pytest.mark.slow
def test_languages_share_the_encoder(made: dict[str, Bundle]) -> None:
    shared = [
        [asset.sha256 for asset in bundle.manifest.assets if asset.role == WEIGHTS_ROLE] for bundle in made.values()
    ]
    assert len(shared[0]) == 1
    assert shared[0] == shared[1]
    assert made["hi"].path("acoustic", "fp32").stat().st_size < 2**20
    assert weights_bytes(made["hi"]) > 2**20
    graph = onnx.load(str(made["hi"].path("acoustic", "fp32")), load_external_data=False).graph
    constants = [node for node in graph.node if node.op_type == "Constant"]
    assert not any(attribute.t.external_data for node in constants for attribute in node.attribute)
    assert made["sat"].tokens != made["hi"].tokens


@pytest.mark.slow
@pytest.mark.skipif(not has_openvino(), reason="the package openvino is not installed")
def test_openvino_reads_the_weights(made: dict[str, Bundle]) -> None:
    (clip,) = made_up_features(made["hi"], (4,))
    forms = [Form("onnxruntime", "fp32"), Form("openvino", "fp32")]
    found, expected = (LocalAcoustic(made["hi"], threads=1, form=form)([clip])[0] for form in forms)
    assert not isinstance(found, HindiSTTError)
    assert not isinstance(expected, HindiSTTError)
    assert np.abs(found.values - expected.values).max() < 1e-3


@pytest.mark.slow
def test_links_as_in_the_hubs_cache(release: Path, made: dict[str, Bundle], tmp_path: Path) -> None:
    for file in release.iterdir():
        (tmp_path / "links").mkdir(exist_ok=True)
        (tmp_path / "links" / file.name).symlink_to(file)
    again, warnings = import_onnx(
        tmp_path / "links", tmp_path / "bundle", Identity("release", "hi", "MIT"), preset=PRESET
    )
    assert warnings == ()
    assert again.manifest == made["hi"].manifest


def test_a_language_that_it_lacks(release: Path, tmp_path: Path) -> None:
    with pytest.raises(LanguageNotInModel, match="no language 'ta'; it has sat, hi, as"):
        import_onnx(release, tmp_path / "bundle", Identity("release", "ta", "MIT"), preset=PRESET)
    assert not (tmp_path / "bundle").exists()


def change_json(file: Path, change: Callable[[dict[str, list[object]]], None]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def spoil(folder: Path, kind: str) -> None:  # noqa: C901, PLR0912  (a case for each kind)
    vocabulary, masks = folder / "vocab.json", folder / "language_masks.json"
    match kind:
        case "no weights":
            (folder / CONSTANT).unlink()
        case "short weights":
            (folder / CONSTANT).write_bytes((folder / CONSTANT).read_bytes()[:-4])
        case "outside" | "short place":
            encoder = onnx.load(str(folder / "encoder.onnx"), load_external_data=False)
            tensor = next(one for one in encoder.graph.initializer if one.external_data)
            if kind == "outside":
                tensor.external_data[0].value = f"../{tensor.external_data[0].value}"
            else:
                entry = tensor.external_data.add()
                entry.key, entry.value = "offset", "1000000000"
            (folder / "encoder.onnx").write_bytes(encoder.SerializeToString())
        case "no masks":
            masks.unlink()
        case "no vocabulary":
            vocabulary.unlink()
        case "no language in the vocabulary":
            change_json(vocabulary, lambda content: content.pop("hi"))  # type: ignore[arg-type, return-value]
        case "pieces":
            change_json(vocabulary, lambda content: content["hi"].pop())  # type: ignore[arg-type, return-value]
        case "repeated pieces":
            change_json(vocabulary, lambda content: content["hi"].__setitem__(5, content["hi"][6]))
        case "blank":
            change_json(masks, lambda content: content["hi"].append(False))
        case "classes":
            change_json(masks, lambda content: [mask.insert(0, False) for mask in content.values()])  # type: ignore[arg-type, return-value]
        case "no booleans":
            change_json(masks, lambda content: content.update(hi=[0, 1, 2]))
        case "a page":
            vocabulary.write_text("<html></html>")
        case "no decoder":
            (folder / "ctc_decoder.onnx").unlink()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("no weights", f"{CONSTANT} is missing"),
        ("short weights", "model.onnx"),
        ("outside", "outside the model's folder"),
        ("short place", "bytes, but the weights"),
        ("no masks", "language_masks.json is missing"),
        ("no vocabulary", "vocab.json is missing"),
        ("no language in the vocabulary", "no list of pieces for hi"),
        ("pieces", "129 classes in language_masks.json, but 128"),
        ("repeated pieces", "one twice"),
        ("blank", "the blank, is not one of hi"),
        ("classes", "386 classes.*385"),
        ("no booleans", "not a list of booleans"),
    ],
)
def test_files_that_do_not_fit(release: Path, tmp_path: Path, kind: str, said: str) -> None:
    folder = copy_of(release, tmp_path / "assets")
    spoil(folder, kind)
    with pytest.raises(CorruptModel, match=said):
        import_onnx(folder, tmp_path / "bundle", Identity("release", "hi", "MIT"), preset=PRESET)
    assert not (tmp_path / "bundle").exists()


def test_a_page_instead_of_a_file(release: Path, tmp_path: Path) -> None:
    folder = copy_of(release, tmp_path / "assets")
    spoil(folder, "a page")
    with pytest.raises(NotAModelFile, match="web page"):
        import_onnx(folder, tmp_path / "bundle", Identity("release", "hi", "MIT"), preset=PRESET)
    assert not (tmp_path / "bundle").exists()


def test_the_transducer_alone(release: Path, tmp_path: Path) -> None:
    folder = copy_of(release, tmp_path / "assets")
    spoil(folder, "no decoder")
    with pytest.raises(HindiSTTError, match=r"transducer \(joint_enc\.onnx\) and no CTC head"):
        import_onnx(folder, tmp_path / "bundle", Identity("release", "hi", "MIT"), preset=PRESET)
