"""The second session of a model, which is loaded while the first one works."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.inference.session_pair import SessionPair
from hindi_stt.types import Features


def test_a_lone_clip_runs_before_the_second_session_is_there(bundle: Bundle) -> None:
    first, may_load = LocalAcoustic(bundle, threads=1), threading.Event()

    def load() -> LocalAcoustic:
        may_load.wait(60)
        return LocalAcoustic(bundle, threads=2)

    pair = SessionPair(first, load)
    shape = (bundle.manifest.features.n_mels, 300)
    clip = Features(np.random.default_rng(0).standard_normal(shape).astype(np.float32), 3.0)
    (before,) = pair.session(alone=True)([clip])
    assert pair.session(alone=True) is first
    may_load.set()
    deadline = time.monotonic() + 60
    while pair.session(alone=True) is first and time.monotonic() < deadline:
        time.sleep(0.01)
    second = pair.session(alone=True)
    assert second is not first
    assert pair.session(alone=False) is first
    (after,) = second([clip])
    assert not isinstance(before, HindiSTTError)
    assert not isinstance(after, HindiSTTError)
    np.testing.assert_allclose(after.values, before.values, atol=1e-4)


def test_one_core_has_one_session(bundle: Bundle) -> None:
    first = LocalAcoustic(bundle, threads=1)
    pair = SessionPair(first, None)
    assert pair.session(alone=True) is pair.session(alone=False) is first


def test_a_second_session_that_cannot_be_loaded(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    first, failed = LocalAcoustic(bundle, threads=1), threading.Event()

    def load() -> LocalAcoustic:
        failed.set()
        raise MemoryError

    pair = SessionPair(first, load)
    assert failed.wait(60)
    deadline = time.monotonic() + 60
    while "for all cores" not in caplog.text and time.monotonic() < deadline:  # its records come before its text
        time.sleep(0.01)
    assert "for all cores" in caplog.text
    assert pair.session(alone=True) is first
