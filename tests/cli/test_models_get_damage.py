"""hindi-stt models get of what is damaged or may not be written, at a shell: named, and the next try is not spoilt."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_hub import ModelHub
from tests.support.model_shell import PRESET, Shell, refused
from tests.support.published_onnx import onnx_asr

pytestmark = pytest.mark.slow
MODULES_UNDER_TEST = ("hindi_stt/cli/models_get.py",)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = onnx_asr(tmp_path_factory.mktemp("published") / "model")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in ("model.onnx", "vocab.txt"):
            tar.add(folder / name, f"model/{name}")
    return packed.getvalue()


@pytest.fixture
def shell(tmp_path: Path, archive: bytes) -> Iterator[Shell]:
    with ModelHub() as hub:
        (tmp_path / "models.toml").touch()
        hub.publish("us", {"model.tar": archive})
        yield Shell(tmp_path, hub)


def test_a_download_that_ended_early_is_got_again(shell: Shell) -> None:
    """A server that does not tell the length: nothing but the archive itself shows that it is not complete."""
    shell.hub.storage.announce, shell.hub.storage.breaks = False, [100_000]
    address = f"{shell.hub.storage_url}/us/model.tar"
    refused(shell.get(address, "--preset", PRESET), "corrupt_model")
    assert shell.downloaded == []
    done = shell.get(address, "--preset", PRESET)
    assert done.returncode == 0, done.stderr


def test_a_store_that_may_not_be_written(shell: Shell) -> None:
    """Below /sys not even root makes folders."""
    address = f"{shell.hub.storage_url}/us/model.tar"
    message = refused(shell.get(address, "--preset", PRESET, BENTOML_HOME="/sys/hindi-stt"), "invalid_request")
    assert "/sys/hindi-stt" in message
