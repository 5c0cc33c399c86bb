"""The command line as it is used at a shell: files, folders, patterns and standard input, in every format."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import httpx
import pytest
import srt
import webvtt

from hindi_stt.cli.stream import last_columns, n_columns
from tests.conftest import DATA

MODULES_UNDER_TEST = (
    "hindi_stt/cli/errors.py",
    "hindi_stt/cli/main.py",
    "hindi_stt/cli/options.py",
    "hindi_stt/cli/transcribe.py",
)

PROGRAM = Path(sys.executable).with_name("hindi-stt")
TEXT = "आज सुबह से बारिश हो रही है"


def run(*arguments: str | Path, cwd: Path, source: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([PROGRAM, *arguments], cwd=cwd, input=source, capture_output=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty recordings in three folders; one is no audio, and one is a text that nobody asked for."""
    root = tmp_path_factory.mktemp("recordings")
    sources = [DATA / name for name in ("rain_16k.wav", "rain.flac", "rain.mp3", "rain_opus.ogg")]
    for i in range(19):
        source = sources[i % len(sources)]
        target = root / ("", "calls", "calls/monday")[i % 3] / f"{i:02}{source.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    (root / "broken.wav").write_bytes(b"no audio" * 100)
    (root / "notes.txt").write_text("not a recording")
    return root


@pytest.mark.parametrize(
    ("form", "ending"),
    [
        ("text", "txt"),
        pytest.param("srt", "srt", marks=pytest.mark.slow),
        pytest.param("vtt", "vtt", marks=pytest.mark.slow),
    ],
)
def test_a_folder(folder: Path, tmp_path: Path, form: str, ending: str) -> None:
    done = run("transcribe", folder, "--format", form, "--output-dir", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"1 of 20 recordings failed: " in done.stderr
    assert b"broken.wav: The file is not audio" in done.stderr
    assert b"Convert it first: ffmpeg" in done.stderr
    written = sorted((tmp_path / "out").rglob("*.*"))
    assert len(written) == 19
    assert tmp_path / "out" / "calls" / "monday" / f"05.{ending}" in written
    for path in written:
        content = path.read_text(encoding="utf-8")
        if form == "srt":
            content = " ".join(cue.content for cue in srt.parse(content))
        elif form == "vtt":
            content = " ".join(caption.text for caption in webvtt.read(str(path)))
        elif form == "json":
            content = json.loads(content)["text"]
        if form in {"srt", "vtt"}:  # they have marks
            assert content.endswith(("।", "?"))
            content = content.translate(dict.fromkeys(map(ord, ",।?")))
        assert content.split()[3:] == TEXT.split()[3:], path


@pytest.mark.slow
def test_a_pattern_and_files_of_one_name(folder: Path, tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac"):
        (tmp_path / name).write_bytes((DATA / "rain.flac").read_bytes())
    done = run("transcribe", "*.[wf]*", "--output-dir", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.flac.txt", "a.wav.txt"]


@pytest.mark.slow
def test_standard_input_and_output(tmp_path: Path) -> None:
    content = (DATA / "rain.flac").read_bytes()
    assert run("transcribe", "-", cwd=tmp_path, source=content).stdout.decode() == TEXT + "\n"
    body = json.loads(run("transcribe", "-", "--format", "verbose_json", cwd=tmp_path, source=content).stdout)
    assert body["text"] == TEXT
    assert body["segments"][0]["words" if "words" in body["segments"][0] else "text"]
    cues = list(srt.parse(run("transcribe", "-", "--format", "srt", cwd=tmp_path, source=content).stdout.decode()))
    captions = " ".join(cue.content.replace("\n", " ") for cue in cues)
    assert captions.endswith("।")
    assert captions.translate(dict.fromkeys(map(ord, ",।?"))) == TEXT
    plain = run("transcribe", "-", "--format", "srt", "--punctuation", "off", cwd=tmp_path, source=content)
    assert " ".join(cue.content.replace("\n", " ") for cue in srt.parse(plain.stdout.decode())) == TEXT
    marked = run("transcribe", "-", "--punctuation", "model", "--paragraphs", cwd=tmp_path, source=content)
    assert marked.stdout.decode() == captions + "\n"
    body = json.loads(run("transcribe", "-", "--format", "json", "--paragraphs", cwd=tmp_path, source=content).stdout)
    assert [one["text"] for one in body["paragraphs"]] == [TEXT]
    without = run("transcribe", "-", "--format", "srt", "--paragraphs", cwd=tmp_path, source=content)
    assert without.stderr.decode() == "hindi-stt: warning: --paragraphs: --format srt has no paragraphs\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["transcribe", "nothing.wav"], "No such file or directory"),
        (["transcribe", "empty"], "There are no recordings in empty."),
        (["transcribe", "a.wav", "a.wav", "--format", "srt"], "needs --output-dir"),
        (["transcribe", "a.wav", "--language", "ta"], "Leave --language out"),
        (["transcribe", "a.wav", "--model", "nobody"], "The model store has no 'nobody'"),
    ],
)
def test_errors_speak_of_the_shell(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.wav").write_bytes((DATA / "rain_16k.wav").read_bytes())
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    shown = done.stderr.decode()
    assert message in shown
    assert "Traceback" not in shown
    for word in ("OpenAPI", "GET /", "POST", "upload"):
        assert word not in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["transcribe", "a.wav", "--bad"], ["models", "list", "--bad"], ["keys", "--bad"]]
)
def test_wrong_usage_shows_that_of_the_sub_command(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    command = " ".join(word for word in arguments if word.isalpha())
    assert done.stderr.decode().startswith(f"usage: hindi-stt {command} ")


@pytest.mark.slow
def test_models_show_is_one_document(tmp_path: Path) -> None:
    shown = json.loads(
        run("models", "show", Path(__file__).parent.parent.parent / "hindi_stt" / "embedded", cwd=tmp_path).stdout
    )
    assert shown["manifest"]["language"] == "hi"


@pytest.mark.slow
def test_progress_on_a_terminal(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    files = [str(DATA / "rain.flac"), str(DATA / "family.flac")]
    with subprocess.Popen([PROGRAM, "transcribe", *files], stdout=subprocess.PIPE, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 4096)
            except OSError:  # the other end is closed
                break
    os.close(leader)
    assert process.returncode == 0
    assert re.search(rb"2/2 \[\d\d:\d\d<", shown)


@pytest.mark.slow
def test_serve(tmp_path: Path) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    environment = os.environ | {"BENTOML_HOME": str(tmp_path / "bentoml")}
    command = [PROGRAM, "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                        break
                except httpx.TransportError:
                    assert process.poll() is None
                time.sleep(0.1)
            with (DATA / "rain.flac").open("rb") as file:
                answer = httpx.post(f"http://127.0.0.1:{port}/transcribe", files={"file": file}, timeout=60)
            assert answer.json()["text"] == TEXT
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("columns", [0, 1, 10, 39, 200])
def test_a_live_line_is_cut_to_the_terminal(columns: int) -> None:
    text = "मेरे परिवार में चार लोग हैं और हम दिल्ली में रहते हैं"
    shown = last_columns(text, columns)
    assert n_columns(shown) <= columns
    assert text.endswith(shown.removeprefix("…"))
    assert shown == text or columns == 0 or shown.startswith("…")
