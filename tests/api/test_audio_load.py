"""Seconds of audio in progress: admitted up to a bound, of each client up to its share, and given back."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.api.audio_load import AudioLoad, ClientAccounting
from hindi_stt.errors import Overloaded
from hindi_stt.settings import Settings
from tests.support.metrics import metrics


def load(max_s: float = 100, share: float = 1.0) -> AudioLoad:
    return AudioLoad(Settings(model="", max_queue_s=max_s, client_share=share), metrics())


def test_up_to_the_bound() -> None:
    found = load(100)
    found.admit("ann", 1_000)  # nothing else is in progress: a long recording has to be possible
    with found.in_progress("ann", 60):
        found.admit("bob", 40)
        with pytest.raises(Overloaded) as refused:
            found.admit("bob", 41)
        assert refused.value.retry_after_s is not None
    found.admit("bob", 41)


def test_each_client_has_its_share() -> None:
    found = load(100, 0.3)
    with found.in_progress("ann", 20):
        with pytest.raises(Overloaded, match="of ann"):
            found.admit("ann", 11)
        found.admit("ann", 10)
        found.admit("bob", 80)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.01, 1e4)), max_size=20))
def test_nothing_is_left_when_all_have_ended(clips: list[tuple[str, float]]) -> None:
    found = load(1e9)
    with ExitStack() as stack:
        for client, duration_s in clips:
            stack.enter_context(found.in_progress(client, duration_s))
        assert found._total_s == pytest.approx(sum(duration_s for _, duration_s in clips))
    assert found._total_s == 0
    assert not found._by_client


def test_what_raises_is_given_back() -> None:
    found = load()
    with pytest.raises(RuntimeError), found.in_progress("ann", 60):
        raise RuntimeError
    assert found._total_s == 0


def test_a_refusal_when_full_applies_to_the_next_bodies() -> None:
    found = load(100)
    found.refuse_if_full("ann")
    with found.in_progress("ann", 95):
        with pytest.raises(Overloaded):
            found.admit("bob", 10)
        with pytest.raises(Overloaded):
            found.refuse_if_full("eve")


def test_a_clients_refusal_applies_to_that_client_only() -> None:
    found = load(100, 0.3)
    with found.in_progress("ann", 29):
        with pytest.raises(Overloaded):
            found.admit("ann", 10)
        with pytest.raises(Overloaded):
            found.refuse_if_full("ann")
        found.refuse_if_full("bob")


def test_a_refusal_is_forgotten() -> None:
    found = load()
    found.remember_refusal("", 0.0)
    found.refuse_if_full("ann")


class Counted(RateLimits):
    """Seconds that were counted against a client's limit."""

    def __init__(self) -> None:
        super().__init__()
        self.counted_s: list[float] = []

    async def count_audio(self, client: Client, duration_s: float) -> None:
        assert client.name == "ann"
        self.counted_s.append(duration_s)


def test_a_recording_counts_from_its_first_slice_to_its_end() -> None:
    found, limits = load(100), Counted()

    async def run() -> None:
        accounting = ClientAccounting(found, limits, metrics(), "model", Client("ann"))
        await accounting.decoded(30)
        assert found._total_s == 30
        accounting.clip_is_ready()
        assert found._total_s == 0
        with accounting.in_progress(25):
            await accounting.decoded(80)  # it was let in: what else there is does not end it
            assert found._total_s == 105
        accounting.close()
        assert found._total_s == 0
        accounting.finished(110, 1.0, {})
        assert limits.counted_s == [30, 80]

    asyncio.run(run())


def test_a_refused_recording_counts_nothing() -> None:
    found, limits = load(100), Counted()

    async def run() -> None:
        with found.in_progress("bob", 90):
            accounting = ClientAccounting(found, limits, metrics(), "model", Client("ann"))
            with pytest.raises(Overloaded):
                await accounting.decoded(30)
            assert found._total_s == 90
            assert limits.counted_s == []

    asyncio.run(run())
