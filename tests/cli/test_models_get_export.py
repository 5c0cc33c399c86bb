"""hindi-stt models get of what has to be exported, with random weights, to served transcripts: make oracle-export."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.support.model_hub import ModelHub
from tests.support.model_shell import Shell, refused
from tests.support.server import ROOT, Server

# The Python of the export environment; this process is one of the serving environment.
PYTHON = "HINDI_STT_TEST_EXPORT_PYTHON"
pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not os.environ.get(PYTHON), reason=f"{PYTHON} names none")]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with ModelHub() as hub:
        (tmp_path / "models.toml").touch()
        yield Shell(tmp_path, hub)


NEMO = """
import sys
from pathlib import Path
from omegaconf import OmegaConf
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.export.random_model import build_random_model
from tests.export.conftest import family_config
build_random_model(OmegaConf.create(family_config("conformer")), list(Bundle.open(EMBEDDED).tokens), Path(sys.argv[1]))
"""


def test_a_nemo_model(shell: Shell) -> None:
    """Exported in an environment of its own, with random weights; a file that is none is named."""
    python, file = os.environ[PYTHON], shell.home / "small.nemo"
    subprocess.run([python, "-W", "ignore", "-c", NEMO, file], cwd=ROOT, env=shell.environment, check=True)
    done = shell.get(str(file), "--export-python", python, "--licence", "Apache-2.0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("small:")
    assert '"texts_differ": 0' in shell.run("models", "show", done.stdout.strip()).stdout
    file.write_bytes(b"no archive")
    refused(shell.get(str(file), "--export-python", python), "corrupt_model")


INDICCONFORMER = """
import sys
from pathlib import Path
from tests.support.indic_models import random_archive, train_tokenizers
folder = Path(sys.argv[1])
random_archive(train_tokenizers(("gu", "hi", "bn", "ta"), 64, folder / "tokenizers"), folder / "several.nemo")
"""


def test_two_languages_of_a_nemo_model_from_the_hub_to_served_transcripts(shell: Shell) -> None:
    python, folder = os.environ[PYTHON], shell.home / "several"
    folder.mkdir()
    subprocess.run([python, "-W", "ignore", "-c", INDICCONFORMER, folder], cwd=ROOT, env=shell.environment, check=True)
    shell.hub.publish("us/several", {"several.nemo": (folder / "several.nemo").read_bytes()})
    options = ("--export-python", python, "--licence", "MIT")
    tags = []
    for code in ("hi", "ta"):
        done = shell.get("us/several", *options, "--language", code, "--as", f"several-{code}")
        assert done.returncode == 0, done.stderr
        tags.append(done.stdout.strip())
        assert tags[-1].startswith(f"several-{code}:")
    server = Server(shell.home, HINDI_STT_MODEL=tags[0], HINDI_STT_MODELS=tags[1])
    scripts = {"hi": "\u0900-\u097f", "ta": "\u0b80-\u0bff"}
    try:
        server.wait_until_ready()
        for code, letters in scripts.items():
            text = server.transcribe((DATA / "rain.flac").read_bytes(), data={"language": code}).json()["text"]
            assert re.fullmatch(f"[{letters} ]+", text), text
    finally:
        server.stop()
    assert "as" in refused(shell.get("us/several", *options, "--language", "as"), "language_not_in_model")


WAV2VEC2 = """
import sys
from pathlib import Path
from hindi_stt.export.wav2vec2.random_model import build_random_model
build_random_model("small-layer-norm", [chr(code) for code in range(0x0901, 0x094E)], Path(sys.argv[1]))
"""


def test_a_wav2vec2_model_from_the_hub_to_a_served_transcript(shell: Shell) -> None:
    python, folder = os.environ[PYTHON], shell.home / "source"
    subprocess.run([python, "-W", "ignore", "-c", WAV2VEC2, folder], cwd=ROOT, env=shell.environment, check=True)
    shell.hub.publish("us/wav2vec2-hindi", {path.name: path.read_bytes() for path in folder.iterdir()})
    done = shell.get("us/wav2vec2-hindi", "--export-python", python, "--licence", "Apache-2.0")
    assert done.returncode == 0, done.stderr
    tag = done.stdout.strip()
    assert tag.startswith("wav2vec2-hindi:")
    here = shell.run("transcribe", str(DATA / "rain.flac"), "--model", tag)
    server = Server(shell.home, HINDI_STT_MODEL=tag)
    try:
        server.wait_until_ready()
        text = server.transcribe((DATA / "rain.flac").read_bytes()).json()["text"]
    finally:
        server.stop()
    assert text
    assert here.stdout == f"{text}\n"

    config = folder / "config.json"
    config.write_text(config.read_text().replace("Wav2Vec2ForCTC", "Wav2Vec2ForPreTraining"))
    assert "Wav2Vec2ForPreTraining" in refused(shell.get(str(folder), "--export-python", python), "unsupported_model")
