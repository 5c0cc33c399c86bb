"""The calls of a worker: their ids, and their end."""

from __future__ import annotations

import asyncio
import errno

import pytest

from hindi_stt.access.limits import Client
from hindi_stt.api.jobs.service import JobService
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.protocols.adapter import Start
from hindi_stt.protocols.calls.service import Calls
from hindi_stt.protocols.options import parse_options
from hindi_stt.protocols.telephony.exotel import ExotelAdapter
from hindi_stt.settings import Settings
from tests.support.api_requests import make_recognizer
from tests.support.streams import RATE, speech
from tests.support.telephony import exotel_call

MODULES_UNDER_TEST = (
    "hindi_stt/protocols/calls/archive.py",
    "hindi_stt/protocols/calls/service.py",
)

CLIENT = Client("desk")
RAIN = speech("rain.flac", 1.2)


def test_two_streams_of_one_call(acoustic: LocalAcoustic) -> None:
    async def run() -> None:
        recognizer = make_recognizer(acoustic, Settings(model=""))
        calls = Calls(recognizer, None)
        start = ExotelAdapter().receive(list(exotel_call(RAIN, RATE, call_id="twice"))[1])[0]
        assert isinstance(start, Start)
        options = parse_options(start, recognizer)
        made = [await calls.reserve(CLIENT, "exotel", start, options) for _ in range(2)]
        assert [call.id for call in made if call] == ["twice", "twice.2"]
        assert made[0] is not None
        await calls.release(made[0])
        again = await calls.reserve(CLIENT, "exotel", start, options)
        assert again is not None
        assert again.id == "twice"

    asyncio.run(run())


def test_a_call_whose_transcript_cannot_be_stored_has_ended_all_the_same(acoustic: LocalAcoustic) -> None:
    def full() -> JobService:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def run() -> None:
        recognizer = make_recognizer(acoustic, Settings(model=""))
        calls = Calls(recognizer, full)
        start = ExotelAdapter().receive(list(exotel_call(RAIN, RATE, call_id="unstored"))[1])[0]
        assert isinstance(start, Start)
        call = await calls.reserve(CLIENT, "exotel", start, parse_options(start, recognizer))
        assert call is not None
        call.begin()
        with pytest.raises(OSError, match="No space"):
            await calls.end(call, [1.0], None)
        assert await calls.feed.calls(call.owner) == []
        assert [event["type"] async for event in calls.feed.follow(call.owner, call.id) if event][-1] == "call.ended"

    asyncio.run(run())
