"""The OpenAPI document of a real server: what generators and readers rely on. tests/clients proves that it is valid."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from websockets.sync.client import connect

from hindi_stt.api.realtime.server_events import SERVER_EVENTS
from hindi_stt.audio import PACKET_RATES
from hindi_stt.render import to_diarized_json
from hindi_stt.transcription.options import FIELDS
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Segment, Transcript, Word
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.server import ROOT, Server

MODULES_UNDER_TEST = (
    "hindi_stt/api/openapi/document.py",
    "hindi_stt/api/openapi/jobs.py",
    "hindi_stt/api/openapi/operations.py",
    "hindi_stt/api/openapi/realtime.py",
    "hindi_stt/api/openapi/served_models.py",
    "hindi_stt/api/openapi/status.py",
    "hindi_stt/api/openapi/transcription.py",
)

SOURCE = ROOT / "hindi_stt" / "api" / "realtime"

TYPES = {"string", "number", "integer", "boolean", "array", "object", "null"}
OPERATION_IDS = {
    "transcribe",
    "createTranscription",
    "createTranslation",
    "openRealtimeConnection",
    "createRealtimeClientSecret",
    "listModels",
    "retrieveModel",
    "describeService",
    "getOpenApiDocument",
    "getBentoSchema",
    "getHealth",
    "getLiveness",
    "getHealthz",
    "getReadiness",
    "getStats",
    "getMetrics",
    "getPage",
}
JOB_OPERATION_IDS = {
    "createJob",
    "listJobs",
    "retrieveJob",
    "deleteJob",
    "cancelJob",
    "listJobResults",
    "retrieveJobTranscript",
    "describeUploads",
    "createUpload",
    "retrieveUploadOffset",
    "appendToUpload",
    "deleteUpload",
}


@pytest.fixture(scope="module", params=["server", "guarded"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of a server without jobs, and of one with them."""
    running: Server = request.getfixturevalue(request.param)
    found: dict[str, Any] = httpx.get(f"{running.url}/docs.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for part in node.values():
            yield from nodes(part)
    elif isinstance(node, list):
        for part in node:
            yield from nodes(part)


def test_names_of_operations_stay(document: dict[str, Any]) -> None:
    """Generators name functions by them: another name breaks the code of whoever generates a client again."""
    names = [operation["operationId"] for operation in operations(document)]
    jobs = any(path.startswith("/v1/jobs") for path in document["paths"])
    assert sorted(names) == sorted(OPERATION_IDS | (JOB_OPERATION_IDS if jobs else set()))


def test_schemas_are_of_json_schema_and_each_is_used(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemas = [schema for node in nodes(document) if isinstance(schema := node.get("schema"), dict)]
    schemas += document["components"]["schemas"].values()
    types = {node["type"] for schema in schemas for node in nodes(schema) if isinstance(node.get("type"), str)}
    assert "string" in types
    assert types <= TYPES
    references = {node["$ref"] for node in nodes(document) if "$ref" in node}
    assert references == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def test_parameters_of_the_address_have_no_defaults(document: dict[str, Any]) -> None:
    """Generated clients send defaults, and what is in the query and in the form is refused."""
    parameters = document["paths"]["/transcribe"]["post"]["parameters"]
    assert parameters
    assert all("default" not in parameter["schema"] for parameter in parameters)


def test_no_placeholder_is_left(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert "hindi-model" not in text
    assert "licence-of-the-model" not in text


def test_missing_models_are_not_listed(server: Server, pipeline: Pipeline) -> None:
    manifest = pipeline.bundle.manifest
    for path in ("/docs.json", "/schema.json"):
        found = httpx.get(server.url + path).json()
        offered = [
            schema["enum"]
            for node in nodes(found)
            for schema in (node.get("punctuation"), node.get("schema") if node.get("name") == "punctuation" else None)
            if isinstance(schema, dict)
        ]
        assert offered
        assert all(values == ["off", "pauses", "model"] for values in offered)
        named = {node["model"] for node in nodes(found) if isinstance(node.get("model"), str)}
        assert named == {pipeline.bundle.tag}
    example = json.loads(httpx.get(f"{server.url}/docs.json").text)["paths"]["/v1/models"]["get"]["responses"]["200"]
    (model,) = example["content"]["application/json"]["example"]["data"]
    listed = {one["id"]: one for one in httpx.get(f"{server.url}/v1/models").json()["data"]}
    assert model == listed[model["id"]]
    assert model["licence"] == manifest.licence


def test_bentomls_client_finds_a_file(server: Server) -> None:
    (route,) = httpx.get(f"{server.url}/schema.json").json()["routes"]
    assert route["name"] == "transcribe"
    assert route["input"]["title"] == "TranscribeRequest"
    assert route["input"]["properties"]["file"]["type"] == "file"
    assert route["output"]["title"] == "TranscriptionResponse"


def test_realtime_is_described(server: Server, document: dict[str, Any]) -> None:
    """Every event that is described for clients is known, and every event that comes is described."""
    operation = document["paths"]["/v1/realtime"]["get"]
    described = operation["x-websocket"]
    came, refused = set(), []
    speech = (DATA / "rain_16k.wav").read_bytes()[44:]
    samples = {
        "session": {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}},
        "audio": "",
    }
    with connect(f"ws://127.0.0.1:{server.port}/v1/realtime", open_timeout=20, subprotocols=["realtime"]) as ws:
        assert ws.subprotocol in described["subprotocols"]
        for name, event in described["client-events"].items():
            schema = event["schema"]
            assert schema["properties"]["type"] == {"const": name}
            fields = {field: samples[field] for field in schema["required"] if field != "type"}
            if name == "transcription_session.update":
                fields["session"] = {"input_audio_format": "pcm16"}
            ws.send(json.dumps({"type": name, "event_id": name, **fields}))
        ws.send(json.dumps({"type": "session.update", "session": samples["session"]}))
        for start in range(0, len(speech), 32_000):
            ws.send(
                json.dumps(
                    {
                        "type": "input_audio_buffer.append",
                        "audio": base64.b64encode(speech[start : start + 32_000]).decode(),
                    }
                )
            )
        ws.send(json.dumps({"type": "input_audio_buffer.commit", "event_id": "last"}))
        while not any(name.endswith(".completed") for name in came):
            event = json.loads(ws.recv(timeout=30))
            came.add(event["type"])
            if event["type"] == "error":
                refused.append(event["error"]["event_id"])
    assert came <= set(described["server-events"])
    assert {"session.created", "session.updated", "transcription_session.updated", "error"} < came
    assert refused == ["input_audio_buffer.commit"]  # of an empty buffer
    answer = httpx.get(f"{server.url}/v1/realtime")
    assert str(answer.status_code) in operation["responses"]


def test_every_event_that_is_described_is_sent(document: dict[str, Any]) -> None:
    """Its model is used where events are sent, beside where it is defined."""
    names = {path: path.read_text() for path in SOURCE.glob("*.py")}
    sent = "".join(text for path, text in names.items() if path.stem != "server_events")
    sent += names[SOURCE / "server_events.py"].partition("def session_event")[2]
    described = document["paths"]["/v1/realtime"]["get"]["x-websocket"]["server-events"]
    assert list(described) == [model.model_fields["type"].default for model in SERVER_EVENTS]
    assert all(described.values())
    assert [model.__name__ for model in SERVER_EVENTS if not re.search(rf"\b{model.__name__}\(", sent)] == []


def test_the_session_is_described_to_its_fields(document: dict[str, Any]) -> None:
    """As they are accepted: a schema of the document refuses what the server refuses, and takes what it takes."""
    events = document["paths"]["/v1/realtime"]["get"]["x-websocket"]["client-events"]
    audio_input = events["session.update"]["schema"]["properties"]["session"]["properties"]["audio"]["anyOf"][0]
    fields = audio_input["properties"]["input"]["anyOf"][0]["properties"]
    assert set(fields) == {"format", "turn_detection", "noise_reduction", "transcription"}
    transcription = fields["transcription"]["anyOf"][0]
    assert transcription["additionalProperties"] is False
    assert {"model", "language", "keywords", "delay", *FIELDS} <= set(transcription["properties"])
    assert fields["format"]["anyOf"][0]["properties"]["rate"]["enum"] == list(PACKET_RATES)
    assert not [node for node in nodes(events) if "$ref" in node]


def test_a_session_that_is_shown_is_one_that_may_be_sent(server: Server, document: dict[str, Any]) -> None:
    """By another validator than the server's, with the schema of the document."""
    events = document["paths"]["/v1/realtime"]["get"]["x-websocket"]["client-events"]
    with connect(f"ws://127.0.0.1:{server.port}/v1/realtime?language=hi", open_timeout=20) as ws:
        ws.recv(timeout=30)
        for kind, turns in (
            ("session.update", {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}),
            ("transcription_session.update", {"turn_detection": None}),
        ):
            validator = jsonschema_rs.validator_for(events[kind]["schema"])
            ws.send(json.dumps({"type": kind, "session": turns}))
            shown = json.loads(ws.recv(timeout=30))
            assert shown["type"] == f"{kind}d"
            validator.validate({"type": kind, "session": shown["session"]})
            assert not validator.is_valid({"type": kind, "session": shown["session"] | {"voice": "alloy"}})
            assert not validator.is_valid({"type": kind})


def test_errors_are_as_described(guarded: Guarded, document: dict[str, Any]) -> None:
    error = document["components"]["schemas"]["ErrorDetail"]
    for answer in (httpx.get(f"{guarded.url}/v1/models"), httpx.get(f"{guarded.url}/nowhere")):
        found = answer.json()["error"]
        assert set(error["required"]) <= set(found) <= set(error["properties"])


def test_parameters_with_one_value_are_enumerations(document: dict[str, Any]) -> None:
    """openapi-python-client leaves out an operation that has a header whose schema is a const."""
    parameters = [one for operation in operations(document) for one in operation.get("parameters", ())]
    assert {"Tus-Resumable", "intent"} & {one["name"] for one in parameters}
    assert not [one["name"] for one in parameters if "const" in one["schema"]]


def test_diarized_json_is_as_the_document_says(document: dict[str, Any]) -> None:
    word = Word("आज", 0.0, 0.4, 0.9)
    segments = (Segment(0.0, 0.4, (word,), speaker="Speaker 1"), Segment(1.0, 1.4, (word,), speaker="Asha"))
    common = {"model": "m:1", "usage": {"type": "duration", "seconds": 2.0}, "warnings": []}
    body = to_diarized_json(Transcript("hi", 2.0, segments)) | common
    schemas = document["components"]["schemas"]
    schema = {**schemas["OpenAIDiarizedTranscription"], "components": document["components"]}
    jsonschema_rs.validate(schema, body)
    assert set(body) == set(schemas["OpenAIDiarizedTranscription"]["properties"])
    assert set(body["segments"][0]) == set(schemas["DiarizedSegment"]["properties"])
    operation = document["paths"]["/v1/audio/transcriptions"]["post"]
    shapes = json.dumps(operation["responses"]["200"]["content"]["application/json"]["schema"])
    assert "OpenAIDiarizedTranscription" in shapes
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert {"known_speaker_names[]", "known_speaker_references[]", "diarize"} <= set(form)
