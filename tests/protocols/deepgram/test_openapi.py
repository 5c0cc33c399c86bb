"""The OpenAPI document's part on /v1/listen, against a real server's answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.protocols.deepgram.query import WITH_EFFECT, parse_query
from tests.support.server import Server
from tests.support.speaking_server import deepgram_with_speakers
from tests.support.streams import speech
from tests.support.wav import wav

pytestmark = pytest.mark.slow
MODULES_UNDER_TEST = ("hindi_stt/api/openapi/listen.py",)
PATH = "/v1/listen"
REGISTRY = Registry([Bundle.open(EMBEDDED)])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with deepgram_with_speakers(tmp_path_factory.mktemp("listen")) as running:
        yield running


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/docs.json").json()
    return found


def strict(node: Any) -> Any:
    """A schema whose objects have no fields but those that it names."""
    if isinstance(node, list):
        return [strict(part) for part in node]
    if not isinstance(node, dict):
        return node
    found = {name: strict(part) for name, part in node.items()}
    return found | {"additionalProperties": False} if "properties" in found else found


def test_an_answer_has_the_fields_that_are_described(server: Server, document: dict[str, Any]) -> None:
    schema = document["paths"][PATH]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for({**schema, "components": strict(document["components"])})
    asked = ("punctuate", "smart_format", "diarize", "utterances", "paragraphs", "detect_language")
    query: dict[str, Any] = dict.fromkeys(asked, "true") | {"tag": "a", "extra": "k:v", "topics": "true"}
    for more in ({}, {"multichannel": "true"}):
        answer = httpx.post(f"{server.url}{PATH}", params=query | more, content=wav(speech("rain.flac")), timeout=60)
        validator.validate(answer.json())
        assert not validator.is_valid(answer.json() | {"colour": "red"})


def test_parameters_are_those_that_have_an_effect(document: dict[str, Any]) -> None:
    described = {one["name"] for method in ("get", "post") for one in document["paths"][PATH][method]["parameters"]}
    assert described == WITH_EFFECT
    for method, live in (("post", False), ("get", True)):
        for one in document["paths"][PATH][method]["parameters"]:
            value = "5" if one["schema"]["type"] in {"integer", "number"} else "true"
            given_value = {"sample_rate": "8000", "silence_ms": "500", "encoding": "alaw"}.get(one["name"], value)
            found = parse_query([("encoding", "alaw"), (one["name"], given_value)], REGISTRY, live=live)
            assert not any("has no effect" in text for text in found.warnings), one["name"]


def test_a_request_without_a_web_socket_is_answered_as_described(server: Server, document: dict[str, Any]) -> None:
    answer = httpx.get(f"{server.url}{PATH}")
    assert str(answer.status_code) in document["paths"][PATH]["get"]["responses"]
    assert answer.json()["error"]["status"] == answer.status_code


@pytest.mark.slow
def test_answers_are_as_promised(server: Server) -> None:
    """Forty requests to each operation, drawn from what the document says it takes, and from what it does not."""
    described = schemathesis.openapi.from_url(f"{server.url}/docs.json")
    operations = [one for result in described.get_all_operations() if (one := result.ok()).path == PATH]
    assert len(operations) == 2
    modes = st.sampled_from(list(schemathesis.GenerationMode))
    for operation in operations:

        @given(case=modes.flatmap(lambda mode, operation=operation: operation.as_strategy(generation_mode=mode)))
        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def press(case: schemathesis.Case) -> None:
            checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
            case.call_and_validate(checks=checks, timeout=30)

        press()
