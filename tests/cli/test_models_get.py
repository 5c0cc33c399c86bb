"""hindi-stt models get as it is used at a shell, against a server that stands in for the hub."""

from __future__ import annotations

import hashlib
import io
import os
import pty
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from tests.conftest import DATA
from tests.support.disks import small_disk
from tests.support.model_hub import ModelHub
from tests.support.model_shell import CATALOGUE, PRESET, PROGRAM, TEXT, Shell, refused
from tests.support.published_onnx import onnx_asr
from tests.support.server import ROOT, Server

MODULES_UNDER_TEST = (
    "hindi_stt/catalogue/layouts.py",
    "hindi_stt/cli/interruption.py",
    "hindi_stt/cli/model_import.py",
    "hindi_stt/catalogue/nemo_conversion.py",
    "hindi_stt/catalogue/sources.py",
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = onnx_asr(tmp_path_factory.mktemp("published") / "model")
    return {path.name: path.read_bytes() for path in folder.iterdir() if "int8" not in path.name}


@pytest.fixture
def shell(tmp_path: Path, files: dict[str, bytes]) -> Iterator[Shell]:
    with ModelHub() as hub:
        hub.publish("us/hindi", files)
        sha256 = hashlib.sha256(files["model.onnx"]).hexdigest()
        (tmp_path / "models.toml").write_text(CATALOGUE.format(preset=PRESET, sha256=sha256))
        yield Shell(tmp_path, hub)


@pytest.mark.slow
def test_from_a_name_to_a_transcript(shell: Shell) -> None:
    listed = shell.run("models", "list", "--available").stdout.splitlines()
    assert {"ours", "stt_hi_conformer_ctc_medium"} <= {line.split("\t")[0] for line in listed}

    done = shell.get("ours", "--accept-licence")
    assert done.returncode == 0, done.stderr
    (tag,) = done.stdout.split()
    assert tag.startswith("ours:")
    assert f"HINDI_STT_MODEL={tag}" in done.stderr
    assert all("/resolve/0123456789abcdef0123456789abcdef01234567/" in path for path, _ in shell.hub.requests)
    assert "CC-BY-4.0" in shell.run("models", "list").stdout
    assert shell.run("transcribe", str(DATA / "rain.flac"), "--model", tag).stdout == f"{TEXT}\n"

    asked = len(shell.hub.requests)
    again = shell.get("ours")
    assert (again.returncode, again.stdout) == (0, f"{tag}\n")
    assert len(shell.hub.requests) == asked


def test_the_licence_is_not_accepted(shell: Shell) -> None:
    message = refused(shell.get("ours"), "licence_not_accepted")
    assert "https://hub.example/us/hindi/licence" in message
    assert "--accept-licence" in message
    assert shell.hub.requests == []
    assert shell.stored == []


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_terminal_is_asked(shell: Shell, answer: str) -> None:
    leader, follower = pty.openpty()
    command = [PROGRAM, "models", "get", "ours", "--downloads", str(shell.home / "downloads")]
    with subprocess.Popen(
        command, env=shell.environment, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(follower)
        os.write(leader, f"{answer}\n".encode())
        printed, said = process.communicate(timeout=180)
    os.close(leader)
    assert "do you accept it?" in said
    assert printed.startswith("ours:") == (answer == "y")
    assert process.returncode == (answer == "n")


@pytest.mark.slow
def test_a_gated_model_of_the_hub(shell: Shell) -> None:
    shell.hub.gated["us/hindi"] = "hf_secret"
    message = refused(shell.get("us/hindi", "--preset", PRESET), "model_gated")
    assert f"{shell.hub.url}/us/hindi" in message
    assert "HF_TOKEN" in message
    assert shell.downloaded == []
    refused(shell.get("ours", "--accept-licence", HF_TOKEN="hf_other"), "model_gated")
    done = shell.get("us/hindi", "--preset", PRESET, "--licence", "CC-BY-4.0", "--as", "mine", HF_TOKEN="hf_secret")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mine:")
    assert "hf_secret" not in done.stderr


@pytest.mark.slow
def test_a_break_and_a_second_try(shell: Shell) -> None:
    shell.hub.storage.breaks = [10**6, 10**6, 0]
    refused(shell.get("ours", "--accept-licence"), "download_interrupted")
    assert shell.stored == []
    done = shell.get("ours", "--accept-licence")
    assert done.returncode == 0, done.stderr


def interruptible(*command: str | Path) -> list[str]:
    """The command with default handling of signals: of a script in the background, SIGINT is ignored by children."""
    code = "import os, signal, sys; [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGHUP)]; "
    return [sys.executable, "-c", code + "os.execv(sys.argv[1], sys.argv[1:])", *map(str, command)]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle(shell: Shell, number: signal.Signals) -> None:
    shell.hub.storage.stalls_after = 10**6
    command = [PROGRAM, "models", "get", "ours", "--accept-licence", "--downloads", str(shell.home / "downloads")]
    environment = shell.environment | {"TMPDIR": str(shell.home)}
    with subprocess.Popen(
        interruptible(*command), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert shell.hub.storage.stalled.wait(60)
            while not any(path.stat().st_size for path in shell.home.rglob("model.onnx.part")):
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(number)
            printed, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 128 + number
    assert printed == ""
    assert "Traceback" not in said
    assert "the same command continues" in said
    assert shell.stored == []
    assert not list(shell.home.glob("hindi-stt-get-*"))
    shell.hub.storage.stalls_after = None
    done = shell.get("ours", "--accept-licence")
    assert done.returncode == 0, done.stderr
    assert shell.hub.at_storage[-1][1]["Range"].startswith("bytes=")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_exporter_works(shell: Shell, number: signal.Signals) -> None:
    """A process that is started in place of the export environment's Python leaves files, and takes its time."""
    (temporary := shell.home / "temporary").mkdir()
    python, file = shell.home / "python", shell.home / "model.nemo"
    # Python's subprocess loses a child that it is still starting when the signal comes.
    python.write_text('#!/bin/sh\nsleep 2\necho work > "$TMPDIR/unfinished"\nexec sleep 120\n')
    python.chmod(0o755)
    file.write_bytes(b"x")
    command = interruptible(PROGRAM, "models", "get", file, "--export-python", python)
    with subprocess.Popen(
        command, env=shell.environment | {"TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            while not list(temporary.rglob("unfinished")):
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(number)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 128 + number
    assert list(temporary.iterdir()) == []
    assert shell.stored == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("full", ["TMPDIR", "BENTOML_HOME"])
def test_a_full_disk_while_the_bundle_is_made(shell: Shell, full: str) -> None:
    """The downloads have room; where the bundle is made, or where it is stored, there is too little."""
    with small_disk(shell.home / "disk", 5) as disk:
        refused(shell.get("us/hindi", "--preset", PRESET, **{full: str(disk)}), "storage_full")
        assert [path for path in disk.rglob("*") if path.is_file()] == []
    assert shell.stored == []


def test_another_file_than_the_known_one(shell: Shell, files: dict[str, bytes]) -> None:
    shell.hub.publish("us/hindi", {"model.onnx": files["model.onnx"][:-1] + b"?"})
    message = refused(shell.get("ours", "--accept-licence"), "model_checksum_mismatch")
    assert "model.onnx has SHA-256" in message
    assert shell.stored == []
    assert "model.onnx" not in shell.downloaded


@pytest.mark.slow
def test_an_archive(shell: Shell, files: dict[str, bytes]) -> None:
    """As sherpa-onnx's models are published: a folder with the model, and recordings to try it with."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:bz2") as tar:
        for name, content in {"model.onnx": files["model.onnx"], "tokens.txt": files["vocab.txt"]}.items():
            info = tarfile.TarInfo(f"sherpa-onnx-nemo-ctc-hi/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    shell.hub.publish("us", {"nemo-hi.tar.bz2": packed.getvalue()})
    done = shell.get(f"{shell.hub.storage_url}/us/nemo-hi.tar.bz2", "--preset", PRESET)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("nemo-hi:")
    (shell.home / "here.tar.bz2").write_bytes(packed.getvalue())
    again = shell.get(str(shell.home / "here.tar.bz2"), "--preset", PRESET, "--as", "nemo-hi")
    assert again.stdout == done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("us/hindi", "--as", "Bad Name"), "invalid_request", "--as Bad Name"),
        (("us/hindi", "--preset", "nemo"), "invalid_request", "nemo-80-mel"),
        (("us/hindi", "--sha256", "0" * 64), "invalid_request", "us/hindi has 3"),
        (("us/hindi", "--sha256", "0123"), "invalid_request", "64 hexadecimal digits"),
        (("FOLDER", "--sha256", "0" * 64), "invalid_request", "is a folder"),
        (("ARCHIVE", "--sha256", "0" * 64), "model_checksum_mismatch", "asked for was 0000"),
    ],
)
def test_options_that_do_not_fit(shell: Shell, arguments: tuple[str, ...], code: str, said: str) -> None:
    """Told before anything is downloaded, and never passed over: --sha256 of an archive was once."""
    (folder := shell.home / "folder").mkdir()
    (archive := shell.home / "model.tar").write_bytes(b"x")
    places = {"FOLDER": str(folder), "ARCHIVE": str(archive)}
    preset = () if "--preset" in arguments else ("--preset", PRESET)
    done = shell.get(*(places.get(one, one) for one in arguments), *preset)
    assert said in refused(done, code)
    assert shell.hub.at_storage == []


def test_features_that_nothing_tells(shell: Shell) -> None:
    assert "--preset" in refused(shell.get("us/hindi"), "model_features_unknown")
    assert shell.stored == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("indicconformer-600m", "model_gated", "ai4bharat/indic-conformer-600m-multilingual"),
        ("nobody", "model_source_unavailable", "models list --available"),
        ("nobody/nothing", "model_gated", "no such model"),
        ("https://models.example/model.onnx", "model_source_unavailable", "name the folder"),
        ("http://models.example/model.nemo", "model_source_unavailable", "encrypted"),
        ("../nowhere/", "model_source_unavailable", "neither a name of the catalogue"),
    ],
)
def test_sources_that_cannot_be_had(shell: Shell, source: str, code: str, said: str) -> None:
    done = shell.get(source, "--accept-licence", "--export-python", sys.executable)
    assert said in refused(done, code)
    assert shell.stored == []


@pytest.mark.skipif((ROOT / ".venv-oracle" / ".installed").is_file(), reason="the export environment is installed")
def test_a_nemo_model_states_first_what_it_needs(shell: Shell) -> None:
    message = refused(shell.get("stt_hi_conformer_ctc_medium", "--accept-licence"), "export_environment_missing")
    assert "2 GB" in message
    assert shell.downloaded == []


@pytest.mark.slow
def test_a_folder_with_a_bundle(shell: Shell) -> None:
    done = shell.get(str(EMBEDDED))
    assert done.returncode == 0, done.stderr
    assert shell.run("models", "list").stdout.startswith(done.stdout.strip())


@pytest.mark.slow
def test_make_serve(shell: Shell) -> None:
    """The model's tag, as `make serve MODEL=ours` gives it to the server."""
    printed = subprocess.run(
        ["make", "-n", "serve", "MODEL=ours", "ACCEPT_LICENCE=1"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    command = printed[printed.index("tag=") :].partition(" && .venv/bin/bentoml")[0]
    command = command.replace(".venv/bin/hindi-stt models get", f"{PROGRAM} models get --downloads {shell.home}")
    done = subprocess.run(
        ["bash", "-c", f"{command} && echo $HINDI_STT_MODEL"], env=shell.environment, capture_output=True, text=True,
        timeout=180, check=True,
    )  # fmt: skip
    tag = done.stdout.strip()
    server = Server(shell.home, HINDI_STT_MODEL=tag)
    try:
        server.wait_until_ready()
        assert server.transcribe((DATA / "rain.flac").read_bytes()).json()["text"] == TEXT
        assert tag in httpx.get(f"{server.url}/v1/models").text
    finally:
        server.stop()
