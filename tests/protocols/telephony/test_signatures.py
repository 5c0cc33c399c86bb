"""Signatures of platforms; tests/clients/test_telephony.py compares with the platforms' own packages."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from starlette.requests import HTTPConnection

from hindi_stt.errors import SignatureInvalid
from hindi_stt.protocols.telephony.signatures import verify_plivo, verify_twilio
from hindi_stt.settings import Settings

TOKEN = "12345"
PATH = "/v1/telephony/twilio"


def handshake(query: str = "", **headers: str) -> HTTPConnection:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "websocket", "path": PATH, "headers": pairs, "query_string": query.encode()})


def signed(text: str, digest: str = "sha1", token: str = TOKEN) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), getattr(hashlib, digest)).digest()).decode()


@pytest.mark.parametrize(
    ("settings", "query", "address"),
    [
        ({}, "", f"wss://stt.example.com{PATH}"),
        ({}, "a=1", f"wss://stt.example.com{PATH}?a=1"),
        ({}, "", f"wss://stt.example.com:443{PATH}"),
        ({}, "", f"wss://stt.example.com{PATH}/"),
        ({"public_url": "wss://in.example.org/speech"}, "", f"wss://in.example.org/speech{PATH}"),
        ({"public_url": "wss://in.example.org:8443"}, "", f"wss://in.example.org:8443{PATH}"),
    ],
)
def test_twilio(settings: dict[str, str], query: str, address: str) -> None:
    made = Settings(twilio_auth_token=TOKEN, **settings)
    assert verify_twilio(handshake(query, host="stt.example.com", x_twilio_signature=signed(address)), made)
    for other in (signed(address, token="54321"), signed(f"{address}x"), "", "é"):
        with pytest.raises(SignatureInvalid):
            verify_twilio(handshake(query, host="stt.example.com", x_twilio_signature=other), made)


def test_plivo() -> None:
    made = Settings(plivo_auth_token=TOKEN)
    text = f"wss://stt.example.com{PATH}?a=1&b=2.nonce"
    good = {"host": "stt.example.com", "x_plivo_signature_v3_nonce": "nonce"}
    both = f"{signed('another', 'sha256')},{signed(text, 'sha256')}"
    assert verify_plivo(handshake("b=2&a=1", **good, x_plivo_signature_v3=both), made)
    with pytest.raises(SignatureInvalid):
        verify_plivo(handshake("b=2&a=1", **good), made)
    with pytest.raises(SignatureInvalid):
        verify_plivo(handshake("b=2&a=1", host="stt.example.com", x_plivo_signature_v3=both), made)


def test_nothing_is_checked_without_a_token() -> None:
    assert not verify_twilio(handshake(host="stt.example.com"), Settings())
    assert not verify_plivo(handshake(host="stt.example.com"), Settings())


def test_a_host_that_is_none() -> None:
    with pytest.raises(SignatureInvalid):
        verify_twilio(handshake(host="[stt", x_twilio_signature="a"), Settings(twilio_auth_token=TOKEN))
