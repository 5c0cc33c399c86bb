"""Frames of FreeSWITCH's modules → commands."""

from __future__ import annotations

import json

import numpy as np
import pytest
from starlette.requests import HTTPConnection

from hindi_stt.audio import PacketFormat
from hindi_stt.errors import InvalidRequest
from hindi_stt.protocols.adapter import Audio, Note, Start
from hindi_stt.protocols.telephony.freeswitch import FreeSwitchAdapter
from hindi_stt.streaming import Utterance
from hindi_stt.types import Segment, Word


def adapter(query: str = "") -> FreeSwitchAdapter:
    scope = {"type": "websocket", "path": "/", "headers": [], "query_string": query.encode()}
    return FreeSwitchAdapter(HTTPConnection(scope))


def test_metadata_first() -> None:
    made = adapter("rate=16000&language=hi")
    (start,) = made.receive(json.dumps({"uuid": "abc", "key": "stt_secret", "customer": 17}))
    assert isinstance(start, Start)
    assert [track.audio for track in start.tracks] == [PacketFormat("pcm16", 16_000)]
    assert start.key == "stt_secret"
    assert start.call is not None
    assert start.call.id == "abc"
    assert start.call.facts == {"rate": "16000", "language": "hi", "uuid": "abc", "customer": "17"}
    assert made.receive(b"abc") == [Audio(0, b"abc")]
    assert made.receive("hold") == [Note("text", "hold")]


def test_no_metadata_or_one_that_is_no_object() -> None:
    start, audio = adapter().receive(b"ab")
    assert isinstance(start, Start)
    assert [track.audio for track in start.tracks] == [PacketFormat("pcm16", 8_000)]
    assert audio == Audio(0, b"ab")
    (start,) = adapter().receive("from the queue")
    assert isinstance(start, Start)
    assert start.parameters == {"metadata": "from the queue"}


def test_stereo_is_two_tracks_wherever_frames_are_cut() -> None:
    made = adapter("mix=stereo")
    left, right = np.arange(50, dtype="<i2"), -np.arange(50, dtype="<i2")
    data = np.stack([left, right], axis=1).tobytes()
    found = [command for part in (data[:7], data[7:9], data[9:]) for command in made.receive(part)]
    tracks = [b"".join(one.data for one in found if isinstance(one, Audio) and one.track == track) for track in (0, 1)]
    assert tracks == [left.tobytes(), right.tobytes()]


def test_finals_are_events_for_freeswitch() -> None:
    made = adapter("channels=2")
    made.receive(b"")
    words = (Word("नमस्ते", 1.0, 1.5, 0.9),)
    (sent,) = made.results(1, Utterance(1.0, 1.6, (Segment(1.0, 1.5, words),)))
    data = {"track": "outbound", "text": "नमस्ते", "start_s": 1.0, "end_s": 1.6}
    assert json.loads(sent) == {"type": "transcription", "data": data}
    assert made.results(1, Utterance(1.0, 1.6, ())) == []
    (sent,) = made.error(InvalidRequest("No."))
    assert json.loads(sent)["data"]["code"] == "invalid_request"


@pytest.mark.parametrize("query", ["rate=5", "rate=fast", "channels=3", "mix=both"])
def test_an_address_that_cannot_be_used(query: str) -> None:
    with pytest.raises(InvalidRequest):
        adapter(query).receive(b"ab")
