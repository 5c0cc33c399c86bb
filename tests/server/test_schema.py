"""What the OpenAPI document promises, by schemathesis; and that it knows every route."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.guarded import Guarded
from tests.support.server import ROOT, Server

pytestmark = pytest.mark.api

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

ROUTES = """
import json, service
from starlette.routing import Route
app = service.HindiSTT.to_asgi()
mounted = [route for mount in service.HindiSTT.mount_apps for route in mount[0].routes]
print(json.dumps(sorted({r.path for r in [*app.routes, *mounted] if isinstance(r, Route)})))
"""


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_answers_are_as_promised(server: Server) -> None:
    """Forty requests to each operation, drawn from what the document says it takes, and from what it does not."""
    document = schemathesis.openapi.from_url(f"{server.url}/docs.json")
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) >= 13
    for operation in operations:
        _press(operation)
    assert httpx.get(f"{server.url}/health").json()["status"] != "unhealthy"


def _press(operation: APIOperation) -> None:
    modes = st.sampled_from(list(schemathesis.GenerationMode))
    cases = modes.flatmap(lambda mode: operation.as_strategy(generation_mode=mode))

    @given(case=cases)
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def press(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, timeout=30)

    press()


def test_every_route_is_in_the_document(guarded: Guarded, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", ROUTES]
    environment = os.environ | {"HINDI_STT_JOBS_DIR": str(tmp_path)}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    routes = {path.replace(":path", "") for path in json.loads(found.stdout.splitlines()[-1])}
    # The pages' own files, and those of BentoML's page, which are not served.
    routes -= {"/ui/{version}/{name}", "/reference/{version}/{name}", "/static_content/{below}"}
    assert routes <= set(httpx.get(f"{guarded.url}/docs.json").json()["paths"])
