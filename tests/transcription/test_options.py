"""Options of a request, through every door: form fields, command line, settings."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pydantic
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli import main as cli
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.text.options import FIELDS as TEXT_FIELDS
from hindi_stt.transcription import options
from hindi_stt.transcription.options import FIELDS, Options
from hindi_stt.transcription.pipeline import Pipeline
from tests.conftest import DATA
from tests.support.server import Server

MODULES_UNDER_TEST = ("hindi_stt/transcription/pipeline.py",)

CLIP = DATA / "rain_16k.wav"
LATIN = {"script": "latin", "punctuation": "pauses"}


def test_the_line_takes_options(pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    plain = pipeline.transcribe(CLIP, acoustic)
    latin = pipeline.transcribe(CLIP, acoustic, pipeline.options(LATIN))
    assert plain.text
    assert not plain.text.isascii()
    assert latin.text.isascii()
    assert latin.text.endswith(".")
    assert [(w.start_s, w.end_s, w.confidence) for w in latin.words] == [
        (w.start_s, w.end_s, w.confidence) for w in plain.words
    ]
    assert [source for word in latin.words for source in word.decoded] == [word.text for word in plain.words]


def test_a_setting_is_the_default_and_a_request_overrides_it(bundle: Bundle, acoustic: LocalAcoustic) -> None:
    pipeline = Pipeline(bundle, Settings(model="", script="latin", mask="phone,card"))
    assert pipeline.transcribe(CLIP, acoustic).text.isascii()
    asked = pipeline.options({"script": "devanagari"})
    assert not pipeline.transcribe(CLIP, acoustic, asked).text.isascii()
    assert asked.text.mask == {"phone", "card"}


@pytest.mark.parametrize("wrong", [{"script": "greek"}, {"mask": "phone,,card"}, {"numerals": ""}])
def test_a_setting_that_there_is_not_stops_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings(**wrong)


def test_every_field_of_the_text_has_a_setting() -> None:
    assert set(TEXT_FIELDS) <= set(Settings.model_fields)
    assert Options.from_settings(Settings()) == Options()
    assert set(options.__all__) == {"FIELDS", "RECORDING_FIELDS", "Options", "offered"}


def test_form_fields(server: Server, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    response = server.transcribe(CLIP.read_bytes(), data=LATIN)
    assert response.status_code == 200, response.text
    expected = pipeline.transcribe(CLIP, acoustic, pipeline.options(LATIN))
    assert response.json()["text"] == expected.text
    assert [word["word"] for word in response.json()["words"]] == [word.text for word in expected.words]


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"data": {"numerals": "roman"}}, "'numerals' takes off, devanagari, latin"),
        ({"data": {"mask": "iban"}}, "'mask' takes off, phone, aadhaar, card, all"),
        ({"data": {"numeral": "latin"}}, "Did you mean 'numerals'? Known are file, model"),
        ({"data": {"script": ["latin", "mixed"]}}, "several fields named 'script'"),
        ({"files": [("file", ("a.wav", b"x")), ("script", ("b.txt", b"latin"))]}, "'script' is a file"),
    ],
)
def test_bad_form_fields(server: Server, parts: dict[str, Any], named: str) -> None:
    files = parts.get("files", [("file", ("clip.wav", CLIP.read_bytes()))])
    response = httpx.post(f"{server.url}/transcribe", files=files, data=parts.get("data"), timeout=60)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert named in response.json()["error"]["message"]


def test_the_openapi_page_names_the_fields(server: Server) -> None:
    page = httpx.get(f"{server.url}/docs.json", timeout=10).json()
    content = page["paths"]["/transcribe"]["post"]["requestBody"]["content"]
    assert set(FIELDS) < set(json.dumps(content).replace('"', " ").split())


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["transcribe", "--script", "latin", "--punctuation", "pauses", str(CLIP)]) == 0
    assert capsys.readouterr().out.strip().isascii()
    assert cli.main(["transcribe", "--mask", "iban", str(CLIP)]) == 1
    assert "'mask' takes off, phone" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["transcribe", "--numerals", "roman", str(CLIP)])
