"""A body reaches an API as it was sent, whatever its content type; in a real service of BentoML's."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

BODIES = [
    pytest.param("application/octet-stream", b"\x00\x01", id="bytes"),
    pytest.param("application/json", b'{"file": "http://127.0.0.1:1/x"}', id="a URL that BentoML would fetch"),
    pytest.param("multipart/form-data; boundary=x", b"--x\r\nbroken", id="a broken form"),
    pytest.param("text/plain", "आज".encode(), id="text"),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
@pytest.mark.parametrize(("content_type", "body"), BODIES)
def test_a_body_arrives_as_it_was_sent(content_type: str, body: bytes) -> None:
    import bentoml

    from hindi_stt.bentoml_compat.unread_request import UnreadRequest

    class Recording(UnreadRequest):
        file: Path

    class Answer(bentoml.IODescriptor):
        text: str

    @bentoml.service(metrics={"enabled": False}, tracing={"excluded_urls": ".*"})
    class Echo:
        @bentoml.api(input_spec=Recording, output_spec=Answer)
        async def echo(self, file: Request) -> Response:
            return Response(await file.body(), media_type=file.headers["content-type"])

    with TestClient(Echo.to_asgi()) as client:
        response = client.post("/echo", content=body, headers={"content-type": content_type})
    assert (response.status_code, response.content) == (200, body)
