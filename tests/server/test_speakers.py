"""diarize=true through a server: files, OpenAI's client, the command line."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import soundfile

from tests.conftest import DATA
from tests.support.server import ROOT, Server
from tests.support.speaker_model import voice, write_speaker_bundle

MODULES_UNDER_TEST = ("hindi_stt/api/known_speakers.py",)

CLIP = DATA / "rain_16k.wav"
TIMES = 3


@pytest.fixture(scope="module")
def conversation() -> bytes:
    """The clip three times, three times as through a telephone, and three times as it is."""
    samples, rate = soundfile.read(CLIP, dtype="float32")
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > 3400] = 0
    dull = np.fft.irfft(spectrum, len(samples)).astype(np.float32)
    pause = np.zeros(rate // 2, np.float32)
    turns = [part for voice in (samples, dull, samples) for part in (voice, pause) * TIMES]
    file = io.BytesIO()
    soundfile.write(file, np.concatenate(turns), rate, format="WAV")
    return file.getvalue()


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("s")
    bundle = write_speaker_bundle(folder / "bundle")
    running = Server(folder, HINDI_STT_SPEAKERS=str(bundle.folder), HINDI_STT_JOBS_DIR=str(folder / "jobs"))
    running.wait_until_ready()
    yield running
    running.stop()


def test_a_server_without_a_speaker_model_says_what_to_run(server: Server) -> None:
    files = {"file": ("a.wav", CLIP.read_bytes())}
    answer = httpx.post(f"{server.url}/transcribe", data={"diarize": "true"}, files=files, timeout=60)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (501, "speakers_not_installed")
    assert "hindi-stt models get speakers" in error["help"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"num_speakers": "2"}, "num_speakers"),
        ({"diarize": "true", "max_speakers": "0"}, "max_speakers"),
        ({"diarize": "false", "response_format": "diarized_json"}, "diarize"),
    ],
)
def test_contradictions_are_refused_by_name(server: Server, fields: dict[str, str], param: str) -> None:
    files = {"file": ("a.wav", CLIP.read_bytes())}
    answer = httpx.post(f"{server.url}/transcribe", data=fields, files=files, timeout=60)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_request")
    assert param in error["message"]


@pytest.mark.slow
def test_words_have_the_speaker_whose_turn_they_are_in(speaking: Server, conversation: bytes) -> None:
    files = {"file": ("a.wav", conversation)}
    answer = httpx.post(f"{speaking.url}/transcribe", data={"diarize": "true"}, files=files, timeout=120)
    assert answer.status_code == 200, answer.text
    clip_s = soundfile.info(CLIP).duration
    for word in answer.json()["words"]:
        turn = int(word["end"] // (TIMES * (clip_s + 0.5)))
        assert word["speaker"] == ("Speaker 2" if turn == 1 else "Speaker 1"), word
    assert answer.json()["timings_ms"]["speakers"] > 0
    plain = httpx.post(f"{speaking.url}/transcribe", files=files, timeout=120).json()
    assert plain["text"] == answer.json()["text"]
    assert not any("speaker" in word for word in plain["words"])
    assert "speakers" not in plain["timings_ms"]


@pytest.mark.slow
def test_openais_client_gets_diarized_json(speaking: Server, conversation: bytes) -> None:
    client = openai.OpenAI(base_url=f"{speaking.url}/v1", api_key="none")
    found = client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=("a.wav", conversation),
        response_format="diarized_json",
        chunking_strategy="auto",
    )
    assert [name for name, _ in groupby(segment.speaker for segment in found.segments)] == ["A", "B", "A"]  # type: ignore[union-attr]


@pytest.mark.slow
def test_openais_known_speakers_are_called_by_their_names(speaking: Server, conversation: bytes) -> None:
    client = openai.OpenAI(base_url=f"{speaking.url}/v1", api_key="none", max_retries=0)

    def transcribe(references: list[str]) -> Any:
        return client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize",
            file=("a.wav", conversation),
            response_format="diarized_json",
            chunking_strategy="auto",
            known_speaker_names=["Asha"],
            known_speaker_references=references,
        )

    reference = "data:audio/wav;base64," + base64.b64encode(CLIP.read_bytes()).decode()
    found = transcribe([reference])
    assert [name for name, _ in groupby(segment.speaker for segment in found.segments)] == ["Asha", "B", "Asha"]
    for wrong, param in (
        ([], "known_speaker_references"),
        (["data:audio/wav;base64,AAAA"], "known_speaker_references"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            transcribe(wrong)
        assert refused.value.param == param
    assert refused.value.code == "invalid_speaker_reference"


@pytest.mark.slow
def test_a_job_tells_speakers_apart(speaking: Server, conversation: bytes) -> None:
    files = {"file": ("a.wav", conversation)}
    job = httpx.post(f"{speaking.url}/v1/jobs", data={"diarize": "true", "num_speakers": "2"}, files=files, timeout=60)
    address = done(speaking, job)
    result = httpx.get(f"{address}/files/0", params={"response_format": "vtt"}, timeout=60)
    assert "<v Speaker 1>" in result.text
    assert "<v Speaker 2>" in result.text


def done(speaking: Server, job: httpx.Response) -> str:
    """The address of a job that was made, when it has ended."""
    assert job.status_code == 202, job.text
    address = f"{speaking.url}/v1/jobs/{job.json()['id']}"
    deadline = time.monotonic() + 120
    while (state := httpx.get(address, timeout=60).json())["state"] != "done":
        assert state["state"] in {"queued", "running"}, state
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return address


@pytest.mark.slow
@pytest.mark.parametrize("named", ["form", "json"])
def test_a_job_calls_known_speakers_by_their_names(speaking: Server, conversation: bytes, named: str) -> None:
    reference = "data:audio/wav;base64," + base64.b64encode(CLIP.read_bytes()).decode()
    voices = {"known_speaker_names": ["Asha", "Vikram"], "known_speaker_references": [reference, voice_of_nobody()]}
    url = f"{speaking.url}/v1/jobs"
    if named == "form":
        fields = {"diarize": "true", **{f"{name}[]": values for name, values in voices.items()}}
        job = httpx.post(url, data=fields, files={"file": ("a.wav", conversation)}, timeout=60)
    else:
        upload = httpx.post(
            f"{speaking.url}/v1/uploads",
            headers={"Upload-Length": str(len(conversation)), "Tus-Resumable": "1.0.0"},
            timeout=60,
        )
        assert upload.status_code == 201, upload.text
        place = upload.headers["location"]
        sent = httpx.patch(
            httpx.URL(speaking.url).join(place),
            content=conversation,
            headers={
                "Upload-Offset": "0",
                "Tus-Resumable": "1.0.0",
                "Content-Type": "application/offset+octet-stream",
            },
            timeout=60,
        )
        assert sent.status_code == 204, sent.text
        body = {"diarize": "true", "uploads": [place.rpartition("/")[2]], **voices}
        job = httpx.post(url, json=body, timeout=60)
    address = done(speaking, job)
    result = httpx.get(f"{address}/files/0", timeout=60).json()
    names = [name for name, _ in groupby(word["speaker"] for word in result["words"])]
    assert names == ["Asha", "Speaker 2", "Asha"]
    assert any("Vikram" in text and "not heard" in text for text in result["warnings"])


@pytest.mark.slow
def test_a_job_with_a_voice_that_cannot_be_used_is_not_made(speaking: Server, conversation: bytes) -> None:
    fields = {"diarize": "true", "known_speaker_names[]": ["Asha"]}
    for references, code in (([], "invalid_request"), (["data:audio/wav;base64,AAAA"], "invalid_speaker_reference")):
        data = fields | {"known_speaker_references[]": references}
        job = httpx.post(f"{speaking.url}/v1/jobs", data=data, files={"file": ("a.wav", conversation)}, timeout=60)
        error = job.json()["error"]
        assert (job.status_code, error["code"]) == (400, code)
    without = fields | {"diarize": "false", "known_speaker_references[]": ["data:audio/wav;base64,AAAA"]}
    job = httpx.post(f"{speaking.url}/v1/jobs", data=without, files={"file": ("a.wav", conversation)}, timeout=60)
    shown = httpx.get(done(speaking, job), timeout=60).json()
    assert any("known_speaker_names" in text for text in shown["warnings"])


def voice_of_nobody() -> str:
    """Noise above 5,500 Hz, for three seconds."""
    file = io.BytesIO()
    soundfile.write(file, voice(5500.0, 7500.0, 3.0, 1), 16_000, format="WAV")
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()


@pytest.mark.slow
def test_the_command_line_writes_rttm(tmp_path: Path, conversation: bytes) -> None:
    (tmp_path / "call.wav").write_bytes(conversation)
    bundle = write_speaker_bundle(tmp_path / "bundle")
    program = Path(sys.executable).with_name("hindi-stt")
    done = subprocess.run(
        [program, "transcribe", "--diarize", "--format", "rttm", str(tmp_path / "call.wav")],
        env={
            "PATH": "",
            "HOME": str(tmp_path),
            "HINDI_STT_SPEAKERS": str(bundle.folder),
            "BENTOML_HOME": str(tmp_path),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    speakers = [line.split()[7] for line in done.stdout.splitlines()]
    assert list(dict.fromkeys(speakers)) == ["Speaker_1", "Speaker_2"]
