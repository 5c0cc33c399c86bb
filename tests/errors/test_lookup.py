"""Errors by code and status, and fields that are named from outside."""

from __future__ import annotations

import pytest

from hindi_stt import errors
from hindi_stt.errors import HindiSTTError, InternalError, InvalidRequest, error_types, from_code
from hindi_stt.errors.lookup import from_status, within

CONCRETE = [cls for cls in error_types() if "code" in vars(cls)]


@pytest.mark.parametrize("cls", CONCRETE, ids=lambda cls: cls.__name__)
def test_an_error_crosses_a_process_boundary_by_its_code(cls: type[HindiSTTError]) -> None:
    found = from_code(cls.code, "what is wrong", retry_after_s=3)
    assert type(found) is cls
    assert (found.message, found.retry_after_s, found.status) == ("what is wrong", 3, cls.status)


def test_parents_come_before_their_children() -> None:
    found = list(error_types())
    assert all(found.index(parent) < found.index(cls) for cls in found for parent in cls.__bases__ if parent in found)


def test_an_unknown_code_is_an_internal_error() -> None:
    assert type(from_code("of_a_later_version", "x")) is InternalError


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 418, 429, 500, 502, 503, 504])
def test_a_status_that_a_library_chose(status: int) -> None:
    found = from_status(status, "x")
    assert found.message == "x"
    if status in {404, 405, 413, 415, 503, 504}:
        assert found.status == status
    elif status < 500:
        assert 400 <= found.status < 500 or isinstance(found, errors.Overloaded)
    else:
        assert isinstance(found, InternalError)


@pytest.mark.parametrize(("param", "wanted"), [("rate", "input.format.rate"), (None, "input.format")])
def test_the_field_at_fault_is_named_from_outside(param: str | None, wanted: str) -> None:
    with pytest.raises(InvalidRequest) as raised, within("input"), within("format"):
        raise InvalidRequest("x", param=param)
    assert raised.value.param == wanted


def test_an_error_of_the_server_is_no_fields_fault() -> None:
    with pytest.raises(InternalError) as raised, within("input"):
        raise InternalError("x")
    assert raised.value.param is None
