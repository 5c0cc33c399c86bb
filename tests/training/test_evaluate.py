"""The embedded model on recordings of people, measured as its card was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED
from tests.support.server import ROOT
from training.conditions import real
from training.evaluate import ServerRecogniser, measure

CARD = ROOT / "docs" / "embedded-model-results.json"
MARGIN_POINTS = 3


@pytest.mark.slow
def test_the_embedded_model_is_as_good_on_people_as_its_card_says(speech: Path) -> None:
    card = json.loads(CARD.read_text(encoding="utf-8"))["real"]
    measured, _ = measure(ServerRecogniser(EMBEDDED), list(real(speech)))
    assert measured["clips"] == card["clips"]
    assert measured["wer"]["percent"] <= card["wer"]["percent"] + MARGIN_POINTS
    for kind, said in card["wer_by_group"].items():  # a kind has fewer words, so its figure moves more
        assert measured["wer_by_group"][kind]["percent"] <= said["high"] + MARGIN_POINTS, kind
