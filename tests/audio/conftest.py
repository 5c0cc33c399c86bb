"""What the tests of recordings share."""

from __future__ import annotations

import pytest

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.audio.make import FAMILY, RAIN
from tests.support.wav import wav


@pytest.fixture(scope="session")
def sentences(pipeline: Pipeline, acoustic: LocalAcoustic) -> list[set[str]]:
    """The words of each sentence alone."""
    return [{word.text for word in pipeline.transcribe(wav(part), acoustic).words} for part in (RAIN, FAMILY)]
