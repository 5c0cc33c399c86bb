"""What a realtime session tells of what it was asked for, over real sockets: languages, and when words are shown."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.support.bundles import sibling
from tests.support.realtime import DELTA, PCM16K, Event, append, closed, commit, receive, send, session, until
from tests.support.server import Server
from tests.support.streams import RATE, speech

RAIN = speech("rain.flac")
FAMILY = speech("family.flac")
TRANSCRIBED_AS_HINDI = "language=en: the only model is for hi; transcribed as hi"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("requests"))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def with_language(language: str, **fields: object) -> Event:
    """A session at 16 kHz whose transcription names a language."""
    given = PCM16K["audio"]["input"] | {"transcription": {"language": language}, **fields}
    return {"type": "transcription", "audio": {"input": given}}


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{}, {"turn_detection": None}, {"turn_detection": {"type": "server_vad"}}])
def test_a_foreign_language_is_a_warning_in_the_session_and_in_each_final(live: Server, fields: Event) -> None:
    with session(live) as ws:
        send(ws, type="session.update", session=with_language("en", **fields))
        updated = until(ws, "session.updated")[-1]["session"]
        assert updated["warnings"] == [TRANSCRIBED_AS_HINDI]
        append(ws, RAIN)
        first = commit(ws)
        assert first["transcript"]
        assert first["warnings"] == [TRANSCRIBED_AS_HINDI]
        send(ws, type="session.update", session=with_language("hi", **fields))
        assert "warnings" not in until(ws, "session.updated")[-1]["session"]
        append(ws, RAIN)
        assert commit(ws)["warnings"] == []


@pytest.mark.slow
def test_the_addresss_language_is_a_warning_from_the_start(live: Server) -> None:
    with connect(f"ws://127.0.0.1:{live.port}/v1/realtime?language=en") as ws:
        created = receive(ws)["session"]
        assert created["warnings"] == [TRANSCRIBED_AS_HINDI]
        assert created["audio"]["input"]["transcription"] == {"language": "en"}


def test_a_final_names_all_that_had_no_effect(live: Server) -> None:
    """Beside what it says of the audio itself."""
    with session(live) as ws:
        wanted = with_language("en", turn_detection=None, noise_reduction={"type": "far_field"})
        send(ws, type="session.update", session=wanted)
        told = until(ws, "session.updated")[-1]["session"]["warnings"]
        append(ws, RAIN)
        assert commit(ws)["warnings"] == told
    assert [warning.split()[0] for warning in told] == ["language=en:", "noise_reduction"]


def test_a_warning_does_not_repeat_what_it_is_about_at_length(live: Server) -> None:
    """Warnings are also a header of an answer, and part of each final."""
    with session(live) as ws:
        wanted = {"audio": {"input": {"transcription": {"prompt": "x" * 100_000}}}}
        send(ws, type="session.update", session=wanted)
        (warning,) = until(ws, "session.updated")[-1]["session"]["warnings"]
    assert warning.startswith("prompt: ")
    assert "xxx" in warning
    assert len(warning) < 1_000


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with another language beside Hindi."""
    folder = tmp_path_factory.mktemp("several")
    running = Server(folder, HINDI_STT_MODELS=str(sibling(folder / "ta1", "ta1", "ta").folder))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def languages(ws: ClientConnection) -> list[str]:
    append(ws, RAIN)
    return [language["code"] for language in commit(ws)["languages"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("transcription", "language"),
    [
        ({"model": "whisper-1"}, "ta"),
        ({"delay": "low"}, "ta"),
        ({"model": "whisper-1", "language": "hi"}, "hi"),
        ({"language": None}, "hi"),
    ],
)
def test_the_addresss_language_holds_until_an_update_names_another(
    several: Server, transcription: Event, language: str
) -> None:
    """Many clients send the model in each update, and the language nowhere."""
    with connect(f"ws://127.0.0.1:{several.port}/v1/realtime?language=ta") as ws:
        assert receive(ws)["session"]["audio"]["input"]["transcription"] == {"language": "ta"}
        given = PCM16K["audio"]["input"] | {"turn_detection": None}
        send(ws, type="session.update", session={"audio": {"input": given}})
        until(ws, "session.updated")
        assert languages(ws) == ["ta"]
        send(ws, type="session.update", session={"audio": {"input": {"transcription": transcription}}})
        until(ws, "session.updated")
        assert languages(ws) == [language]


def test_the_addresss_model_holds_until_an_update_names_another(live: Server) -> None:
    """With this model a client ends its turns itself."""
    with connect(f"ws://127.0.0.1:{live.port}/v1/realtime?model=gpt-realtime-whisper") as ws:
        assert receive(ws)["session"]["audio"]["input"]["turn_detection"] is None
        send(ws, type="session.update", session=with_language("hi"))
        shown = until(ws, "session.updated")[-1]["session"]["audio"]["input"]
        assert shown["turn_detection"] is None
        assert shown["transcription"] == {"model": "gpt-realtime-whisper", "language": "hi"}


@pytest.mark.slow
def test_an_unknown_language_of_the_address_is_an_event_before_the_close(several: Server) -> None:
    with connect(f"ws://127.0.0.1:{several.port}/v1/realtime?language=en") as ws:
        events, status, reason = closed(ws)
    assert [event["error"]["code"] for event in events] == ["unknown_language"]
    assert (status, reason) == (1008, "unknown_language")


@pytest.mark.parametrize("kind", [[None], {"a": None}, None, 5, True])
def test_a_type_that_is_no_text_is_refused_in_words(live: Server, kind: object) -> None:
    with session(live) as ws:
        send(ws, type=kind, event_id="mine")
        error = receive(ws)["error"]
    assert (error["code"], error["event_id"]) == ("invalid_request", "mine")
    assert "'type'" in error["message"]
    assert not {"None", "True"} & set(error["message"].replace("'", " ").replace("[", " ").replace("]", " ").split())


def packets_until_shown(ws: ClientConnection, samples: np.ndarray) -> int:
    """How many packets of a tenth of a second are sent, at the pace of speech, until words are shown."""
    for number, start in enumerate(range(0, len(samples), RATE // 10)):
        append(ws, samples[start : start + RATE // 10])
        with contextlib.suppress(TimeoutError):
            while True:
                event = json.loads(ws.recv(timeout=0.1))
                if event["type"] == DELTA and event["delta"] + event["unstable"]:
                    return number
    return 1_000


def test_a_shorter_delay_shows_words_sooner(live: Server) -> None:
    found = {}
    for delay in ("minimal", "xhigh"):
        with session(live, with_language("hi", turn_detection={"type": "server_vad"})) as ws:
            wanted = {"audio": {"input": {"transcription": {"language": "hi", "delay": delay}}}}
            send(ws, type="session.update", session=wanted)
            until(ws, "session.updated")
            found[delay] = packets_until_shown(ws, np.append(FAMILY, RAIN))
    assert found["minimal"] < found["xhigh"]
