"""Messages of Twilio, Telnyx, Exotel and Plivo → commands."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from hindi_stt.audio import PacketDecoder, PacketFormat
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.protocols.adapter import Adapter, Audio, Command, EndOfAudio, Note, Start
from hindi_stt.protocols.telephony.exotel import ExotelAdapter
from hindi_stt.protocols.telephony.plivo import PlivoAdapter
from hindi_stt.protocols.telephony.twilio import TwilioAdapter
from tests.support.streams import speech
from tests.support.telephony import (
    CALL_ID,
    STREAM_ID,
    at_rate,
    exotel_call,
    mu_law,
    plivo_call,
    telnyx_call,
    twilio_call,
)

MODULES_UNDER_TEST = (
    "hindi_stt/protocols/fields.py",
    "hindi_stt/protocols/telephony/exotel.py",
    "hindi_stt/protocols/telephony/media_events.py",
    "hindi_stt/protocols/telephony/plivo.py",
    "hindi_stt/protocols/telephony/twilio.py",
)

RAIN_8K = at_rate(speech("rain.flac"), 8_000)


def commands(adapter: Adapter, messages: Any) -> list[Command]:
    return [command for message in messages for command in adapter.receive(message)]


def audio(found: list[Command], track: int = 0) -> bytes:
    return b"".join(one.data for one in found if isinstance(one, Audio) and one.track == track)


def test_mu_law_of_the_simulator_is_that_of_libsndfile() -> None:
    decoded = PacketDecoder(PacketFormat("g711_ulaw", 8_000), 8_000).push(mu_law(RAIN_8K))
    error = decoded - RAIN_8K.astype(np.float32) / 2**15
    assert np.abs(error).max() < 0.02
    assert np.sqrt(np.mean(error**2)) < 0.002


def test_twilio_keeps_both_tracks_apart() -> None:
    inbound, outbound = mu_law(RAIN_8K), mu_law(RAIN_8K[::-1])
    parameters = {"language": "hi", "key": "stt_secret", "customer": "17"}
    found = commands(TwilioAdapter(), twilio_call({"inbound": inbound, "outbound": outbound}, parameters))
    start = found[0]
    assert isinstance(start, Start)
    assert [track.label for track in start.tracks] == ["inbound", "outbound"]
    assert {track.audio for track in start.tracks} == {PacketFormat("g711_ulaw", 8_000)}
    assert start.key == "stt_secret"
    assert start.parameters == {"language": "hi", "customer": "17"}
    assert start.call is not None
    assert (start.call.id, start.call.facts) == (CALL_ID, {"stream": STREAM_ID, "language": "hi", "customer": "17"})
    assert (audio(found, 0), audio(found, 1)) == (inbound, outbound)
    assert found[-3:] == [Note("dtmf", "5"), Note("mark", "greeting"), EndOfAudio()]


def test_telnyx_in_its_own_spelling() -> None:
    data = mu_law(RAIN_8K)
    found = commands(TwilioAdapter(), telnyx_call(data))
    assert isinstance(found[0], Start)
    assert found[0].call is not None
    assert found[0].call.id == CALL_ID
    assert audio(found) == data


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_exotel(rate: int) -> None:
    samples = at_rate(speech("rain.flac"), rate)
    found = commands(ExotelAdapter(), exotel_call(samples, rate, {"numerals": "latin"}))
    start = found[0]
    assert isinstance(start, Start)
    assert [(track.label, track.audio) for track in start.tracks] == [("inbound", PacketFormat("pcm16", rate))]
    assert start.parameters == {"numerals": "latin"}
    assert start.call is not None
    assert start.call.facts["from"] == "+919800000000"
    assert audio(found) == samples.astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("encoding", "rate", "wanted"),
    [
        ("audio/x-l16", 8_000, "pcm16"),
        ("audio/x-l16", 16_000, "pcm16"),
        ("audio/x-mulaw", 8_000, "g711_ulaw"),
    ],
)
@pytest.mark.parametrize(
    "extra", ["language=hi;customer=17", '{"language": "hi", "customer": 17}', "{X-PH-language: hi, X-PH-customer: 17}"]
)
def test_plivo(encoding: str, rate: int, wanted: str, extra: str) -> None:
    data = RAIN_8K.astype("<i2").tobytes()
    found = commands(PlivoAdapter(), plivo_call(data, encoding, rate, extra))
    start = found[0]
    assert isinstance(start, Start)
    assert [track.audio for track in start.tracks] == [PacketFormat(wanted, rate)]  # type: ignore[arg-type]
    assert start.parameters == {"language": "hi", "customer": "17"}
    assert audio(found) == data
    assert found[-1] == Note("dtmf", "1")


def started() -> TwilioAdapter:
    adapter = TwilioAdapter()
    commands(adapter, list(twilio_call({"inbound": b"a"}))[:2])
    return adapter


def media(payload: str, chunk: object = "1", track: str = "inbound") -> str:
    return json.dumps({"event": "media", "media": {"track": track, "chunk": chunk, "payload": payload}})


def test_reordered_and_repeated_packets() -> None:
    adapter = started()
    order = [1, 3, 2, 2, 5, 4, 1]
    found = commands(adapter, [media(base64.b64encode(bytes([n])).decode(), str(n)) for n in order])
    assert audio(found) == bytes([1, 2, 3, 4, 5])
    assert adapter.warnings() == ["inbound: 2 packets of audio came twice or too late, and were left out"]
    assert adapter.warnings() == []


def test_what_waits_when_the_call_ends_is_not_lost() -> None:
    adapter = started()
    commands(adapter, [media("AA==", "1")])
    assert commands(adapter, [media("AQ==", "3")]) == []
    assert commands(adapter, ['{"event": "stop"}']) == [Audio(0, b"\1"), EndOfAudio()]
    assert adapter.warnings() == ["inbound: 1 packets of audio never came, or came too late"]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        (b"\0", None),
        ("nothing", None),
        ("[1]", None),
        ("{}", "event"),
        ('{"event": 1}', "event"),
        ('{"event": "hello"}', "event"),
        ('{"event": "start", "start": {}}', "event"),
        ('{"event": "media"}', "media"),
        (media("AA==", track="third"), "media.track"),
        (media("not base64"), "media.payload"),
        ('{"event": "media", "media": {"payload": 1}}', "media.payload"),
    ],
)
def test_messages_that_cannot_be_used(message: str | bytes, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        started().receive(message)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "start",
    [
        1,
        {"mediaFormat": {"encoding": "OPUS"}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 16_000}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": "fast"}},
    ],
)
def test_a_start_that_cannot_be_used(start: object) -> None:
    with pytest.raises(HindiSTTError):
        TwilioAdapter().receive(json.dumps({"event": "start", "start": start}))


@pytest.mark.parametrize("kind", ["media", "dtmf", "mark"])
def test_nothing_comes_before_the_start(kind: str) -> None:
    with pytest.raises(InvalidRequest, match="before the start"):
        TwilioAdapter().receive(json.dumps({"event": kind, kind: {"payload": "AA==", "digit": "1", "name": "a"}}))


@pytest.mark.parametrize(
    ("adapter", "start", "events"),
    [
        (TwilioAdapter(), list(twilio_call({"inbound": b"\xff"}))[1], ["clear"]),
        (ExotelAdapter(), list(exotel_call(RAIN_8K[:80], 8_000))[1], ["clear"]),
        (PlivoAdapter(), next(plivo_call(b"\xff", "audio/x-mulaw", 8_000)), ["clearAudio", "checkpoint", "playAudio"]),
    ],
    ids=["twilio", "exotel", "plivo"],
)
def test_what_applications_send_to_the_platform_is_no_mistake(adapter: Adapter, start: str, events: list[str]) -> None:
    """A proxy between the platform and an application of its user may copy it to this server."""
    adapter.receive(start)
    for event in events:
        assert adapter.receive(json.dumps({"event": event, "streamId": STREAM_ID, "media": {"payload": "AA=="}})) == []


@pytest.mark.parametrize(
    ("adapter", "start", "pressed"),
    [
        (TwilioAdapter(), list(twilio_call({"inbound": b"\xff"}))[1], {"dtmf": {"track": "inbound", "digit": "#"}}),
        (TwilioAdapter(), list(telnyx_call(b"\xff"))[1], {"dtmf": {"digit": "#"}, "occurred_at": "now"}),
        (ExotelAdapter(), list(exotel_call(RAIN_8K[:80], 8_000))[1], {"dtmf": {"digit": "#", "duration": "100"}}),
        (PlivoAdapter(), next(plivo_call(b"\xff", "audio/x-mulaw", 8_000)), {"dtmf": {"digit": "#", "timestamp": "1"}}),
    ],
    ids=["twilio", "telnyx", "exotel", "plivo"],
)
def test_keys_that_are_pressed(adapter: Adapter, start: str, pressed: dict[str, Any]) -> None:
    adapter.receive(start)
    assert adapter.receive(json.dumps({"event": "dtmf", **pressed})) == [Note("dtmf", "#")]
