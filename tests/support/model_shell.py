"""`hindi-stt models get` at a shell, whose hub is the stand-in on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.model_hub import ModelHub

PROGRAM = Path(sys.executable).with_name("hindi-stt")
TEXT = "आज सुबह से बारिश हो रही है"
PRESET = "nemo-80-mel-2.5"  # the embedded model's features
CATALOGUE = """
[ours]
title = "Hindi"
publisher = "Us"
source = "hub:us/hindi"
revision = "0123456789abcdef0123456789abcdef01234567"
page = "https://hub.example/us/hindi"
licence = "CC-BY-4.0"
licence_url = "https://hub.example/us/hindi/licence"
language = "hi"
becomes = "onnx"
preset = "{preset}"
[ours.files."config.json"]
[ours.files."vocab.txt"]
[ours.files."model.onnx"]
sha256 = "{sha256}"
"""


@dataclass(frozen=True)
class Shell:
    """A home of its own, with a catalogue whose models are on the stand-in."""

    home: Path
    hub: ModelHub

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HINDI_STT_", "BENTOML_", "HF_"))}
        return kept | {
            "BENTOML_HOME": str(self.home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "HINDI_STT_MODEL_HUB": self.hub.url,
            "HINDI_STT_MODEL_CATALOGUE": str(self.home / "models.toml"),
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(PROGRAM), *arguments]
        if arguments[:2] == ("models", "get"):
            command += ["--downloads", str(self.home / "downloads")]
        return subprocess.run(
            command, env=self.environment | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=900, check=False,
        )  # fmt: skip

    def get(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("models", "get", *arguments, **environment)

    @property
    def stored(self) -> list[str]:
        return sorted(path.parent.name for path in (self.home / "bentoml").rglob("bundle.json"))

    @property
    def downloaded(self) -> list[str]:
        return sorted(path.name for path in (self.home / "downloads").rglob("*") if path.is_file())


def refused(done: subprocess.CompletedProcess[str], code: str) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"[{code}]" in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr
