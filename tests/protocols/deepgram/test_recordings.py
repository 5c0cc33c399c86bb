"""Deepgram's answers about recordings, of the route with a model in this process."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from hindi_stt.api.recognizer import Recognizer
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.protocols.deepgram.recordings import listen
from hindi_stt.settings import Settings
from hindi_stt.speakers.source import SpeakerSource
from tests.support.api_requests import make_recognizer, make_request
from tests.support.speaker_model import write_speaker_bundle
from tests.support.streams import RATE, speech
from tests.support.telephony import mu_law
from tests.support.wav import wav

Body = dict[str, Any]
RAIN = speech("rain.flac", 1.5)
CALL = speech("rain.flac", 1.5, "family.flac", 1.5)


@pytest.fixture(scope="module")
def recognizer(acoustic: LocalAcoustic) -> Recognizer:
    return make_recognizer(acoustic, Settings(model=""))


def asked(
    recognizer: Recognizer, content: bytes, content_type: str = "audio/wav", **query: Any
) -> tuple[int, Body, str]:
    """The status and body of the answer, and the id of its request."""
    request = make_request("POST", "/v1/listen", content, {"content-type": content_type, "x-other": "1"})
    request.scope["query_string"] = urlencode(query, doseq=True).encode()
    answer = asyncio.run(listen(request, recognizer))
    return answer.status_code, json.loads(bytes(answer.body)), request.scope["hindi_stt"].request_id


def listened(recognizer: Recognizer, content: bytes, content_type: str = "audio/wav", **query: Any) -> Body:
    status, body, _ = asked(recognizer, content, content_type, **query)
    assert status == 200, body
    return body


def best(body: Body, channel: int = 0) -> Body:
    (found,) = body["results"]["channels"][channel]["alternatives"]
    return dict(found)


def test_metadata_and_words(recognizer: Recognizer) -> None:
    content = wav(CALL)
    _, found, request_id = asked(recognizer, content, model="nova-3", tag=["a", "b"], extra="k:v")
    metadata = found["metadata"]
    (tag,) = recognizer.pipelines
    assert metadata["request_id"] == request_id
    assert metadata["sha256"] == hashlib.sha256(content).hexdigest()
    assert metadata["duration"] == pytest.approx(len(CALL) / RATE, abs=0.01)
    assert (metadata["tags"], metadata["extra"], metadata["models"]) == (["a", "b"], {"k": "v"}, [tag])
    assert "diarize_info" not in metadata
    words = best(found)["words"]
    assert " ".join(word["word"] for word in words) == best(found)["transcript"]
    assert all(0 <= word["start"] <= word["end"] <= metadata["duration"] for word in words)
    assert "utterances" not in found["results"]
    assert "paragraphs" not in best(found)
    assert "detected_language" not in found["results"]["channels"][0]
    assert any(warning.startswith("model=nova-3") for warning in found["warnings"])


@pytest.mark.parametrize("encoding", ["linear16", "mulaw"])
def test_samples_without_a_container(recognizer: Recognizer, encoding: str) -> None:
    """The content type of the request says nothing of them."""
    if encoding == "linear16":
        found = listened(recognizer, RAIN.tobytes(), encoding=encoding, sample_rate=RATE)
        assert best(found)["transcript"] == best(listened(recognizer, wav(RAIN)))["transcript"]
    else:
        found = listened(recognizer, mu_law(RAIN[::2]), encoding=encoding)
    assert found["metadata"]["duration"] == pytest.approx(len(RAIN) / RATE, abs=0.01)


def test_utterances_are_cut_at_pauses_of_the_asked_length(recognizer: Recognizer) -> None:
    found = listened(recognizer, wav(CALL), utterances="true")
    utterances = found["results"]["utterances"]
    assert len(utterances) == 2  # a second and a half of silence is between them
    assert " ".join(one["transcript"] for one in utterances) == best(found)["transcript"]
    assert utterances[0]["end"] + 0.8 <= utterances[1]["start"]
    for one in utterances:
        assert (one["start"], one["end"]) == (one["words"][0]["start"], one["words"][-1]["end"])
        assert "speaker" not in one
    assert len({one["id"] for one in utterances}) == 2
    whole = listened(recognizer, wav(CALL), utterances="true", utt_split="30")
    assert [one["transcript"] for one in whole["results"]["utterances"]] == [best(found)["transcript"]]


def test_channels_have_transcripts_of_their_own(recognizer: Recognizer) -> None:
    silence = np.zeros_like(RAIN)
    content = wav(np.stack([silence, RAIN], axis=1))
    found = listened(recognizer, content, multichannel="true", utterances="true", diarize="true")
    assert found["metadata"]["channels"] == 2
    assert best(found, 0)["transcript"] == ""
    assert best(found, 0)["confidence"] == 0
    assert best(found, 1)["transcript"] == best(listened(recognizer, wav(RAIN)))["transcript"]
    assert {one["channel"] for one in found["results"]["utterances"]} == {1}
    assert "diarize: has no effect: with multichannel each channel is a speaker" in found["warnings"]


def test_paragraphs_are_divided_at_the_marks_that_end_sentences(recognizer: Recognizer) -> None:
    found = listened(recognizer, wav(CALL), smart_format="true", paragraphs="true")
    paragraphs = best(found)["paragraphs"]
    sentences = [sentence for one in paragraphs["paragraphs"] for sentence in one["sentences"]]
    assert " ".join(one["text"] for one in sentences) == best(found)["transcript"]
    assert paragraphs["transcript"].split() == best(found)["transcript"].split()
    assert all(one["text"].endswith(("।", "?")) for one in sentences)
    assert sum(one["num_words"] for one in paragraphs["paragraphs"]) == len(best(found)["words"])


def test_speakers_are_numbered(acoustic: LocalAcoustic, tmp_path: Any) -> None:
    """The speaker model of the tests tells bandwidths apart: the second part is as by telephone."""
    bundle = write_speaker_bundle(tmp_path / "speakers")
    recognizer = make_recognizer(acoustic, Settings(model=""), SpeakerSource(lambda: bundle))
    voice = speech("rain.flac", 0.5)
    spectrum = np.fft.rfft(voice.astype(float))
    spectrum[np.fft.rfftfreq(len(voice), 1 / RATE) > 3_400] = 0
    muffled = np.clip(np.fft.irfft(spectrum, len(voice)), -32_768, 32_767).astype(np.int16)
    content = wav(np.concatenate([*[voice] * 3, *[muffled] * 3]))
    found = listened(recognizer, content, diarize="true", utterances="true", paragraphs="true")
    turns = [number for number, _ in itertools.groupby(word["speaker"] for word in best(found)["words"])]
    assert turns == [0, 1]
    assert [n for n, _ in itertools.groupby(one["speaker"] for one in found["results"]["utterances"])] == turns
    paragraphs = best(found)["paragraphs"]
    assert [n for n, _ in itertools.groupby(one["speaker"] for one in paragraphs["paragraphs"])] == turns
    assert paragraphs["transcript"].startswith("Speaker 0: ")
    assert found["metadata"]["diarize_info"]["model_uuid"] == bundle.tag


def test_what_has_no_effect_is_named(recognizer: Recognizer) -> None:
    """Without a speaker model; "hello" cannot be written by the model."""
    found = listened(recognizer, wav(RAIN), diarize="true", keyterm=["बारिश", "hello"], silence_ms="300", colour="red")
    for named in ("diarize: has no effect: No speaker model", "hello", "silence_ms", "colour"):
        assert any(named in warning for warning in found["warnings"]), (named, found["warnings"])
    assert not any("बारिश" in warning for warning in found["warnings"])


def test_the_language_that_was_found_is_named(recognizer: Recognizer) -> None:
    found = listened(recognizer, wav(RAIN), detect_language="true")
    assert found["results"]["channels"][0]["detected_language"] == "hi"


@pytest.mark.parametrize(
    ("query", "content_type", "code"),
    [
        ({}, "application/json; charset=utf-8", "url_not_accepted"),
        ({"model": "missing"}, "audio/wav", "unknown_model"),
        ({"sample_rate": "0", "encoding": "linear16"}, "audio/wav", "invalid_request"),
        ({}, "audio/wav", "unsupported_audio"),
    ],
)
def test_errors_have_deepgrams_fields_too(
    recognizer: Recognizer, query: dict[str, str], content_type: str, code: str
) -> None:
    status, found, request_id = asked(recognizer, b"This is no recording. " * 100, content_type, **query)
    assert 400 <= status < 500
    assert found["err_code"] == found["error"]["code"] == code
    assert found["err_msg"] == found["error"]["message"]
    assert found["request_id"] == request_id
