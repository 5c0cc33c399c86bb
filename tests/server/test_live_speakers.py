"""Speakers of live audio by real servers: OpenAI's realtime API, Deepgram's and Vosk's protocols."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import numpy as np
import openai
import pytest
from websockets.sync.client import connect

from hindi_stt.render.speaker_labels import speaker_number
from tests.support.conversations import TALK, TALK_TURNS
from tests.support.realtime import COMPLETED, TRANSCRIPTION, Event, append, manual, receive, send, session, until
from tests.support.server import Server
from tests.support.speaker_model import write_speaker_bundle
from tests.support.streams import RATE, silence

pytestmark = pytest.mark.slow

SEGMENT = f"{TRANSCRIPTION}segment"
CALL = np.concatenate([TALK, silence(1.5)])
Body = dict[str, Any]


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("live")
    bundle = write_speaker_bundle(folder / "bundle")
    running = Server(folder, HINDI_STT_SPEAKERS=str(bundle.folder), HINDI_STT_PROTOCOLS="deepgram,vosk")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def asking(**transcription: Any) -> Event:
    """A session at 16 kHz with these fields of its transcription."""
    given = {"format": {"type": "audio/pcm", "rate": RATE}, "transcription": transcription}
    return {"audio": {"input": given}}


def turns(names: list[Any]) -> list[Any]:
    return [name for i, name in enumerate(names) if not i or name != names[i - 1]]


def finals(server: Server, update: Event) -> list[Event]:
    """The events of the call, sent and committed."""
    with session(server, update) as ws:
        append(ws, CALL)
        send(ws, type="input_audio_buffer.commit", event_id="last")
        found: list[Event] = []
        while not found or found[-1]["type"] != "error":
            found.append(receive(ws))
    return found[:-1]


def test_the_realtime_api_tells_the_speaker_of_each_word_and_segment(speaking: Server) -> None:
    plain = [event for event in finals(speaking, {}) if event["type"] == COMPLETED]
    events = finals(speaking, asking(diarize=True, max_speakers=4))
    done = [event for event in events if event["type"] == COMPLETED]
    assert [one["transcript"] for one in done] == [one["transcript"] for one in plain]
    words = [word for one in done for word in one["words"]]
    assert turns([word["speaker"] for word in words]) == TALK_TURNS
    assert not any("speaker" in word for one in plain for word in one["words"])
    segments = [event for event in events if event["type"] == SEGMENT]
    assert turns([one["speaker"] for one in segments]) == ["A", "B", "A", "B"]
    for one in done:
        own = [segment for segment in segments if segment["item_id"] == one["item_id"]]
        assert " ".join(segment["text"] for segment in own) == one["transcript"]
        assert all(segment["start"] < segment["end"] for segment in own)
        # Clients may stop reading an item at its transcript.
        assert events.index(own[-1]) < events.index(one)


def test_openais_client_and_its_model_for_speakers(speaking: Server) -> None:
    """Its name asks for speakers, as with OpenAI."""
    url = f"127.0.0.1:{speaking.port}/v1"
    given: Any = asking(model="gpt-4o-transcribe-diarize") | {"type": "transcription"}
    with (
        openai.OpenAI(api_key="none", base_url=f"http://{url}", websocket_base_url=f"ws://{url}") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        assert connection.recv().type == "session.created"
        connection.session.update(session=given)
        assert connection.recv().type == "session.updated"
        data = TALK.astype("<i2").tobytes()
        for start in range(0, len(data), 9_600):
            connection.input_audio_buffer.append(audio=base64.b64encode(data[start : start + 9_600]).decode())
        connection.input_audio_buffer.commit()
        found: list[Any] = []
        for event in connection:
            found.append(event)
            assert event.type != "error", event
            if sum(one.type == SEGMENT for one in found) >= 4 and event.type == COMPLETED:
                break
    told = [one for one in found if one.type == SEGMENT]
    assert turns([one.speaker for one in told]) == ["A", "B", "A", "B"]


def test_a_speaker_keeps_the_name_over_commits_and_updates(speaking: Server) -> None:
    with session(speaking, manual(diarize="true")) as ws:
        names = []
        for samples in np.split(TALK, [len(TALK) // 2]):
            append(ws, samples)
            send(ws, type="input_audio_buffer.commit")
            names += [word["speaker"] for word in until(ws, COMPLETED)[-1]["words"]]
            send(ws, type="session.update", session={"type": "transcription"} | manual(diarize=True, num_speakers=2))
            until(ws, "session.updated")
    assert turns(names) == TALK_TURNS


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"diarize": "perhaps"}, "diarize"),
        ({"diarize": 1}, "diarize"),
        ({"diarize": True, "num_speakers": 0}, "num_speakers"),
        ({"diarize": True, "num_speakers": 2.5}, "num_speakers"),
        ({"diarize": True, "num_speakers": True}, "num_speakers"),
        ({"diarize": True, "num_speakers": 4, "max_speakers": "3"}, "num_speakers"),
        ({"num_speakers": 2}, "num_speakers"),
        ({"diarize": True, "known_speaker_names": ["Asha"]}, "known_speaker_names"),
    ],
)
def test_what_a_session_cannot_ask_for_is_refused_by_name(speaking: Server, fields: Body, param: str) -> None:
    with session(speaking) as ws:
        send(ws, type="session.update", session={"type": "transcription"} | asking(**fields), event_id="mine")
        error = receive(ws)["error"]
    assert (error["code"], error["event_id"]) == ("invalid_request", "mine")
    assert error["param"] == f"session.audio.input.transcription.{param}"


def test_a_server_without_a_speaker_model_says_what_to_run(server: Server) -> None:
    with session(server) as ws:
        send(ws, type="session.update", session={"type": "transcription"} | asking(diarize=True))
        error = receive(ws)["error"]
        assert error["code"] == "speakers_not_installed"
        assert "hindi-stt models get speakers" in error["help"]
        named = asking(model="gpt-4o-transcribe-diarize")
        send(ws, type="session.update", session={"type": "transcription"} | named)
        updated = receive(ws)
        assert updated["type"] == "session.updated"
        assert any("hindi-stt models get speakers" in text for text in updated["session"]["warnings"])


def deepgram(server: Server, samples: np.ndarray, **query: Any) -> list[Body]:
    asked = {"encoding": "linear16", "sample_rate": RATE, "model": "nova-3", **query}
    address = f"ws://127.0.0.1:{server.port}/v1/listen?{urlencode(asked)}"
    with connect(address, additional_headers={"Authorization": "Token any"}) as ws:
        data = samples.astype("<i2").tobytes()
        for start in range(0, len(data), 6_400):
            ws.send(data[start : start + 6_400])
        ws.send('{"type": "CloseStream"}')
        return [json.loads(message) for message in ws]


def words_of(messages: list[Body]) -> list[Body]:
    results = [one for one in messages if one["type"] == "Results" and one["is_final"]]
    return [word for one in results for word in one["channel"]["alternatives"][0]["words"]]


def warnings_of(messages: list[Body]) -> list[str]:
    return [text for one in messages for text in one.get("warnings", [])]


@pytest.mark.parametrize("query", [{"diarize": "true"}, {"diarize_model": "latest", "interim_results": "true"}])
def test_deepgrams_words_have_numbers_of_speakers(speaking: Server, query: Body) -> None:
    messages = deepgram(speaking, CALL, smart_format="true", **query)
    assert turns([word["speaker"] for word in words_of(messages)]) == [speaker_number(name) for name in TALK_TURNS]
    assert not any("diarize" in text for text in warnings_of(messages))
    assert not any("speaker" in word for word in words_of(deepgram(speaking, CALL)))


def test_speakers_and_channels_do_not_go_together(speaking: Server) -> None:
    two = np.repeat(CALL, 2)
    messages = deepgram(speaking, two, diarize="true", channels=2, multichannel="true")
    assert any("diarize" in text and "multichannel" in text for text in warnings_of(messages))
    assert not any("speaker" in word for word in words_of(messages))


def test_vosks_words_have_speakers(speaking: Server) -> None:
    with connect(f"ws://127.0.0.1:{speaking.port}/vosk") as ws:
        ws.send(json.dumps({"config": {"sample_rate": RATE, "diarize": True, "num_speakers": 2}}))
        found = []
        for start in range(0, len(CALL), 8_000):
            ws.send(CALL[start : start + 8_000].astype("<i2").tobytes())
            found.append(json.loads(ws.recv(timeout=60)))
        ws.send('{"eof" : 1}')
        found.append(json.loads(ws.recv(timeout=60)))
    words = [word for one in found for word in one.get("result", [])]
    assert turns([word["speaker"] for word in words]) == TALK_TURNS
    assert not any("warnings" in one for one in found)
