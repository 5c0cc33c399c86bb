"""Items that were read from a realtime connection and are not handled yet."""

from __future__ import annotations

from dataclasses import dataclass

from hindi_stt.api.live.inbox import GOING_AWAY, INTERNAL_ERROR, POLICY, TRY_LATER, SessionClosing
from hindi_stt.api.live.inbox import Inbox as LiveInbox
from hindi_stt.api.realtime.client_events import Append, Clear, Commit
from hindi_stt.api.realtime.session_config import SessionConfig
from hindi_stt.errors import HindiSTTError

__all__ = [
    "GOING_AWAY",
    "INTERNAL_ERROR",
    "POLICY",
    "TRY_LATER",
    "ConfigChange",
    "Inbox",
    "Item",
    "PartialReady",
    "Rejected",
    "SessionClosing",
    "joined",
]


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """Another configuration, effective from here on.

    Attributes:
        config: The configuration.
        beta: Whether it was sent in the spelling of OpenAI's beta.
    """

    config: SessionConfig
    beta: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """A client's event that cannot be used.

    Attributes:
        error: The reason.
        event_id: The client's id of the event, for the error about it.
    """

    error: HindiSTTError
    event_id: str | None


@dataclass(frozen=True, slots=True)
class PartialReady:
    """A hypothesis about the utterance in progress can be taken."""


Item = Append | Commit | Clear | ConfigChange | Rejected | PartialReady | SessionClosing
Inbox = LiveInbox[Item]


def joined(items: list[Item]) -> list[Item]:
    """Join packets that follow each other: a connection that is behind catches up in one step."""
    found: list[Item] = []
    for item in items:
        before = found[-1] if found else None
        if isinstance(item, Append) and isinstance(before, Append):
            found[-1] = before.model_copy(update={"audio": before.audio + item.audio})
        else:
            found.append(item)
    return found
