"""Telephony with the platforms' own packages: signatures by Twilio's and Plivo's, messages by Pipecat's serializers."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.server import Server
from tests.support.telephony import (
    CALL_ID,
    RATE,
    STREAM_ID,
    at_rate,
    exotel_call,
    mu_law,
    plivo_call,
    telnyx_call,
    twilio_call,
)
from tests.support.wav import wav

pytestmark = pytest.mark.clients
for package in ("pipecat", "plivo", "twilio"):
    pytest.importorskip(package)

from pipecat.frames.frames import InputAudioRawFrame, InputDTMFFrame, OutputAudioRawFrame, StartFrame  # noqa: E402
from pipecat.serializers.exotel import ExotelFrameSerializer  # noqa: E402
from pipecat.serializers.plivo import PlivoFrameSerializer  # noqa: E402
from pipecat.serializers.telnyx import TelnyxFrameSerializer  # noqa: E402
from pipecat.serializers.twilio import TwilioFrameSerializer  # noqa: E402
from plivo.utils.signature_v3 import construct_get_url, get_signature_v3, validate_v3_signature  # noqa: E402
from twilio.request_validator import RequestValidator  # noqa: E402

SETUP = StartFrame(audio_in_sample_rate=RATE)
TOKEN = "0123456789abcdef"
PUBLIC = "wss://calls.example.com"


def twilio_serializer() -> Any:
    return TwilioFrameSerializer(STREAM_ID, params=TwilioFrameSerializer.InputParams(auto_hang_up=False))


def telnyx_serializer() -> Any:
    params = TelnyxFrameSerializer.InputParams(auto_hang_up=False)
    return TelnyxFrameSerializer(STREAM_ID, "PCMU", "PCMU", params=params)


def exotel_serializer() -> Any:
    params = ExotelFrameSerializer.InputParams(exotel_sample_rate=RATE)
    return ExotelFrameSerializer(STREAM_ID, params=params)


def plivo_serializer() -> Any:
    return PlivoFrameSerializer(STREAM_ID, params=PlivoFrameSerializer.InputParams(auto_hang_up=False))


# Path, what the platform sends of a recording, and Pipecat's serializer, which reads the same messages.
PLATFORMS: dict[str, tuple[str, Callable[[np.ndarray, str], Iterator[str]], Callable[[], Any]]] = {
    "twilio": (
        "twilio",
        lambda samples, call: twilio_call({"inbound": mu_law(at_rate(samples, 8_000))}, call_id=call),
        twilio_serializer,
    ),
    "telnyx": ("twilio", lambda samples, call: telnyx_call(mu_law(at_rate(samples, 8_000)), call), telnyx_serializer),
    "exotel": ("exotel", lambda samples, call: exotel_call(samples, RATE, call_id=call), exotel_serializer),
    "plivo": (
        "plivo",
        lambda samples, call: plivo_call(mu_law(at_rate(samples, 8_000)), "audio/x-mulaw", 8_000, call_id=call),
        plivo_serializer,
    ),
}


@pytest.fixture(scope="module")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("platforms"), HINDI_STT_PROTOCOLS="twilio,exotel,plivo,freeswitch")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def sent(server: Server, path: str, messages: Any, **headers: str) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/v1/telephony/{path}", additional_headers=headers) as ws:
        for message in messages:
            ws.send(message)
        if json.loads(message)["event"] == "stop":
            with contextlib.suppress(ConnectionClosed):
                ws.recv(timeout=60)


def final_text(server: Server, call: str) -> str:
    with httpx.stream("GET", f"{server.url}/v1/calls/{call}/events", timeout=60) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    return " ".join(event["text"] for event in events if event["type"] == "final")


def read_by_pipecat(serializer: Any, messages: Iterator[str]) -> tuple[np.ndarray, list[str]]:
    """The audio that Pipecat takes from the messages, at 16 kHz, and the keys that were pressed."""

    async def read() -> list[Any]:
        await serializer.setup(SETUP)
        return [await serializer.deserialize(message) for message in messages]

    frames = asyncio.run(read())
    audio = b"".join(frame.audio for frame in frames if isinstance(frame, InputAudioRawFrame))
    digits = [frame.button.value for frame in frames if isinstance(frame, InputDTMFFrame)]
    return np.frombuffer(audio, "<i2"), digits


@pytest.mark.parametrize("name", list(PLATFORMS))
def test_pipecat_hears_what_the_server_hears(
    name: str, platforms: Server, rain: np.ndarray, alike: Callable[[str], bool]
) -> None:
    path, messages, serializer = PLATFORMS[name]
    samples, digits = read_by_pipecat(serializer(), messages(rain, name))
    assert abs(len(samples) - len(rain)) < RATE / 2  # its resamplers keep a part
    assert alike(platforms.transcribe(wav(samples)).json()["text"])
    sent(platforms, path, messages(rain, name))
    assert alike(final_text(platforms, name))
    assert digits in ([], ["5"], ["1"])


@pytest.mark.parametrize("name", ["twilio", "exotel"])
def test_the_server_takes_what_pipecat_sends(
    name: str, platforms: Server, rain: np.ndarray, alike: Callable[[str], bool]
) -> None:
    """Media as Pipecat writes them, without track and number."""
    path, messages, make = PLATFORMS[name]
    serializer, call = make(), f"{name}-pipecat"

    async def written() -> list[str]:
        await serializer.setup(SETUP)
        parts = [rain[start : start + RATE // 10] for start in range(0, len(rain), RATE // 10)]
        frames = [OutputAudioRawFrame(part.astype("<i2").tobytes(), RATE, 1) for part in parts]
        return [text for frame in frames if (text := await serializer.serialize(frame))]

    start = [message for message in messages(rain, call) if json.loads(message)["event"] in {"connected", "start"}]
    stop = json.dumps({"event": "stop", "stop": {}})
    sent(platforms, path, [*start, *asyncio.run(written()), stop])
    assert alike(final_text(platforms, call))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("signed"),
        HINDI_STT_PROTOCOLS="twilio,plivo",
        HINDI_STT_PUBLIC_URL=PUBLIC,
        HINDI_STT_TWILIO_AUTH_TOKEN=TOKEN,
        HINDI_STT_PLIVO_AUTH_TOKEN=TOKEN,
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def status_of(server: Server, path: str, headers: dict[str, str]) -> int:
    try:
        with connect(f"ws://127.0.0.1:{server.port}{path}", additional_headers=headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("query", ["", "?queue=7"])
def test_signatures_of_twilio(signed: Server, query: str) -> None:
    path, validator = f"/v1/telephony/twilio{query}", RequestValidator(TOKEN)
    signature = validator.compute_signature(PUBLIC + path, {})
    assert validator.validate(PUBLIC + path, {}, signature)
    assert status_of(signed, path, {"X-Twilio-Signature": signature}) == 101
    for other in (RequestValidator("another").compute_signature(PUBLIC + path, {}), signature[::-1]):
        assert not validator.validate(PUBLIC + path, {}, other)
        assert status_of(signed, path, {"X-Twilio-Signature": other}) == 403


@pytest.mark.parametrize("query", ["", "?b=2&a=1"])
def test_signatures_of_plivo(signed: Server, query: str) -> None:
    path, nonce = f"/v1/telephony/plivo{query}", "12345678901234567890"
    # Its validator takes no wss:// address.
    address = PUBLIC.replace("wss", "https") + path
    signature = get_signature_v3(TOKEN, construct_get_url(address, {}), nonce)
    signature = signature.decode() if isinstance(signature, bytes) else signature
    assert validate_v3_signature("GET", address, nonce, TOKEN, signature, {})
    headers = {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}
    assert status_of(signed, path, headers) == 101
    assert status_of(signed, path, headers | {"X-Plivo-Signature-V3-Nonce": nonce[1:]}) == 403


def test_the_payload_of_a_message_is_the_audio() -> None:
    """What the simulator sends is what the references describe: base64 of the audio, in order."""
    data = mu_law(np.arange(-800, 800, dtype=np.int16))
    media = [json.loads(message) for message in twilio_call({"inbound": data}) if '"media"' in message]
    payloads = [base64.b64decode(message["media"]["payload"]) for message in media if message["event"] == "media"]
    assert b"".join(payloads) == data
    assert CALL_ID.startswith("CA")
