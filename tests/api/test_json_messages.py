"""Clients' messages as JSON objects."""

from __future__ import annotations

import pytest

from hindi_stt.api.json_messages import dump_json, parse_json_object
from hindi_stt.errors import InvalidRequest


@pytest.mark.parametrize("text", ['{"a": ["नमस्ते", 1, null]}', ' {"a": ["नमस्ते", 1, null]}\n'])
def test_an_object(text: str) -> None:
    expected = {"a": ["नमस्ते", 1, None]}
    assert parse_json_object(text, "The message") == expected
    assert parse_json_object(text.encode(), "The message") == expected


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{", '{"a": 1} x', "{'a': 1}", '{"a": "\\ud800"}', "[" * 100_000, '{"a": ' + "9" * 5_000 + "}"],
)
def test_what_is_not_json(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^The line is not JSON, or holds invalid text\.$"):
        parse_json_object(text, "The line")
    with pytest.raises(InvalidRequest, match=r"^The line is not JSON"):
        parse_json_object(b"\xff" + text.encode(), "The line")


@pytest.mark.parametrize("text", ["[]", "1", "null", '"{}"', "true"])
def test_what_is_not_an_object(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^The body is not a JSON object\.$"):
        parse_json_object(text, "The body")


def test_the_error_shows_the_beginning_of_the_message_where_that_is_wanted() -> None:
    with pytest.raises(InvalidRequest, match=r"invalid text: hel$"):
        parse_json_object("hello", "The message", shown_letters=3)


def test_an_object_as_text_has_no_escapes() -> None:
    assert dump_json({"text": "नमस्ते", "n": [1, None]}) == '{"text": "नमस्ते", "n": [1, null]}'
