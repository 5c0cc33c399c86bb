"""Marks and paragraphs over HTTP: captions have marks, other answers where they are asked for."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
import srt
import webvtt

from tests.conftest import DATA
from tests.support.server import Server
from tests.support.wav import wav

MODULES_UNDER_TEST = ("hindi_stt/api/forms/transcription_request.py", "hindi_stt/api/transcribe.py")

FAMILY, RATE = soundfile.read(DATA / "family.flac", dtype="float32")
RAIN, _ = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
# Two recordings with three seconds of silence between.
TALK = wav(np.concatenate([FAMILY, np.zeros(3 * RATE, np.float32), RAIN]), RATE)
MARKS = ",।?"


def ask(server: Server, path: str = "/transcribe", **fields: str) -> httpx.Response:
    data = {"model": "whisper-1", **fields} if path.startswith("/v1/") else fields
    answer = httpx.post(server.url + path, files={"file": ("a.wav", TALK)}, data=data, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def bare(text: str) -> str:
    return " ".join(text.translate(dict.fromkeys(map(ord, MARKS))).split())


@pytest.mark.parametrize("path", ["/transcribe", "/v1/audio/transcriptions"])
def test_captions_have_marks_unless_a_request_says_otherwise(server: Server, path: str) -> None:
    plain = ask(server, path, response_format="text").text.strip()
    assert not set(MARKS) & set(plain)
    by_srt = " ".join(cue.content for cue in srt.parse(ask(server, path, response_format="srt").text))
    by_vtt = " ".join(cue.text for cue in webvtt.from_string(ask(server, path, response_format="vtt").text))
    for captions in (by_srt, by_vtt):
        assert captions.endswith(("।", "?"))
        assert bare(captions) == plain
    off = " ".join(cue.content for cue in srt.parse(ask(server, path, response_format="srt", punctuation="off").text))
    assert " ".join(off.split()) == plain


def test_marks_in_json_change_nothing_else(server: Server) -> None:
    plain, marked = ask(server).json(), ask(server, punctuation="model").json()
    assert marked["text"].endswith(("।", "?"))
    assert bare(marked["text"]) == plain["text"]
    for before, after in zip(plain["words"], marked["words"], strict=True):
        assert {**before, "word": ""} == {**after, "word": ""}
        assert after["word"] in {before["word"], *(before["word"] + mark for mark in MARKS)}


def test_a_streamed_answer_is_what_was_streamed(server: Server) -> None:
    files = {"file": ("a.wav", wav(np.concatenate([FAMILY, np.zeros(RATE // 2, np.float32)] * 4), RATE))}
    fields = {"stream": "true", "punctuation": "model"}
    answer = httpx.post(f"{server.url}/transcribe", files=files, data=fields, timeout=60)
    assert answer.status_code == 200, answer.text
    text = answer.text
    events: list[dict[str, Any]] = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    deltas = [event["delta"] for event in events if event["type"].endswith("delta")]
    assert len(deltas) > 1
    assert "".join(deltas) == events[-1]["text"]
    assert events[-1]["text"].endswith(("।", "?"))


@pytest.mark.parametrize("path", ["/transcribe", "/v1/audio/transcriptions"])
@pytest.mark.parametrize("response_format", ["json", "verbose_json"])
def test_paragraphs_in_json(server: Server, path: str, response_format: str) -> None:
    body = ask(server, path, response_format=response_format, paragraphs="true", punctuation="model").json()
    first, second = body["paragraphs"]
    assert second["start"] - first["end"] >= 2
    assert f"{first['text']} {second['text']}" == body["text"]
    assert "paragraphs" not in ask(server, path, response_format=response_format).json()


def test_paragraphs_in_text(server: Server) -> None:
    plain = ask(server, response_format="text").text
    divided = ask(server, response_format="text", paragraphs="true").text
    assert divided.count("\n\n") == 1
    assert divided.replace("\n\n", " ") == plain


def test_paragraphs_of_split_channels(server: Server) -> None:
    """A paragraph ends where the other one speaks, and names its channel."""
    other = np.zeros(len(FAMILY) + RATE + len(RAIN), np.float32)
    other[-len(RAIN) :] = RAIN
    one = np.concatenate([FAMILY, np.zeros(len(other) - len(FAMILY), np.float32)])
    files = {"file": ("call.wav", wav(np.stack([one, other], axis=1), RATE))}
    body = httpx.post(
        f"{server.url}/transcribe", files=files, data={"channels": "split", "paragraphs": "true"}, timeout=60
    ).json()
    assert [one["channel"] for one in body["paragraphs"]] == [0, 1]


@pytest.mark.parametrize("fields", [{"response_format": "srt"}, {"stream": "true"}])
def test_where_there_are_no_paragraphs_a_warning_says_so(server: Server, fields: dict[str, str]) -> None:
    answer = ask(server, paragraphs="true", **fields)
    assert "paragraphs=true" in answer.headers.get("x-warnings", answer.text)


def test_paragraphs_that_are_neither_true_nor_false(server: Server) -> None:
    answer = httpx.post(
        f"{server.url}/v1/audio/transcriptions",
        files={"file": TALK}, data={"model": "whisper-1", "paragraphs": "some"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "paragraphs"


def test_the_page_asks_for_marks(server: Server) -> None:
    page = httpx.get(f"{server.url}/ui").text
    config = json.loads(page.partition('id="config">')[2].partition("</script>")[0])
    assert config["chosen"] == {"punctuation": "model"}
