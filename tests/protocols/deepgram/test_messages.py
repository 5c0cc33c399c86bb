"""Deepgram's live messages and queries, parsed and written without a server."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.requests import HTTPConnection

from hindi_stt.api.error_responses import SCOPE_KEY, RequestState
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import InvalidRequest
from hindi_stt.protocols.adapter import Audio, Configure, EndOfAudio, EndUtterance, Start
from hindi_stt.protocols.deepgram.live import DeepgramAdapter
from hindi_stt.protocols.deepgram.query import parse_query
from hindi_stt.streaming import Partial, SpeechStarted, Utterance
from hindi_stt.types import Segment, Word

MODULES_UNDER_TEST = (
    "hindi_stt/protocols/deepgram/live.py",
    "hindi_stt/protocols/deepgram/query.py",
    "hindi_stt/protocols/deepgram/values.py",
)
REGISTRY = Registry([Bundle.open(EMBEDDED)])
Body = dict[str, Any]


def adapter(query: str) -> DeepgramAdapter:
    scope = {"type": "websocket", "path": "/", "headers": [], "query_string": query.encode()}
    return DeepgramAdapter(HTTPConnection(scope | {SCOPE_KEY: RequestState("r1")}), REGISTRY)


def word(text: str, start_s: float) -> Word:
    return Word(text, start_s, start_s + 0.3, 0.9)


def test_messages_without_a_server() -> None:
    found = adapter("encoding=linear16&sample_rate=8000&interim_results=true&utterance_end_ms=1000&punctuate=true")
    assert found.receive('{"type": "KeepAlive"}') == []
    start, audio = found.receive(b"ab")
    assert isinstance(start, Start)
    assert start.punctuated
    assert audio == Audio(0, b"ab")
    found.started([], "m:1")
    assert found.results(0, SpeechStarted(0.0)) == []
    (partial,) = found.results(0, Partial((word("एक", 0),), (word("दो।", 1),)))
    body = json.loads(partial)
    assert (body["is_final"], body["speech_final"]) == (False, False)
    assert [one["word"] for one in body["channel"]["alternatives"][0]["words"]] == ["एक", "दो"]
    assert body["channel"]["alternatives"][0]["words"][1]["punctuated_word"] == "दो।"
    (final,) = found.results(0, Utterance(0.0, 1.5, (Segment(0.0, 1.5, (word("एक", 0), word("दो।", 1))),)))
    body = json.loads(final)
    assert (body["is_final"], body["speech_final"], body["start"], body["duration"]) == (True, True, 0.0, 1.5)
    assert found.handled(Audio(0, bytes(16_000 * 2))) == []  # 2 s, 0.7 s behind the last word
    (end,) = found.handled(Audio(0, bytes(16_000)))
    assert json.loads(end) == {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 1.3}
    assert found.handled(Audio(0, bytes(16_000))) == []  # it is told once
    assert found.receive('{"type": "Finalize", "channel": 0}') == [EndUtterance(0)]
    (changed,) = found.receive('{"type": "Configure", "features": {"punctuate": false}}')
    assert isinstance(changed, Configure)
    assert changed.parameters["punctuation"] == "off"
    assert not changed.punctuated
    (again,) = found.receive('{"type": "Configure", "features": {"punctuate": true}}')
    assert isinstance(again, Configure)
    assert again.punctuated
    assert "punctuation" not in again.parameters
    assert found.receive(b"") == [EndOfAudio()]


def test_results_behind_a_finalize_are_not_of_it() -> None:
    found = adapter("encoding=linear16&sample_rate=8000")
    found.receive(b"ab")
    found.started([], "m:1")

    def said(at_s: float) -> Body:
        (final,) = found.results(0, Utterance(at_s, at_s + 1, (Segment(at_s, at_s + 1, (word("एक", at_s),)),)))
        body: Body = json.loads(final)
        return body

    found.begins(EndUtterance())
    assert said(0.0)["from_finalize"]
    assert found.handled(EndUtterance()) == []
    later = said(2.0)
    assert (later["from_finalize"], later["speech_final"]) == (False, True)


@pytest.mark.parametrize(
    "message",
    [
        "nothing",
        "[]",
        "{}",
        '{"type": 1}',
        '{"type": "Finalize", "channel": 1}',
        '{"type": "Finalize", "channel": true}',
        '{"type": "Configure", "keyterms": "एक"}',
        '{"type": "Configure", "features": {"numerals": 1}}',
    ],
)
def test_messages_that_cannot_be_used(message: str) -> None:
    found = adapter("encoding=alaw")
    with pytest.raises(InvalidRequest):
        found.receive(message)
    start, _ = found.receive(b"ab")
    assert isinstance(start, Start)  # the message has not used it up


@pytest.mark.parametrize(
    ("query", "parameters", "warning"),
    [
        ("numerals=true", {"numerals": "latin"}, ""),
        ("numerals=devanagari", {"numerals": "devanagari"}, ""),
        ("smart_format=true", {"numerals": "latin"}, ""),
        ("smart_format=true&numerals=false", {"numerals": "off"}, ""),
        ("punctuate=true&punctuation=pauses", {"punctuation": "pauses"}, ""),
        ("punctuate=false", {"punctuation": "off"}, ""),
        ("language=hi-Latn", {"language": "hi", "script": "latin"}, ""),
        ("language=multi", {}, "multi"),
        ("model=nova-2-phonecall", {}, "nova-2-phonecall"),
        ("model=nova-3", {}, "nova-3"),
        ("model=mine", {"model": "mine"}, ""),
        ("redact=pci", {"mask": "card"}, "redact=pci"),
        ("redact=numbers", {"mask": "all"}, "redact=numbers"),
        ("endpointing=10", {"silence_ms": "50"}, "endpointing=10"),
        ("endpointing=300", {"silence_ms": "300"}, ""),
        ("endpointing=false", {}, ""),
        ("diarize_model=latest", {}, ""),
        ("diarize_model=v2", {}, "diarize_model=v2"),
        ("num_speakers=2", {}, "num_speakers"),
        ("diarize=false", {}, ""),
        ("keywords=एक:2", {}, "intensifiers"),
        ("keywords=एक:-2", {}, "suppressed"),
    ],
)
def test_queries(query: str, parameters: dict[str, str], warning: str) -> None:
    found = parse_query(parse_qsl(f"encoding=alaw&{query}"), REGISTRY, live=True)
    assert found.parameters == parameters
    assert any(warning in text for text in found.warnings) if warning else not found.warnings
