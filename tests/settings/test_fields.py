"""Texts of settings: lists, names of hosts, and the errors about values."""

from __future__ import annotations

import pytest

from hindi_stt.settings import invalid_setting, is_host_name, shown, split_list, variable


def test_the_error_names_the_variable_the_value_and_the_reason() -> None:
    error = invalid_setting("vosk_port", 70_000, "write a port.")
    assert error.message == "HINDI_STT_VOSK_PORT=70000: write a port."
    assert error.code == "invalid_setting"


def test_passwords_of_urls_are_left_out() -> None:
    error = invalid_setting("limits_url", "redis://user:secret@host:6379/0", "is wrong.")
    assert "secret" not in error.message
    assert "host:6379" in error.message
    assert shown("postgresql+psycopg://a:b@db/x, redis://:c@cache") == "'postgresql+psycopg://…@db/x, redis://…@cache'"


@pytest.mark.parametrize("name", ["localhost", "stt.example", "a-b.c_d", "10.0.0.5", "x"])
def test_names_of_hosts(name: str) -> None:
    assert is_host_name(name)


@pytest.mark.parametrize("name", ["", "stt.example:3000", "http://stt.example", "a..b", ".a", "a.", "a b", "[::1]"])
def test_what_is_no_name_of_a_host(name: str) -> None:
    assert not is_host_name(name)


def test_lists() -> None:
    assert split_list(" a, b ,,c ") == ("a", "b", "c")
    assert split_list("") == ()


def test_variables() -> None:
    assert variable("max_audio_s") == "HINDI_STT_MAX_AUDIO_S"
