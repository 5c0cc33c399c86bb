"""A model in this process and thread: results in order, and the first error that there is."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.backend import InlineBackend
from hindi_stt.types import Features, LogProbs


def clips(acoustic: LocalAcoustic, *n_frames: int) -> list[Features]:
    rng, n_mels = np.random.default_rng(0), acoustic.bundle.manifest.features.n_mels
    return [Features(rng.standard_normal((n_mels, n)).astype(np.float32), n / 100) for n in n_frames]


def test_results_are_in_the_order_of_the_clips(acoustic: LocalAcoustic) -> None:
    given = clips(acoustic, 300, 100, 200)
    found = asyncio.run(InlineBackend(acoustic).log_probs(given, wait_if_busy=False))
    for clip, result in zip(given, found, strict=True):
        (alone,) = acoustic([clip])
        assert isinstance(alone, LogProbs)
        np.testing.assert_allclose(result.values, alone.values, atol=1e-4)


def test_a_clip_that_the_model_does_not_take_is_raised(acoustic: LocalAcoustic) -> None:
    good, bad = clips(acoustic, 100, 120)
    wrong = Features(bad.values[:-1], bad.duration_s)
    with pytest.raises(HindiSTTError):
        asyncio.run(InlineBackend(acoustic).log_probs([good, wrong], wait_if_busy=False))


def test_work_runs_in_this_thread(acoustic: LocalAcoustic) -> None:
    assert asyncio.run(InlineBackend(acoustic).in_thread(threading.get_ident)) == threading.get_ident()
