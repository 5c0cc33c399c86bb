"""What Deepgram's answers say of recordings: speakers, paragraphs, utterances, languages; by real servers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.support.server import Server
from tests.support.speaking_server import deepgram_with_speakers
from tests.support.streams import RATE, speech
from tests.support.wav import wav

pytestmark = pytest.mark.slow

RAIN = speech("rain.flac", 0.5)


def as_by_telephone(samples: np.ndarray) -> np.ndarray:
    """A voice whose upper bands are gone, which the speaker model of the tests takes for another one."""
    spectrum = np.fft.rfft(samples.astype(float))
    spectrum[np.fft.rfftfreq(len(samples), 1 / RATE) > 3_400] = 0
    return np.clip(np.fft.irfft(spectrum, len(samples)), -32_768, 32_767).astype(np.int16)


# Who speaks when: Speaker 1, Speaker 2, Speaker 1.
CONVERSATION = np.concatenate([*[RAIN] * 3, *[as_by_telephone(RAIN)] * 3, *[RAIN] * 3])


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with deepgram_with_speakers(tmp_path_factory.mktemp("speaking")) as running:
        yield running


def listened(server: Server, body: bytes, **query: Any) -> dict[str, Any]:
    headers = {"Content-Type": "audio/wav", "Authorization": "Token any"}
    answer = httpx.post(f"{server.url}/v1/listen", params=query, content=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("query", [{"diarize": "true"}, {"diarize_model": "latest", "max_speakers": "3"}])
def test_speakers_are_told_apart(speaking: Server, query: dict[str, str]) -> None:
    body = wav(CONVERSATION)
    expected = speaking.transcribe(body, data={"diarize": "true", "punctuation": "model"}).json()
    found = listened(speaking, body, punctuate="true", utterances="true", paragraphs="true", **query)
    (best,) = found["results"]["channels"][0]["alternatives"]
    assert best["transcript"] == expected["text"]
    speakers = [word["speaker"] for word in best["words"]]
    assert speakers == [int(word["speaker"].split()[1]) - 1 for word in expected["words"]]
    turns = [speaker for speaker, _ in itertools.groupby(speakers)]
    assert turns == [0, 1, 0]
    utterances = found["results"]["utterances"]
    assert all({word["speaker"] for word in one["words"]} == {one["speaker"]} for one in utterances)
    assert [speaker for speaker, _ in itertools.groupby(one["speaker"] for one in utterances)] == turns
    paragraphs = best["paragraphs"]["paragraphs"]
    assert [one["speaker"] for one in paragraphs] == turns
    assert sum(one["num_words"] for one in paragraphs) == len(best["words"])
    assert best["paragraphs"]["transcript"].startswith("Speaker 0: ")
    assert found["metadata"]["diarize_info"]["model_uuid"].startswith("speakers:")
    assert not found["warnings"]


def test_speakers_and_channels_do_not_go_together(speaking: Server) -> None:
    found = listened(speaking, wav(RAIN), diarize="true", multichannel="true")
    assert any("diarize" in warning and "multichannel" in warning for warning in found["warnings"])
    assert not any("speaker" in word for word in found["results"]["channels"][0]["alternatives"][0]["words"])


def test_a_server_without_a_speaker_model_says_so_and_transcribes(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("lone")
    running = Server(folder, HINDI_STT_PROTOCOLS="deepgram", HINDI_STT_PUNCTUATION="pauses")
    try:
        running.wait_until_ready()
        found = listened(running, wav(RAIN), diarize="true", num_speakers="2", detect_language="hi", punctuate="true")
        expected = running.transcribe(wav(RAIN)).json()["text"]
    finally:
        running.stop()
    assert found["results"]["channels"][0]["alternatives"][0]["transcript"] == expected  # marks as the server's setting
    assert found["results"]["channels"][0]["detected_language"] == "hi"
    assert "diarize_info" not in found["metadata"]
    for named in ("diarize: has no effect", "detect_language=hi", "language=auto"):
        assert any(named in warning for warning in found["warnings"]), (named, found["warnings"])


def test_sentences_of_paragraphs_end_at_marks(speaking: Server) -> None:
    """Two recordings with a long pause between them are two paragraphs, whose sentences end where a mark is."""
    long = np.concatenate([RAIN, RAIN, np.zeros(3 * RATE, np.int16), RAIN])
    found = listened(speaking, wav(long), smart_format="true", paragraphs="true")
    (best,) = found["results"]["channels"][0]["alternatives"]
    first, second = best["paragraphs"]["paragraphs"]
    sentences = [one["text"] for paragraph in (first, second) for one in paragraph["sentences"]]
    assert len(first["sentences"]) > 1
    assert all(text[-1] in "।?" for text in sentences)
    assert not any(mark in text[:-1] for text in sentences for mark in "।?")
    assert " ".join(sentences) == best["transcript"]
    assert first["end"] <= second["start"] - 2
