"""Recordings of unknown length, joined and inverted ones, through every way into the product."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.audio.make import FAMILY, RAIN, encoded, with_pause
from tests.support.guarded import Guarded
from tests.support.jobs import Caller
from tests.support.server import ROOT, Server
from tests.support.wav import wav

MODULES_UNDER_TEST = ("hindi_stt/audio/openers.py",)

FLAC = "-c:a flac -f flac"


@pytest.fixture
def flac(tmp_path: Path) -> bytes:
    """FLAC whose header states no length."""
    content = encoded(with_pause(5), FLAC, tmp_path, piped=True)
    assert content[21] & 0x0F == 0
    assert content[22:26] == bytes(4)
    return content


@pytest.fixture
def text(server: Server) -> str:
    found = server.transcribe(wav(with_pause(5))).json()["text"]
    assert len(found.split()) > 10
    return str(found)


def test_a_form(server: Server, flac: bytes, text: str) -> None:
    assert server.transcribe(flac, "clip.flac").json()["text"] == text


def test_a_body(server: Server, flac: bytes, text: str) -> None:
    headers = {"content-type": "audio/flac"}
    answer = httpx.post(f"{server.url}/transcribe", content=flac, headers=headers, timeout=60)
    assert answer.json()["text"] == text


def test_the_api_of_openai(server: Server, flac: bytes, text: str) -> None:
    files, data = {"file": ("clip.flac", flac)}, {"model": "whisper-1"}
    answer = httpx.post(f"{server.url}/v1/audio/transcriptions", files=files, data=data, timeout=60)
    assert answer.json()["text"] == text


@pytest.mark.parametrize("headers", [{"content-type": "audio/flac"}, None], ids=["body", "form"])
def test_a_stream(server: Server, flac: bytes, text: str, headers: dict[str, str] | None) -> None:
    body = {"content": iter([flac[:5_000], flac[5_000:]]), "headers": headers} if headers else {"files": {"file": flac}}
    field = {} if headers else {"data": {"stream": "true"}}
    answer = httpx.post(f"{server.url}/transcribe{'?stream=true' if headers else ''}", timeout=60, **body, **field)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["text"] == text


def test_a_stream_of_joined_files_is_transcribed_whole(server: Server, tmp_path: Path) -> None:
    """What lies behind the stated length of a FLAC file comes when the first file has been heard."""
    content = encoded(RAIN, FLAC, tmp_path) + encoded(FAMILY, FLAC, tmp_path)
    headers = {"content-type": "audio/flac"}
    url = f"{server.url}/transcribe?stream=true"
    answer = httpx.post(url, content=iter([content[:3_000], content[3_000:]]), headers=headers, timeout=60)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["text"] == server.transcribe(wav(np.concatenate([RAIN, FAMILY]))).json()["text"]
    assert events[-1]["warnings"] == []


def test_a_stream_of_joined_wav_files_warns_of_what_it_leaves_out(server: Server) -> None:
    content = wav(RAIN) + wav(FAMILY)

    def parts():
        yield content[:20_000]
        time.sleep(0.2)
        yield content[20_000 : len(wav(RAIN))]
        time.sleep(0.5)  # the first file is whole, and heard, before the second one begins to arrive
        yield content[len(wav(RAIN)) :]

    url = f"{server.url}/transcribe?stream=true"
    answer = httpx.post(url, content=parts(), headers={"content-type": "audio/wav"}, timeout=60)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["text"] == server.transcribe(wav(RAIN)).json()["text"]
    assert events[-1]["warnings"] == ["incomplete_audio"]


def test_a_job(guarded: Guarded, flac: bytes) -> None:
    with Caller(guarded, "flac-of-unknown-length") as caller:
        direct = caller.post("/transcribe", files={"file": wav(with_pause(5))}).json()["text"]
        job = caller.post("/v1/jobs", files={"file": flac}).json()
        finished = caller.finished(job["id"])
        result = caller.get(f"/v1/jobs/{job['id']}/files/0").json()
    assert finished["state"] == "done"
    assert result["text"] == direct


@pytest.mark.slow
def test_the_command_line(flac: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.flac"
    path.write_bytes(flac)
    command = [Path(sys.executable).with_name("hindi-stt"), "transcribe", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert text in done.stdout


def test_warnings_of_the_file_are_said_once_with_split_channels(server: Server) -> None:
    stereo = wav(np.stack([RAIN, RAIN], 1))
    answer = server.transcribe(stereo + stereo, data={"channels": "split"}).json()
    assert answer["warnings"] == ["incomplete_audio"]


def test_one_side_of_a_call_that_is_far_quieter(server: Server) -> None:
    """It is lost in the mix, and the warning says how to hear it; by itself it is heard."""
    n = len(RAIN) + len(FAMILY)
    loud, quiet = np.zeros(n, np.float32), np.zeros(n, np.float32)
    loud[: len(RAIN)], quiet[len(RAIN) :] = RAIN, FAMILY * 0.01
    noise = np.random.default_rng(0).normal(0, 1e-4, (n, 2)).astype(np.float32)
    call = wav(np.stack([loud, quiet], 1) + noise)
    found = [text for text in server.transcribe(call).json()["warnings"] if "channels=split" in text]
    assert len(found) == 1
    assert "channel 1 is" in found[0]
    split = server.transcribe(call, data={"channels": "split"}).json()
    assert not any("channels=split" in text for text in split["warnings"])
    assert len([word for word in split["words"] if word["channel"] == 1]) > 5


@pytest.mark.parametrize("kind", ["equal level", "leakage", "noise", "silence", "mono"])
def test_no_warning_of_quiet_sides_where_nothing_is_lost(server: Server, kind: str) -> None:
    rng = np.random.default_rng(1)
    sides = {
        "equal level": np.resize(FAMILY, len(RAIN)) * 0.5,
        "leakage": np.roll(RAIN, 40) * 0.01,
        "noise": rng.normal(0, 1e-3, len(RAIN)).astype(np.float32),
        "silence": np.zeros(len(RAIN), np.float32),
        "mono": RAIN,
    }
    answer = server.transcribe(wav(np.stack([RAIN, sides[kind]], 1))).json()
    assert [text for text in answer["warnings"] if "channel" in text] == []
