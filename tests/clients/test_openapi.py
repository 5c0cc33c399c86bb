"""The OpenAPI document by openapi-spec-validator, and a client that openapi-python-client generates from it."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import numpy as np
import pytest

from tests.support.server import Server
from tests.support.wav import wav

pytestmark = pytest.mark.clients
spec_validator = pytest.importorskip("openapi_spec_validator")
pytest.importorskip("openapi_python_client")
jsonschema = pytest.importorskip("jsonschema")

# The generator knows few content types: what tus sends is bytes to it.
CONFIG = {"content_type_overrides": {"application/offset+octet-stream": "application/octet-stream"}}
Alike = Callable[[str], bool]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has every path."""
    folder = tmp_path_factory.mktemp("full")
    running = Server(folder, HINDI_STT_JOBS_DIR=str(folder / "jobs"), HINDI_STT_PROTOCOLS="deepgram,twilio")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/docs.json").json()
    return found


@pytest.fixture(scope="module")
def generated(full: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The generated package."""
    folder: Path = tmp_path_factory.mktemp("generated")
    (folder / "docs.json").write_text(json.dumps(document(full)))
    (folder / "config.yaml").write_text(json.dumps(CONFIG))
    program = str(Path(sys.executable).with_name("openapi-python-client"))
    arguments = ["--path", "docs.json", "--output-path", "stt_client", "--config", "config.yaml", "--meta", "none"]
    done = subprocess.run(
        [program, "generate", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Endpoint will not be generated" not in done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("stt_client")
    finally:
        sys.path.remove(str(folder))


def part(name: str) -> Any:
    """A module of the generated package."""
    return importlib.import_module(f"stt_client.{name}")


def test_the_document_is_valid(server: Server, full: Server) -> None:
    for one in (server, full):
        spec_validator.validate(document(one))


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(part)


def test_examples_are_as_their_schemas_say(full: Server) -> None:
    found, checked = document(full), 0
    for node in nodes(found):
        if not isinstance(node.get("schema"), dict):
            continue
        values = [node["example"]] if "example" in node else [one["value"] for one in node.get("examples", {}).values()]
        for value in values:
            # References are to the document's components, which are put beside the schema.
            jsonschema.Draft202012Validator(node["schema"] | {"components": found["components"]}).validate(value)
            checked += 1
    assert checked > 20


def test_a_generated_client_transcribes(generated: ModuleType, full: Server, rain: np.ndarray, alike: Alike) -> None:
    models, types = part("models"), part("types")
    client = generated.Client(base_url=full.url, timeout=httpx.Timeout(60))
    name = part("api.open_ai_compatibility.list_models").sync(client=client).data[0].id
    body = models.CreateTranscriptionBody(
        file=types.File(payload=io.BytesIO(wav(rain)), file_name="rain.wav", mime_type="audio/wav"), model=name
    )
    create = part("api.open_ai_compatibility.create_transcription")
    answer = create.sync(client=client, body=body)
    assert isinstance(answer, models.OpenAITranscription)
    assert alike(answer.text)
    assert (answer.model, answer.warnings) == (name, [])
    body.file.payload.seek(0)
    body.response_format = models.CreateTranscriptionBodyResponseFormat.VERBOSE_JSON
    granularities = models.CreateTranscriptionBodyTimestampGranularitiesItem
    body.timestamp_granularities = [granularities.WORD, granularities.SEGMENT]
    verbose = create.sync(client=client, body=body)
    assert isinstance(verbose, models.OpenAIVerboseTranscription)
    assert [word.word for word in verbose.words] == answer.text.split()
    assert " ".join(segment.text for segment in verbose.segments) == answer.text


def test_a_generated_client_uses_this_servers_own_path(
    generated: ModuleType, full: Server, rain: np.ndarray, alike: Alike
) -> None:
    models, types = part("models"), part("types")
    client = generated.Client(base_url=full.url, timeout=httpx.Timeout(60))
    files = [types.File(payload=io.BytesIO(wav(rain)), file_name=name, mime_type="audio/wav") for name in "ab"]
    transcribe = part("api.transcription.transcribe")
    one = transcribe.sync(client=client, body=models.TranscribeFilesBody(file=files[:1]))
    assert isinstance(one, models.TranscriptionResponse)
    assert alike(one.text)
    files[0].payload.seek(0)
    both = transcribe.sync(client=client, body=models.TranscribeFilesBody(file=files))
    assert isinstance(both, models.TranscriptionList)
    assert [result.to_dict()["text"] for result in both.results] == [one.text, one.text]


def test_a_generated_client_asks_as_deepgrams_do(generated: ModuleType, full: Server, rain: np.ndarray) -> None:
    models, types = part("models"), part("types")
    client = generated.Client(base_url=full.url, timeout=httpx.Timeout(60))
    listen = part("api.deepgram_compatibility.listen_to_recording")
    body = types.File(payload=io.BytesIO(wav(rain)), mime_type="audio/wav")
    answer = listen.sync(client=client, body=body, smart_format=True, utterances=True, tag=["a"])
    assert isinstance(answer, models.ListenResponse)
    best = answer.results.channels[0].alternatives[0]
    assert [word.punctuated_word for word in best.words] == best.transcript.split()
    assert " ".join(one.transcript for one in answer.results.utterances) == best.transcript
    assert answer.metadata.tags == ["a"]


def test_a_generated_client_reads_errors(generated: ModuleType, full: Server) -> None:
    models, types = part("models"), part("types")
    client = generated.Client(base_url=full.url, timeout=httpx.Timeout(60))
    file = types.File(payload=io.BytesIO(b"no audio" * 100), file_name="a.wav", mime_type="audio/wav")
    create = part("api.open_ai_compatibility.create_transcription")
    answer = create.sync_detailed(client=client, body=models.CreateTranscriptionBody(file=file, model="whisper-1"))
    assert answer.status_code == 415
    assert isinstance(answer.parsed, models.ErrorBody)
    assert (answer.parsed.error.code, answer.parsed.error.param) == ("unsupported_audio", "file")


def test_a_generated_client_waits_for_a_job(
    generated: ModuleType, full: Server, rain: np.ndarray, alike: Alike
) -> None:
    models, types = part("models"), part("types")
    client = generated.Client(base_url=full.url, timeout=httpx.Timeout(60))
    file = types.File(payload=io.BytesIO(wav(rain)), file_name="rain.wav", mime_type="audio/wav")
    job = part("api.jobs.create_job").sync(client=client, body=models.CreateJobFilesBody(file=[file]))
    assert isinstance(job, models.Job)
    deadline = time.monotonic() + 120
    while job.state in {"queued", "running"} and time.monotonic() < deadline:
        time.sleep(0.5)
        job = part("api.jobs.retrieve_job").sync(job.id, client=client)
    assert (job.state, job.files.done) == ("done", 1)
    transcript = part("api.jobs.retrieve_job_transcript").sync(job.id, 0, client=client)
    assert alike(transcript.to_dict()["text"])
