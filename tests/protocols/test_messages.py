"""Whatever a client sends ends with a named error at the most."""

from __future__ import annotations

import logging

import pytest

from hindi_stt.errors import InternalError, InvalidRequest
from hindi_stt.protocols.adapter import Command, Message
from hindi_stt.protocols.messages import MAX_MESSAGE_BYTES, checked_commands
from hindi_stt.protocols.vosk import VoskAdapter


class FailingAdapter(VoskAdapter):
    """An adapter with a fault."""

    def receive(self, message: Message) -> list[Command]:
        raise ZeroDivisionError(message)


def test_the_longest_message_is_taken_and_a_longer_one_refused() -> None:
    assert checked_commands(VoskAdapter(), bytes(MAX_MESSAGE_BYTES))
    with pytest.raises(InvalidRequest, match=f"{MAX_MESSAGE_BYTES + 1} characters; the limit is {MAX_MESSAGE_BYTES}"):
        checked_commands(VoskAdapter(), bytes(MAX_MESSAGE_BYTES + 1))


def test_what_the_adapter_refuses_is_passed_on() -> None:
    with pytest.raises(InvalidRequest, match="not JSON"):
        checked_commands(VoskAdapter(), "{")


def test_a_fault_of_the_adapter_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(InternalError) as caught:
        checked_commands(FailingAdapter(), "a message")
    assert "a message" not in caught.value.message
    assert [record.getMessage() for record in caplog.records] == ["vosk message failed"]
