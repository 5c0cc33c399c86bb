"""The models of realtime events, without a server: what is refused, by which path, and what is sent."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.api.realtime import server_events
from hindi_stt.api.realtime.client_events import CLIENT_EVENTS, Append, event_id_of, parse_event, parse_json
from hindi_stt.api.realtime.inbox import PartialReady, joined
from hindi_stt.api.realtime.server_events import SERVER_EVENTS, ServerEvent, error_event
from hindi_stt.errors import InvalidRequest, RunnerUnavailable, TruncatedAudio
from hindi_stt.transcription.options import FIELDS

Json = dict[str, Any]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def ga(**audio_input: Any) -> Json:
    return {"type": "session.update", "session": {"audio": {"input": audio_input}}}


def beta(**session: Any) -> Json:
    return {"type": "transcription_session.update", "session": session}


def refusal(event: Json) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        parse_event(event)
    return refused.value


@pytest.mark.parametrize(
    ("event", "param", "part"),
    [
        (ga(fromat={}), "session.audio.input.fromat", "did you mean format?"),
        (ga(input_audio_format="pcm16"), "session.audio.input.input_audio_format", "here it is audio.input.format"),
        (beta(input_audio_fromat=""), "session.input_audio_fromat", "did you mean input_audio_format?"),
        (beta(audio={}), "session.audio", "here it is input_audio_format"),
        (ga(transcription={"langage": "hi"}), "session.audio.input.transcription.langage", "did you mean language?"),
        (ga(transcription={"numeral": ""}), "session.audio.input.transcription.numeral", "did you mean numerals?"),
        (ga(turn_detection={"treshold": 1}), "session.audio.input.turn_detection.treshold", "did you mean threshold?"),
        (ga(turn_detection={"turn_detection": 1}), "session.audio.input.turn_detection.turn_detection", "server_vad"),
        (beta(turn_detection={"server_vad": {}}), "session.turn_detection.server_vad", "server_vad"),
        (ga(**{"": 1}), "session.audio.input.", "is not a field"),
        (ga(transcription={"languages": ["hi", 5]}), "session.audio.input.transcription.languages", "list of texts"),
        (ga(transcription={"keywords": "x"}), "session.audio.input.transcription.keywords", "list of texts"),
        (ga(format={"type": {"a": 1}}), "session.audio.input.format.type", "audio/pcmu"),
        (ga(format={"type": ["audio/pcm"]}), "session.audio.input.format.type", "audio/pcmu"),
        (ga(format={"rate": True}), "session.audio.input.format.rate", "8000, 16000 or 24000"),
        (ga(turn_detection={"type": {"a": 1}}), "session.audio.input.turn_detection.type", "semantic_vad"),
        (ga(turn_detection=[]), "session.audio.input.turn_detection", "may be null"),
        (ga(noise_reduction={}), "session.audio.input.noise_reduction", "near_field"),
        ({"type": "session.update", "session": {"type": "realtime", "voice": "alloy"}}, "session.type", "realtime"),
    ],
)
def test_the_field_at_fault_is_named(event: Json, param: str, part: str) -> None:
    error = refusal(event)
    assert error.param == param
    assert part in error.message


def test_a_name_of_any_length_is_named_in_few_characters() -> None:
    error = refusal(ga(**{"x" * 100_000: 1}))
    assert len(error.message) < 500
    assert len(error.param or "") < 200


def test_of_many_wrong_entries_only_the_first_is_described() -> None:
    """An event may have hundreds of thousands: the client gets one error, and the server makes one."""
    with pytest.raises(InvalidRequest) as refused:
        parse_event(ga(transcription={"languages": [1] * 200_000}))
    assert refused.value.__cause__.error_count() == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_option_of_the_file_api_is_a_field(name: str) -> None:
    parse_event(ga(transcription={name: "off"}))
    assert refusal(ga(transcription={name: 5})).param == f"session.audio.input.transcription.{name}"


EVENTS = [
    ga(
        format={"type": "audio/pcm", "rate": 8_000},
        turn_detection={"type": "semantic_vad", "eagerness": "low"},
        noise_reduction={"type": "near_field"},
        transcription={"model": "a", "keywords": ["b"], "delay": "low", "numerals": "latin"},
    ),
    beta(input_audio_format="pcm16", turn_detection={"threshold": 0.5}, input_audio_transcription={"language": "hi"}),
]


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every object or list within, with each of its keys."""
    if not isinstance(node, dict | list):
        return []
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


@given(base=st.sampled_from(EVENTS), data=st.data())
def test_any_value_in_a_field_is_accepted_or_refused(base: Json, data: st.DataObject) -> None:
    event = json.loads(json.dumps(base))
    holder, key = data.draw(st.sampled_from(places(event)))
    holder[key] = data.draw(JSON)
    try:
        parsed = parse_event(event)
    except InvalidRequest as error:
        refused = error
    else:
        assert type(parsed) in CLIENT_EVENTS
        return
    assert refused.message
    assert refused.param is not None


def test_a_session_without_changes_is_taken() -> None:
    event = ga(format=None, transcription=None, turn_detection=None, noise_reduction=None)
    assert parse_event(event).session.audio.input.model_fields_set == set(event["session"]["audio"]["input"])  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"\\udc00": 1}', "[" * 100_000, '{"a": 1} x', "", "nul"])
def test_what_is_no_json_or_no_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_json({"text": text})


def test_a_pair_of_surrogates_is_text() -> None:
    assert parse_json({"text": '{"a": "\\ud83d\\ude00"}'}) == {"a": "\U0001f600"}


@pytest.mark.parametrize(("given_id", "found"), [("mine", "mine"), ("x" * 100, "x" * 64), (5, None), ({}, None)])
def test_an_id_that_is_no_text_is_none(given_id: object, found: str | None) -> None:
    event = {"type": "input_audio_buffer.commit", "event_id": given_id}
    assert parse_event(event).event_id == event_id_of(event) == found


def test_packets_in_a_row_are_one() -> None:
    def packet(data: bytes) -> Append:
        return Append(type="input_audio_buffer.append", audio="").model_copy(update={"audio": data})

    items = joined([packet(b"a"), packet(b"b"), PartialReady(), packet(b"c")])
    assert [item.audio if isinstance(item, Append) else None for item in items] == [b"ab", None, b"c"]


def test_every_event_of_the_server_is_listed() -> None:
    made = {
        value for value in vars(server_events).values() if isinstance(value, type) and issubclass(value, ServerEvent)
    }
    assert {model for model in made if "type" in model.model_fields} == set(SERVER_EVENTS)
    kinds = [model.model_fields["type"].default for model in SERVER_EVENTS]
    assert kinds == [get_args(model.model_fields["type"].annotation)[0] for model in SERVER_EVENTS]
    assert len(set(kinds)) == len(kinds)


def test_an_error_of_the_server_is_not_the_clients() -> None:
    sent = json.loads(error_event(RunnerUnavailable("No answer."), "mine").model_dump_json())
    assert sent["event_id"].startswith("event_")
    assert (sent["type"], sent["error"]["type"], sent["error"]["event_id"]) == ("error", "server_error", "mine")
    heard = error_event(TruncatedAudio("It ends within a frame."))
    assert (heard.error.type, heard.error.param) == ("invalid_request_error", None)
