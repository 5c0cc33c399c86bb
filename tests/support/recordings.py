"""Rows of recordings with what must be heard of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hindi_stt import audio
from hindi_stt.audio import AudioLimits
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.audio import make
from tests.audio.make import FAMILY, RAIN

LIMITS = AudioLimits(max_s=14_400, min_s=0.1, max_channels=8)
RATE = make.RATE
BOTH_S = (len(RAIN) + len(FAMILY)) / RATE
PAUSED_S = BOTH_S + 5.0
VBR = "-c:a libmp3lame -q:a 2 -f mp3"
INCOMPLETE = ("incomplete_audio",)


@dataclass(frozen=True)
class Row:
    """content: makes the file; hears: "both" sentences or the "first"; slack_s: what the codec adds or takes."""

    content: Callable[[Path], bytes]
    duration_s: float
    hears: str = "both"
    warnings: tuple[str, ...] = ()
    slack_s: float = 0.1


def check_row(row: Row, tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic, sentences: list[set[str]]) -> None:
    content = row.content(tmp_path)
    (tmp_path / "file").write_bytes(content)
    found = pipeline.transcribe(tmp_path / "file", acoustic)
    in_memory = np.concatenate([block.samples for block in audio.blocks(content, RATE, LIMITS)])
    on_disk = np.concatenate([block.samples for block in audio.blocks(tmp_path / "file", RATE, LIMITS)])
    np.testing.assert_array_equal(in_memory, on_disk)
    assert found.duration_s == pytest.approx(row.duration_s, abs=row.slack_s + 1e-3)
    # Which of two inverted channels is the louder one after a codec is chance.
    warnings = tuple(text.replace("channel 1 was", "channel 0 was") for text in found.warnings)
    assert tuple(text for text in warnings if text != "band_limited") == row.warnings
    heard = {word.text for word in found.words}
    for expected in {"both": sentences, "first": sentences[:1]}[row.hears]:
        # Codecs of telephones cost words; a sentence that is not there costs all of them.
        assert len(heard & expected) >= 0.5 * len(expected), found.text
