"""Where each protocol is reached, and how its adapter is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from hindi_stt.bundle.registry import Registry
from hindi_stt.protocols.adapter import Adapter
from hindi_stt.protocols.deepgram.live import DeepgramAdapter
from hindi_stt.protocols.telephony.exotel import ExotelAdapter
from hindi_stt.protocols.telephony.freeswitch import FreeSwitchAdapter
from hindi_stt.protocols.telephony.plivo import PlivoAdapter
from hindi_stt.protocols.telephony.signatures import verify_plivo, verify_twilio
from hindi_stt.protocols.telephony.twilio import TwilioAdapter
from hindi_stt.protocols.vosk import VoskAdapter
from hindi_stt.settings import Settings

__all__ = ["ENDPOINTS", "Endpoint"]


def _unsigned(connection: HTTPConnection, settings: Settings) -> bool:
    """The platform signs nothing."""
    del connection, settings
    return False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One protocol over WebSockets.

    Attributes:
        path: Its path at the API's port.
        adapter: Makes the adapter of a connection from its handshake and the models; it may raise HindiSTTError.
        signed: Whether the handshake has a valid signature; it raises SignatureInvalid where it has to and has none.
    """

    path: str
    adapter: Callable[[HTTPConnection, Registry], Adapter]
    signed: Callable[[HTTPConnection, Settings], bool] = _unsigned


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    VoskAdapter.name: Endpoint("/vosk", lambda *_: VoskAdapter()),
    TwilioAdapter.name: Endpoint("/v1/telephony/twilio", lambda *_: TwilioAdapter(), verify_twilio),
    ExotelAdapter.name: Endpoint("/v1/telephony/exotel", lambda *_: ExotelAdapter()),
    PlivoAdapter.name: Endpoint("/v1/telephony/plivo", lambda *_: PlivoAdapter(), verify_plivo),
    DeepgramAdapter.name: Endpoint("/v1/listen", DeepgramAdapter),
    FreeSwitchAdapter.name: Endpoint("/v1/telephony/freeswitch", lambda connection, _: FreeSwitchAdapter(connection)),
}
"""By the names of HINDI_STT_PROTOCOLS."""
