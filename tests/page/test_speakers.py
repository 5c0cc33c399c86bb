"""A call of two people on one channel, from the upload to a page that reads like a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from hindi_stt.render import to_srt, to_vtt
from hindi_stt.types import Segment, Transcript, Word
from tests.conftest import DATA
from tests.page.conftest import FindProblems, Visit
from tests.page.support import correct, download, upload, words_of
from tests.support.server import Server
from tests.support.speaker_model import write_speaker_bundle

pytestmark = pytest.mark.ui


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    running = Server(folder, HINDI_STT_SPEAKERS=str(write_speaker_bundle(folder / "bundle").folder))
    running.wait_until_ready()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip as it is, as through a telephone, and as it is, each twice."""
    samples, rate = soundfile.read(DATA / "rain_16k.wav", dtype="float32")
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) > 3400] = 0
    dull = np.fft.irfft(spectrum, len(samples)).astype(np.float32)
    pause = np.zeros(rate // 2, np.float32)
    path = tmp_path_factory.mktemp("call") / "call.wav"
    soundfile.write(path, np.concatenate([p for v in (samples, dull, samples) for p in (v, pause) * 2]), rate)
    return path


@pytest.fixture
def page(visit: Visit, speaking: Server, call: Path) -> Page:
    opened = visit(speaking)
    opened.locator("#option-fields").evaluate("fields => { fields.closest('details').open = true; }")
    opened.select_option("#option-diarize", "true")
    upload(opened, call)
    return opened


def shown_speakers(page: Page) -> list[str]:
    return page.eval_on_selector_all("#words [data-speaker]", "spans => spans.map((span) => span.dataset.speaker)")


def test_a_call_reads_like_a_conversation(page: Page, accessibility_problems: FindProblems) -> None:
    assert shown_speakers(page) == ["Speaker 1", "Speaker 2", "Speaker 1"]
    before = page.evaluate("getComputedStyle(document.querySelector('#words .word'), '::before').content")
    assert "Speaker 1" in before
    # A turn begins a paragraph.
    assert len(page.inner_text("#words").strip().split("\n\n")) >= 3
    assert accessibility_problems(page) == []
    page.click("#language")
    assert shown_speakers(page) == ["वक्ता 1", "वक्ता 2", "वक्ता 1"]


def test_downloads_have_the_speakers_as_the_server_writes_them(page: Page) -> None:
    correct(page, 0, "कल")
    words = words_of(page)
    transcript = Transcript(
        "hi",
        60.0,
        tuple(
            Segment(w["start"], w["end"], (Word(w["word"], w["start"], w["end"], w["confidence"]),), None, w["speaker"])
            for w in words
        ),
    )
    assert download(page, "srt") == to_srt(transcript)
    assert download(page, "vtt") == to_vtt(transcript)
    text = download(page, "txt")
    assert text.startswith("Speaker 1: कल ")
    assert "\n\nSpeaker 2: " in text


def test_without_a_speaker_model_there_is_no_such_option(visit: Visit, server: Server) -> None:
    page = visit(server)
    expect(page.locator("#option-numerals")).to_be_attached()
    assert page.locator("#option-diarize").count() == 0
