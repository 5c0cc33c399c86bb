"""Where each protocol is reached, and how its adapter is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from hindi_stt.protocols.adapter import Adapter
from hindi_stt.protocols.vosk import VoskAdapter

__all__ = ["ENDPOINTS", "Endpoint"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One protocol over WebSockets.

    Attributes:
        path: Its path at the API's port.
        adapter: Makes the adapter of a connection from its handshake; it may raise HindiSTTError.
    """

    path: str
    adapter: Callable[[HTTPConnection], Adapter]


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    VoskAdapter.name: Endpoint("/vosk", lambda _: VoskAdapter()),
}
"""By the names of HINDI_STT_PROTOCOLS."""
