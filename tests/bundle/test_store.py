"""The model store after a process that was ended while it wrote a bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED, MANIFEST_FILE, WEIGHTS_ROLE, Bundle
from hindi_stt.bundle.speakers import SpeakerBundle
from tests.support.speaker_model import write_speaker_bundle

SAVE = """
import sys
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.speakers import SpeakerBundle, is_speaker_bundle
from pathlib import Path
speakers = is_speaker_bundle(Path(sys.argv[1]))
if len(sys.argv) > 2:
    import bentoml._internal.models.model as model
    whole = model.shutil.copytree
    def interrupted(source, target, **options):
        whole(source, target, **options)
        for path in Path(target).glob(sys.argv[2]):
            path.unlink()
        raise KeyboardInterrupt
    model.shutil.copytree = interrupted
tag = store.save((SpeakerBundle if speakers else Bundle).open(sys.argv[1]))
(store.load_speakers if speakers else store.load)(tag)
print(tag, store.tags(), store.speaker_tags())
"""


def save(home: Path, *arguments: str, folder: Path = EMBEDDED) -> subprocess.CompletedProcess[str]:
    return run(home, SAVE, str(folder), *arguments)


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BENTOML_HOME": str(home)}
    arguments = [sys.executable, "-c", *command]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120, check=False)


def entries(home: Path, bundle: Bundle | SpeakerBundle) -> list[str]:
    folder = home / "models" / bundle.manifest.name
    return sorted(path.name for path in folder.iterdir() if path.name != "latest") if folder.is_dir() else []


@pytest.mark.slow
def test_an_interrupted_save_leaves_nothing(tmp_path: Path, bundle: Bundle) -> None:
    assert save(tmp_path, "*.onnx").returncode != 0
    assert entries(tmp_path, bundle) == []
    done = save(tmp_path)
    assert done.returncode == 0, done.stderr
    assert bundle.tag in done.stdout


@pytest.mark.slow
def test_a_speaker_bundle_is_saved_as_others_are(tmp_path: Path) -> None:
    bundle = write_speaker_bundle(tmp_path / "made")
    assert save(tmp_path, "*.onnx", folder=bundle.folder).returncode != 0
    assert entries(tmp_path, bundle) == []
    for _ in range(2):  # the second time it is there already
        done = save(tmp_path, folder=bundle.folder)
        assert done.stdout.strip() == f"{bundle.tag} [] ['{bundle.tag}']", done.stderr
    stored = tmp_path / "models" / bundle.manifest.name / bundle.version
    assert sorted(path.name for path in stored.iterdir()) == ["bundle.json", "m.onnx", "model.yaml"]
    assert "licence: CC0-1.0" in (stored / "model.yaml").read_text()


REMOVE = """
import sys
from hindi_stt.bundle import store
store.remove(sys.argv[1])
"""


@pytest.mark.slow
def test_a_damaged_bundle_can_be_removed(tmp_path: Path, bundle: Bundle) -> None:
    speakers = write_speaker_bundle(tmp_path / "made")
    for one in (bundle, speakers):
        assert save(tmp_path, folder=one.folder).returncode == 0
        stored = tmp_path / "models" / one.manifest.name / one.version
        next(stored.glob("*.onnx")).unlink()
        done = run(tmp_path, REMOVE, one.tag)
        assert done.returncode == 0, done.stderr
        assert entries(tmp_path, one) == []


@pytest.mark.slow
def test_what_is_no_bundle_is_not_removed(tmp_path: Path) -> None:
    other = "import bentoml\nwith bentoml.models.create('other:1') as model: pass"
    assert run(tmp_path, other).returncode == 0
    for tag in ("other:1", "missing:1"):
        done = run(tmp_path, REMOVE, tag)
        assert "ModelNotFound" in done.stderr
    assert (tmp_path / "models" / "other" / "1").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["model.fp32.onnx", "bundle.json", "model.yaml"])
def test_what_a_killed_process_has_left_is_replaced(tmp_path: Path, bundle: Bundle, missing: str) -> None:
    assert save(tmp_path).returncode == 0
    (tmp_path / "models" / bundle.manifest.name / bundle.version / missing).unlink()
    done = save(tmp_path)
    assert done.returncode == 0, done.stderr
    assert entries(tmp_path, bundle) == [bundle.version]


def test_a_folder_without_anything(tmp_path: Path, bundle: Bundle) -> None:
    """Killed right after BentoML made the folder of the version."""
    assert save(tmp_path).returncode == 0
    folder = tmp_path / "models" / bundle.manifest.name / bundle.version
    shutil.rmtree(folder)
    folder.mkdir()
    done = save(tmp_path)
    assert done.returncode == 0, done.stderr


SAVE_ALL = """
import sys
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import Bundle
for folder in sys.argv[1:]:
    print(store.save(Bundle.open(folder)))
"""


def of_a_language(bundle: Bundle, language: str, weights: Path, folder: Path) -> Path:
    """A bundle of a model for several languages, whose weights lie in a file of their own."""
    made = bundle.copy_with(folder, [(WEIGHTS_ROLE, "fp32:encoder.weights", "encoder.weights", weights)])
    manifest = made.manifest.model_copy(update={"name": f"model-{language}", "language": language})
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_equal_weights_are_one_file(tmp_path: Path, bundle: Bundle) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(os.urandom(4096))
    folders = [of_a_language(bundle, code, weights, tmp_path / code) for code in ("hi", "ta", "bn")]

    def save_all(*folders: Path) -> list[str]:
        return run(tmp_path / "home", SAVE_ALL, *map(str, folders)).stdout.split()

    tags = save_all(*folders[:2])
    first, second = ((tmp_path / "home" / "models").joinpath(*tag.split(":")) / "encoder.weights" for tag in tags)
    assert first.samefile(second)
    assert first.stat().st_nlink == 2, "the file that was saved is no part of it"
    assert not first.with_name("model.fp32.onnx").samefile(second.with_name("model.fp32.onnx"))

    first.unlink()
    first.write_bytes(b"damaged")
    (third,) = save_all(folders[2])
    path = (tmp_path / "home" / "models").joinpath(*third.split(":"))
    assert (path / "encoder.weights").samefile(second)
    Bundle.open(path)
    assert sorted(one.name for one in path.iterdir() if one.name.endswith(".link")) == []
