"""Packets in the order of their numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.protocols.telephony.ordering import PacketOrder


@given(st.lists(st.integers(0, 7), min_size=1, max_size=60))
def test_packets_that_come_a_little_late_are_put_in_order(delays: list[int]) -> None:
    """Whatever the delays are, as long as the first packet is the first."""
    sent = sorted(range(len(delays)), key=lambda i: (i + delays[i] if i else -1, i))
    order = PacketOrder()
    taken = [data for i in sent for data in order.take(i + 1, bytes([i]))] + order.flush()
    assert taken == [bytes([i]) for i in range(len(delays))]
    assert (order.n_lost, order.n_repeated) == (0, 0)


def test_a_packet_that_never_comes_holds_up_half_a_second() -> None:
    order = PacketOrder()
    assert order.take(1, b"a") == [b"a"]
    taken = [order.take(n, bytes([n])) for n in range(3, 29)]
    assert taken[:-1] == [[]] * 25
    assert taken[-1] == [bytes([n]) for n in range(3, 29)]
    assert order.n_lost == 1
    assert order.take(2, b"late") == []
    assert order.n_repeated == 1


def test_numbers_that_begin_again() -> None:
    order = PacketOrder()
    for n in range(1, 101):
        assert order.take(n, b"a") == [b"a"]
    assert order.take(1, b"b") == [b"b"]
    assert order.take(2, b"b") == [b"b"]
    assert (order.n_lost, order.n_repeated) == (0, 0)


def test_packets_without_numbers() -> None:
    order = PacketOrder()
    assert [order.take(None, b"a"), order.take(None, b"b")] == [[b"a"], [b"b"]]
    assert order.flush() == []
