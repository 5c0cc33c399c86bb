"""A client's message to its adapter, whatever is in it."""

from __future__ import annotations

from typing import Final

from hindi_stt.errors import HindiSTTError, InternalError, InvalidRequest
from hindi_stt.observability.request_context import log
from hindi_stt.protocols.adapter import Adapter, Command, Message

__all__ = ["MAX_MESSAGE_BYTES", "MAX_REJECTED", "checked_commands"]

MAX_MESSAGE_BYTES: Final = 2 * 2**20
"""Longest message of a client: a packet is a tenth of a second or so."""
MAX_REJECTED: Final = 20
"""Messages that cannot be used, after which a connection is closed."""


def checked_commands(adapter: Adapter, message: Message) -> list[Command]:
    """Have an adapter parse a message, whatever is in it.

    Args:
        adapter: The adapter.
        message: The message.

    Returns:
        Its commands.

    Raises:
        HindiSTTError: The message cannot be used, as the adapter says.
        InvalidRequest: It is too long.
        InternalError: The adapter failed.
    """
    if len(message) > MAX_MESSAGE_BYTES:
        raise InvalidRequest(f"The message has {len(message)} characters; the limit is {MAX_MESSAGE_BYTES}.")
    try:
        return adapter.receive(message)
    except HindiSTTError:  # unlike all others
        raise
    except Exception as error:  # a message must not end more than itself
        log.exception("%s message failed", adapter.name)
        raise InternalError("An unexpected error has occurred.") from error
