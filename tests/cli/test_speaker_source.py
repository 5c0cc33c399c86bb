"""The speaker model that commands use is the one that the environment names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.speaker_model import write_speaker_bundle

OPEN = """
from hindi_stt.cli.speaker_source import speaker_source
source = speaker_source()
print("nothing is opened before it is needed")
print(source.bundle().tag)
"""


def opened(home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BENTOML_HOME": str(home), **settings}
    command = [sys.executable, "-c", OPEN]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_folder_that_the_setting_names(tmp_path: Path) -> None:
    bundle = write_speaker_bundle(tmp_path / "voices", name="voices")
    assert opened(tmp_path, HINDI_STT_SPEAKERS=str(bundle.folder)).stdout.splitlines()[-1] == bundle.tag


def test_none_is_installed(tmp_path: Path) -> None:
    done = opened(tmp_path)
    assert done.stdout.startswith("nothing is opened")
    assert "SpeakersNotInstalled" in done.stderr
    assert done.returncode == 1
