"""What the file API says of the audio that a live connection gets."""

from __future__ import annotations

import numpy as np

from tests.support.guarded import Guarded
from tests.support.streams import RATE
from tests.support.wav import wav


def file_text(server: Guarded, samples: np.ndarray, rate: int = RATE) -> str:
    """The text of int16 samples at a rate in Hz, of some words at least."""
    text: str = server.post(server.key, wav(samples, rate)).json()["text"]
    assert len(text.split()) > 3
    return text
