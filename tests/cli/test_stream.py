"""hindi-stt stream and hindi-stt listen, at a pipe and at a terminal."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import pty
import struct
import sys
import termios
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.cli.main import main
from hindi_stt.settings import Settings
from tests.conftest import DATA
from tests.support.conversations import TALK, TALK_TURNS
from tests.support.speaker_model import write_speaker_bundle
from tests.support.streams import speech
from tests.support.wav import wav

RAIN, FAMILY = {"आज", "बारिश"}, {"परिवार", "लोग"}


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """Two sentences with a pause between them."""
    path = tmp_path / "talk.wav"
    path.write_bytes(wav(speech("rain.flac", 2.0, "family.flac", 2.0)))
    return path


@pytest.mark.slow
def test_a_line_for_each_utterance(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stream", str(talk)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert set(first.split()) >= RAIN
    assert set(second.split()) >= FAMILY


@pytest.mark.slow
def test_events_as_json(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stream", str(talk), "--format", "json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    utterances = [event for event in events if event["type"] == "Utterance"]
    assert len(utterances) == 2
    assert utterances[0]["end"] < utterances[1]["start"]
    partials = [event for event in events if event["type"] == "Partial"]
    assert any(event["added"] or event["unstable"] for event in partials)
    # The words that are stable are the beginning of what is final.
    words = [word for event in events[: events.index(utterances[0])] for word in event.get("added", [])]
    assert words == utterances[0]["text"].split()[: len(words)]


@pytest.mark.slow
def test_at_a_terminal_the_words_in_progress_are_shown(
    talk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    with os.fdopen(follower, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        os.set_blocking(leader, False)
        shown = bytearray()
        write = terminal.write

        def written(text: str) -> int:
            n = write(text)
            terminal.flush()
            try:
                while part := os.read(leader, 65_536):  # a terminal holds a few kilobytes
                    shown.extend(part)
            except BlockingIOError:
                pass
            return n

        patch.setattr(terminal, "write", written)
        assert main(["stream", str(talk)]) == 0
    os.close(leader)
    assert b"\r\x1b[K" in shown
    assert b"\x1b[2m" in shown
    assert any(word.encode() in shown for word in RAIN)
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.slow
def test_no_faster_than_it_was_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    waited_s: list[float] = []
    real = asyncio.sleep

    async def sleep(delay_s: float) -> None:
        waited_s.append(delay_s)
        await real(0)

    path = tmp_path / "a.wav"
    path.write_bytes(wav(np.zeros(16_000, np.float32)))
    monkeypatch.setattr("hindi_stt.cli.stream.asyncio.sleep", sleep)
    assert main(["stream", str(path), "--realtime"]) == 0
    # A packet lasts a tenth of a second; nothing is waited for here, so that each is due later than the one before.
    assert len([delay_s for delay_s in waited_s if delay_s > 0]) >= 9


def test_damage_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = (DATA / "rain.mp3").read_bytes()
    path = tmp_path / "cut.mp3"
    path.write_bytes(content[: len(content) // 2])
    main(["stream", str(path)])
    assert f"{path}: warning: " in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("sounddevice") is not None, reason="there may be a microphone")
def test_without_a_microphone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listen"]) == 1
    assert "[no_microphone]" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "said"), [("none.wav", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    assert main(["stream", str(tmp_path / name)]) == 1
    assert capsys.readouterr().err == f"hindi-stt: {tmp_path / name}: {said}\n"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json"])
def test_speakers_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    bundle = write_speaker_bundle(tmp_path / "bundle")
    monkeypatch.setattr("hindi_stt.cli.speaker_source.get_settings", lambda: Settings(speakers=str(bundle.folder)))
    talk = tmp_path / "talk.wav"
    talk.write_bytes(wav(np.concatenate([TALK, speech(1.5)])))
    assert main(["stream", str(talk), "--diarize", "--format", form]) == 0
    lines = capsys.readouterr().out.splitlines()
    if form == "text":
        names = [line.partition(": ")[0] for line in lines]
    else:
        utterances = [event for event in map(json.loads, lines) if event["type"] == "Utterance"]
        assert all(" ".join(one["text"] for one in event["segments"]) == event["text"] for event in utterances)
        names = [one["speaker"] for event in utterances for one in event["segments"]]
    assert [name for i, name in enumerate(names) if not i or name != names[i - 1]] == TALK_TURNS
