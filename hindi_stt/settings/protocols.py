"""Settings of telephony and other protocols."""

from __future__ import annotations

from typing import ClassVar, Final

from hindi_stt.settings.fields import SettingsGroup, setting, split_list

__all__ = ["CALL_PROTOCOLS", "PROTOCOLS", "ProtocolSettings"]

CALL_PROTOCOLS: Final = ("twilio", "exotel", "plivo", "freeswitch", "audiosocket")
"""Protocols whose connections are calls."""
PROTOCOLS: Final = ("vosk", "deepgram", "wyoming", *CALL_PROTOCOLS)


class ProtocolSettings(SettingsGroup):
    """Telephony and clients of other recognisers (docs/telephony.md, docs/assistants.md)."""

    title: ClassVar[str] = "Telephony and other protocols"

    protocols: str = setting(
        "",
        f"Protocols that the server speaks besides its own API, with commas between: {', '.join(PROTOCOLS)}. Empty: "
        "none.",
        example="twilio,vosk",
    )
    protocol_host: str = setting(
        "127.0.0.1",
        "Address on which protocols with a port of their own listen.",
        example="0.0.0.0",  # noqa: S104
    )
    protocol_networks: str = setting(
        "127.0.0.0/8,::1/128",
        "Networks whose connections need no key, for protocols that carry none, with commas between. With API keys "
        "each names the key that counts: NETWORK=NAME; a network without a name is then refused.",
        example="10.1.0.0/16=callcentre",
    )
    protocol_options: str = setting(
        "",
        "Default options of connections that send none themselves, as JSON: names of API keys, and the options of "
        "each; the "
        "empty name is for all. Empty: the server's own.",
        example='{"": {"numerals": "latin"}, "callcentre": {"mask": "all"}}',
    )
    protocol_speed: float = setting(
        0.0,
        "Fastest rate at which the audio of a connection is read after its first five seconds, so that clients that "
        "send recordings do not slow down live speakers; 1 or more. 0: no limit.",
        unit="times real time",
        example="2",
        ge=0,
    )
    vosk_port: int = setting(
        0,
        "Port for clients of the Vosk server, which know only ws://HOST:2700. 0: none, they use the path /vosk.",
        example="2700",
        unit="port",
        ge=0,
        le=65_535,
    )
    wyoming_port: int = setting(
        0,
        "Port for Wyoming, the protocol of Home Assistant's voice services, which needs one. 0: none.",
        example="10300",
        unit="port",
        ge=0,
        le=65_535,
    )
    audiosocket_port: int = setting(
        0,
        "Port for Asterisk's AudioSocket, which needs one. 0: none.",
        example="9092",
        unit="port",
        ge=0,
        le=65_535,
    )

    public_url: str = setting(
        "",
        "The address by which telephony platforms reach this server, where it is behind a proxy; their signatures "
        "include it. "
        "Empty: wss:// and the request's own host.",
        example="wss://stt.example.com",
    )
    twilio_auth_token: str = setting(
        "",
        "Auth token of the Twilio account: streams without its signature are refused. Empty: none is checked.",
        example="$(cat /run/secrets/twilio)",
    )
    plivo_auth_token: str = setting(
        "",
        "Auth token of the Plivo account: streams without its signature are refused. Empty: none is checked.",
        example="$(cat /run/secrets/plivo)",
    )
    telephony_key_name: str = setting(
        "",
        "Name of the API key that signed calls without a key of their own count for. Empty: they need a key.",
        example="callcentre",
    )

    call_max_s: float = setting(14_400.0, "Longest call.", example="7200", unit="seconds", gt=0)
    calls_url: str = setting(
        "",
        "Redis that carries the events of calls between API workers and servers: redis://HOST:PORT. Empty: that of "
        "HINDI_STT_LIMITS_URL, or this process alone, for which there may be one API worker only.",
        example="redis://redis.example.com:6379",
        pattern=r"^(rediss?://.+)?$",
    )
    calls_webhook_url: str = setting(
        "",
        "Address that gets the transcript of each call when it has ended, signed and repeated as the webhooks of jobs "
        "are; needs HINDI_STT_JOBS_DIR. Empty: none.",
        example="https://crm.example.com/calls",
    )
    calls_webhook_secret: str = setting(
        "",
        "Signs these webhooks: whsec_ and 24 to 64 bytes in base64.",
        example="whsec_$(openssl rand -base64 32)",
    )

    @property
    def protocol_names(self) -> frozenset[str]:
        """The protocols that are on."""
        return frozenset(split_list(self.protocols))

    @property
    def takes_calls(self) -> bool:
        """Whether a protocol is on whose connections are calls."""
        return bool(self.protocol_names & set(CALL_PROTOCOLS))
