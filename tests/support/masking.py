"""Numbers to hide, and whether they are."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import soundfile
import soxr

from tests.support.synthesis import speak


def is_hidden(texts: Sequence[str], words: Sequence[str]) -> bool:
    return not set(words) & set(" ".join(texts).split())


def synthetic(text: str, rate: int) -> np.ndarray:
    samples, source_rate = soundfile.read(io.BytesIO(speak(text, 0)), dtype="float32")
    return soxr.resample(samples, source_rate, rate)
