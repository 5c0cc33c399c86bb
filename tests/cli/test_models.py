"""hindi-stt models, with a model store of its own."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.cli.main import main
from tests.support.bundles import sibling
from tests.support.cli import environment, hindi_stt
from tests.support.speaker_model import write_speaker_bundle

MODULES_UNDER_TEST = (
    "hindi_stt/bundle/manifest.py",
    "hindi_stt/bundle/store.py",
    "hindi_stt/evaluation/consistency.py",
)

SAVE = """
import sys
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import Bundle
for folder in sys.argv[1:]:
    store.save(Bundle.open(folder))
"""

SAVE_SPEAKERS = """
import sys
from hindi_stt.bundle import store
from hindi_stt.bundle.speakers import SpeakerBundle
store.save(SpeakerBundle.open(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the embedded model and one for another language."""
    folder: Path = tmp_path_factory.mktemp("home")
    sibling(folder / "tamil", "tamil", "ta")
    folders = [str(EMBEDDED), str(folder / "tamil")]
    subprocess.run([sys.executable, "-c", SAVE, *folders], env=environment(folder), check=True)
    return folder


def test_list_show_and_remove(home: Path) -> None:
    embedded, other = Bundle.open(EMBEDDED), Bundle.open(home / "tamil")
    commands = [["list"], ["show", other.tag], ["remove", other.tag], ["list"], ["remove", other.tag]]
    listed, shown, removed, left, gone = hindi_stt(*(["models", *command] for command in commands), home=home)

    rows = {row[0]: row for row in (line.split("\t") for line in listed[1].splitlines())}
    assert set(rows) == {embedded.tag, other.tag}
    assert rows[embedded.tag][1:4] == [",".join(embedded.manifest.precisions), "hi", embedded.manifest.licence]
    assert rows[other.tag][2] == "ta"
    assert json.loads(shown[1])["manifest"]["name"] == "tamil"
    assert removed == (0, "", "")
    assert [line.split("\t")[0] for line in left[1].splitlines()] == [embedded.tag]
    assert [status for status, _, _ in (listed, shown, left, gone)] == [0, 0, 0, 1]
    assert other.tag in gone[2]
    assert "[model_not_found]" in gone[2]


def _end_the_manifest_early(folder: Path) -> None:
    manifest = folder / "bundle.json"
    manifest.write_bytes(manifest.read_bytes()[:200])


def _change_a_byte(folder: Path) -> None:
    weights = next(folder.glob("*.onnx"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        _end_the_manifest_early,
        _change_a_byte,
        lambda folder: next(folder.glob("*.onnx")).unlink(),
        pytest.param(lambda folder: (folder / "model.yaml").write_text("{:::"), marks=pytest.mark.long),
        pytest.param(lambda folder: (folder / "model.yaml").unlink(), marks=pytest.mark.long),
    ],
    ids=["manifest", "weights", "file missing", "entry of BentoML", "entry missing"],
)
def test_a_damaged_bundle_is_named_and_the_others_are_listed(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """The first of three is damaged; the last is listed after the acoustic models, since it is one for speakers."""
    damaged = sibling(tmp_path / "a-damaged", "a-damaged", "ta")
    whole = sibling(tmp_path / "whole", "whole", "bn")
    speakers = write_speaker_bundle(tmp_path / "voices", name="voices")
    folders = [str(damaged.folder), str(whole.folder)]
    subprocess.run([sys.executable, "-c", SAVE, *folders], env=environment(tmp_path), check=True)
    subprocess.run([sys.executable, "-c", SAVE_SPEAKERS, str(speakers.folder)], env=environment(tmp_path), check=True)
    damage(tmp_path / "bentoml" / "models" / "a-damaged" / damaged.version)

    commands = [["list"], ["remove", damaged.tag], ["list"]]
    listed, removed, left = hindi_stt(*(["models", *command] for command in commands), home=tmp_path)
    assert [line.split("\t")[0] for line in listed[1].splitlines()] == [whole.tag, speakers.tag]
    assert listed[0] == 1
    # BentoML's log of what it cannot parse may be there, too.
    (complaint,) = (line for line in listed[2].splitlines() if line.startswith("hindi-stt: "))
    assert complaint.startswith(f"hindi-stt: {damaged.tag}: ")
    assert "[bundle_invalid]" in complaint
    assert "models remove" in complaint
    assert removed == (0, "", "")
    assert (left[0], left[2]) == (0, "")
    assert left[1] == listed[1]


@pytest.mark.slow
def test_a_damaged_speaker_bundle_is_named(tmp_path: Path) -> None:
    whole = sibling(tmp_path / "whole", "whole", "bn")
    speakers = write_speaker_bundle(tmp_path / "voices", name="voices")
    subprocess.run([sys.executable, "-c", SAVE, str(whole.folder)], env=environment(tmp_path), check=True)
    subprocess.run([sys.executable, "-c", SAVE_SPEAKERS, str(speakers.folder)], env=environment(tmp_path), check=True)
    _change_a_byte(tmp_path / "bentoml" / "models" / "voices" / speakers.version)
    ((status, listed, complaint),) = hindi_stt(["models", "list"], home=tmp_path)
    assert status == 1
    assert [line.split("\t")[0] for line in listed.splitlines()] == [whole.tag]
    assert complaint.startswith(f"hindi-stt: {speakers.tag}: ")


def test_a_folder_is_shown_and_never_removed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", str(EMBEDDED)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["manifest"] == json.loads((EMBEDDED / "bundle.json").read_text()) | shown["manifest"]
    assert main(["models", "remove", str(EMBEDDED)]) == 1
    assert "is a folder" in capsys.readouterr().err
    assert EMBEDDED.is_dir()


@pytest.mark.slow
@pytest.mark.slow
def test_verify_a_bundle_and_a_broken_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify", str(EMBEDDED)]) == 0
    first, _, found = capsys.readouterr().out.partition("\n")
    manifest = Bundle.open(EMBEDDED).manifest
    assert f"{len(manifest.assets)} files" in first
    assert {one["precision"] for one in json.loads(found)} == set(manifest.precisions)
    assert all(one["sound"] for one in json.loads(found))

    broken = sibling(tmp_path / "broken", "broken", "hi")
    asset = broken.folder / broken.manifest.assets[0].file
    content = bytearray(asset.read_bytes())
    content[len(content) // 2] ^= 1
    asset.write_bytes(content)
    assert main(["models", "verify", str(broken.folder)]) == 1
    assert "[bundle_invalid]" in capsys.readouterr().err


def test_a_punctuation_model_that_cannot_be_used_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the package tokenizers, or with it: the files are no model. One that works: tests/oracle."""
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    arguments = ["add-punctuation", EMBEDDED, tmp_path / "model.onnx", tmp_path / "tokenizer.json", "--marks", '[""]']
    assert main(["models", *map(str, arguments), "--output", str(tmp_path / "new")]) == 1
    said = capsys.readouterr().err
    assert "[bundle_invalid]" in said
    assert ("pip install tokenizers" in said) is (importlib.util.find_spec("tokenizers") is None)
    assert not (tmp_path / "new").exists()
