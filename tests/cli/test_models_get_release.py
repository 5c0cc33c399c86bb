"""hindi-stt models get for AI4Bharat's ONNX release of several languages, from a stand-in for the hub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.support.indic_release import CONSTANT, make_release
from tests.support.model_hub import ModelHub

PROGRAM = Path(sys.executable).with_name("hindi-stt")
TEXT = "आज सुबह से बारिश हो रही है"
CATALOGUE = """
[release]
title = "Three languages"
publisher = "Us"
source = "hub:us/release"
page = "https://hub.example/us/release"
licence = "MIT"
licence_url = "https://hub.example/us/release/licence"
gated = true
language = "hi"
becomes = "onnx"
preset = "nemo-80-mel-2.5"
folder = "assets"
[release.files."{constant}"]
bytes = {n_bytes}
"""


@dataclass(frozen=True)
class Shell:
    """A home of its own, with a catalogue whose model is on the stand-in."""

    home: Path
    hub: ModelHub

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HINDI_STT_", "BENTOML_", "HF_"))}
        kept |= {
            "BENTOML_HOME": str(self.home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "HINDI_STT_MODEL_HUB": self.hub.url,
            "HINDI_STT_MODEL_CATALOGUE": str(self.home / "models.toml"),
        }
        return subprocess.run(
            [str(PROGRAM), *arguments], env=kept | environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=300, check=False,
        )  # fmt: skip

    def get(self, *arguments: str, token: str = "ours") -> subprocess.CompletedProcess[str]:
        return self.run("models", "get", *arguments, "--downloads", str(self.home / "downloads"), HF_TOKEN=token)

    def weights(self, tag: str) -> Path:
        (file,) = (self.home / "bentoml" / "models").joinpath(*tag.split(":")).glob("*.data")
        return file


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    repository = tmp_path_factory.mktemp("release") / "repository"
    make_release(repository)
    return {str(path.relative_to(repository)): path.read_bytes() for path in repository.rglob("*") if path.is_file()}


@pytest.fixture
def shell(tmp_path: Path, files: dict[str, bytes]) -> Iterator[Shell]:
    with ModelHub() as hub:
        hub.publish("us/release", files)
        hub.gated["us/release"] = "ours"
        text = CATALOGUE.format(constant=CONSTANT, n_bytes=len(files[f"assets/{CONSTANT}"]))
        (tmp_path / "models.toml").write_text(text)
        yield Shell(tmp_path, hub)


@pytest.mark.slow
def test_two_languages_from_a_name(shell: Shell) -> None:
    done = shell.get("release", "--accept-licence")
    assert done.returncode == 0, done.stderr
    tag = done.stdout.strip()
    assert tag.startswith("release:")
    taken = {path.name for path in (shell.home / "downloads").rglob("*") if path.is_file()}
    assert {"encoder.onnx", "ctc_decoder.onnx", "vocab.json", "language_masks.json", CONSTANT} <= taken
    assert not {"rnnt_decoder.onnx", "joint_enc.onnx", "preprocessor.ts", "model_onnx.py", "config.json"} & taken
    assert shell.run("transcribe", str(DATA / "rain.flac"), "--model", tag).stdout == f"{TEXT}\n"

    downloaded = len(shell.hub.at_storage)
    other = shell.get("release", "--accept-licence", "--language", "sat")
    assert other.returncode == 0, other.stderr
    assert other.stdout.startswith("release-sat:")
    assert len(shell.hub.at_storage) == downloaded, "the files are there already"
    assert shell.weights(other.stdout.strip()).samefile(shell.weights(tag))
    assert shell.get("release", "--language", "sat").stdout == other.stdout


@pytest.mark.slow
def test_an_id_on_the_hub(shell: Shell) -> None:
    done = shell.get("us/release", "--preset", "nemo-80-mel-2.5", "--licence", "MIT", "--as", "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mine:")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("release", "--language", "ta"), "language_not_in_model", "it has sat, hi, as"),
        (("us/release",), "model_features_unknown", "--preset"),
    ],
)
def test_refused(shell: Shell, arguments: tuple[str, ...], code: str, said: str) -> None:
    done = shell.get(*arguments, "--accept-licence")
    assert done.returncode == 1
    assert f"[{code}]" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((shell.home / "bentoml").rglob("bundle.json"))


@pytest.mark.slow
def test_gated(shell: Shell) -> None:
    done = shell.get("release", "--accept-licence", token="")
    assert "[model_gated]" in done.stderr
    assert "us/release" in done.stderr


@pytest.mark.slow
def test_a_repository_with_another_layout(shell: Shell) -> None:
    for name in [name for name in shell.hub.files if name.endswith("language_masks.json")]:
        del shell.hub.files[name]
    done = shell.get("release", "--accept-licence")
    assert "[model_source_unavailable]" in done.stderr
    assert "assets/language_masks.json" in done.stderr
