"""The media type of a response is found once; a real service of BentoML's answers."""

from __future__ import annotations

import bentoml
import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from hindi_stt.bentoml_compat.media_types import remember_media_types


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
def test_a_responses_media_type_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when BentoML no longer looks for it, or no longer does so by way of the type's JSON schema."""
    schemas = 0
    make_schema = TypeAdapter.json_schema

    def counted(self: TypeAdapter[object], *args: object, **kwargs: object) -> dict[str, object]:
        nonlocal schemas
        schemas += 1
        return make_schema(self, *args, **kwargs)  # type: ignore[arg-type]

    @bentoml.service(metrics={"enabled": False}, tracing={"excluded_urls": ".*"})
    class Numbers:
        @bentoml.api
        def double(self, numbers: list[int]) -> list[int]:
            return [2 * number for number in numbers]

    def schemas_of(n: int) -> tuple[int, str]:
        nonlocal schemas
        with TestClient(Numbers.to_asgi()) as client:
            client.post("/double", json={"numbers": [1]})
            schemas = 0
            answers = [client.post("/double", json={"numbers": [1, 2]}) for _ in range(n)]
        assert [answer.json() for answer in answers] == [[2, 4]] * n
        return schemas, answers[0].headers["content-type"]

    monkeypatch.setattr(TypeAdapter, "json_schema", counted)
    before, media_type = schemas_of(3)
    assert before >= 3
    remember_media_types(Numbers)
    assert schemas_of(3) == (0, media_type)
