"""A conversation of two voices that the speaker model of the tests tells apart."""

from __future__ import annotations

import numpy as np

from tests.support.streams import RATE, silence, speech

_RAIN, _FAMILY = speech("rain.flac"), speech("family.flac")


def dull(samples: np.ndarray) -> np.ndarray:
    """A voice whose upper bands are gone, which the speaker model of the tests takes for another one."""
    spectrum = np.fft.rfft(samples.astype(float))
    spectrum[np.fft.rfftfreq(len(samples), 1 / RATE) > 2_000] = 0
    return np.clip(np.fft.irfft(spectrum, len(samples)), -32_768, 32_767).astype(np.int16)


# One of two voices says something, the other one, and again both, the last two without a pause that ends an utterance.
TALK = np.concatenate(
    [_FAMILY, silence(1.5), dull(_FAMILY), silence(1.5), _RAIN, silence(0.2), _FAMILY, silence(0.3), dull(_FAMILY)]
)
TALK_TURNS = ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"]
