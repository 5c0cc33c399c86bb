"""What a realtime session tells of what it was asked for, over real sockets: languages, and when words are shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.server import Server
from tests.test_realtime import PCM16K, Event, append, commit, receive, send, session, until
from tests.test_streaming import speech

RAIN = speech("rain.flac")
FAMILY = speech("family.flac")
HEARD_AS_HINDI = "language=en: the only model is for hi; heard as hi"


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


@pytest.mark.parametrize("fields", [{}, {"turn_detection": None}, {"turn_detection": {"type": "server_vad"}}])
def test_a_foreign_language_is_a_warning_in_the_session_and_in_each_final(live: Server, fields: Event) -> None:
    with session(live) as ws:
        send(ws, type="session.update", session=with_language("en", **fields))
        updated = until(ws, "session.updated")[-1]["session"]
        assert updated["warnings"] == [HEARD_AS_HINDI]
        append(ws, RAIN)
        first = commit(ws)
        assert first["transcript"]
        assert first["warnings"] == [HEARD_AS_HINDI]
        send(ws, type="session.update", session=with_language("hi", **fields))
        assert "warnings" not in until(ws, "session.updated")[-1]["session"]
        append(ws, RAIN)
        assert commit(ws)["warnings"] == []


def test_the_addresss_language_is_a_warning_from_the_start(live: Server) -> None:
    with connect(f"ws://127.0.0.1:{live.port}/v1/realtime?language=en") as ws:
        created = receive(ws)["session"]
        assert created["warnings"] == [HEARD_AS_HINDI]
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
