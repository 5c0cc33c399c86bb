"""An error as the body of an answer, with what OpenAI's clients read beside it."""

from __future__ import annotations

import pytest

from hindi_stt.errors import HindiSTTError, InternalError, InvalidRequest, Overloaded
from hindi_stt.errors.body import error_json

MODULES_UNDER_TEST = ("hindi_stt/errors/base.py",)


def test_what_every_body_has() -> None:
    (name, detail), *rest = error_json(InvalidRequest("x is wrong", param="x"), "req-1").items()
    assert (name, rest) == ("error", [])
    assert detail == {
        "code": InvalidRequest.code,
        "message": "x is wrong",
        "status": InvalidRequest.status,
        "request_id": "req-1",
        "help": InvalidRequest.help,
    }


@pytest.mark.parametrize(
    ("error", "kind", "param"),
    [
        (InvalidRequest("x", param="rate"), "invalid_request_error", "rate"),
        (Overloaded("x"), "invalid_request_error" if Overloaded.status < 500 else "server_error", None),
        (InternalError("x"), "server_error", None),
    ],
)
def test_openais_fields(error: HindiSTTError, kind: str, param: str | None) -> None:
    detail = error_json(error, "-", openai=True)["error"]
    assert (detail["type"], detail["param"]) == (kind, param)


def test_an_error_tells_its_one_case_and_its_class_the_rest() -> None:
    error = Overloaded("full", retry_after_s=3)
    assert str(error) == error.message == "full"
    assert error.retry_after_s == 3
    assert error.param is Overloaded.default_param
