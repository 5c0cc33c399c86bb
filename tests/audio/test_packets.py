"""Packets of raw samples: however they are cut, they give what the whole gives; levels as libsndfile has them."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.audio.packets import PACKET_RATES, Encoding, PacketDecoder, PacketFormat
from tests.support.wav import tone

RATE = 16_000


def coded(samples: np.ndarray, encoding: str, rate: int) -> bytes:
    """By libsndfile."""
    subtype = {"pcm16": "PCM_16", "g711_ulaw": "ULAW", "g711_alaw": "ALAW"}[encoding]
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="RAW", subtype=subtype, endian="LITTLE")
    return buffer.getvalue()


def decoded(data: bytes, form: PacketFormat, rate: int, cuts: list[int]) -> np.ndarray:
    decoder = PacketDecoder(form, rate)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    parts = [decoder.push(data[start:end]) for start, end in pairwise(edges)]
    return np.concatenate([*parts, decoder.flush()])


@given(st.lists(st.integers(0, 10_000), max_size=8), st.sampled_from(get_args(Encoding)), st.sampled_from(PACKET_RATES))
def test_cuts_make_no_difference(cuts: list[int], encoding: Encoding, rate: int) -> None:
    form = PacketFormat(encoding, rate)
    data = coded(tone(0.2, rate), encoding, rate)
    np.testing.assert_allclose(decoded(data, form, RATE, cuts), decoded(data, form, RATE, []), atol=1e-6)


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_at_the_models_rate_the_samples_are_libsndfiles(encoding: Encoding) -> None:
    data = coded(np.linspace(-1, 1, 4_000, dtype=np.float32), encoding, 8_000)
    subtype = {"pcm16": "PCM_16", "g711_ulaw": "ULAW", "g711_alaw": "ALAW"}[encoding]
    wanted, _ = soundfile.read(
        io.BytesIO(data), dtype="float32", format="RAW", subtype=subtype, samplerate=8_000, channels=1, endian="LITTLE"
    )
    np.testing.assert_array_equal(decoded(data, PacketFormat(encoding, 8_000), 8_000, [1, 7]), wanted)


@pytest.mark.parametrize("rate", PACKET_RATES)
def test_another_rate_keeps_length_and_pitch(rate: int) -> None:
    samples = decoded(coded(tone(1.0, rate), "pcm16", rate), PacketFormat("pcm16", rate), RATE, [100, 5_000])
    assert len(samples) == pytest.approx(RATE, abs=2)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert spectrum.argmax() * RATE / len(samples) == pytest.approx(440, abs=2)


def test_bytes_in_a_second() -> None:
    assert PacketFormat("pcm16", 24_000).bytes_per_s == 48_000
    assert PacketFormat("g711_alaw", 8_000).bytes_per_s == 8_000


def test_half_a_sample_waits_for_its_other_half() -> None:
    decoder = PacketDecoder(PacketFormat("pcm16", RATE), RATE)
    assert len(decoder.push(b"\x00")) == 0
    np.testing.assert_array_equal(decoder.push(b"\x40\x00"), np.float32([0.5]))
    assert len(decoder.push(b"")) == 0
    np.testing.assert_array_equal(decoder.push(b"\xc0"), np.float32([-0.5]))
