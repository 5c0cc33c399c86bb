"""Messages between API workers and the runner: what is read is what was written, and anything else is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.errors import HindiSTTError, InferenceFailed, Overloaded
from hindi_stt.runner.wire import ClipMessage, decode_clip, decode_result, encode_clip, encode_result
from hindi_stt.types import Features, LogProbs

SHAPES = st.tuples(st.integers(0, 7), st.integers(0, 9))
NAMES = st.text(max_size=20)


def values(shape: tuple[int, int]) -> np.ndarray:
    return np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape) - 3.5


@given(SHAPES, NAMES, NAMES, NAMES, st.booleans(), st.floats(0, 1e9))
def test_a_clip(shape: tuple[int, int], model: str, flow: str, client: str, live: bool, time_s: float) -> None:
    features = Features(values(shape), time_s / 3)
    message = ClipMessage(model, features, flow, time_s, time_s + 60, live, "00-ab-cd-01", client)
    found = decode_clip(encode_clip(message))
    np.testing.assert_array_equal(found.features.values, features.values)
    assert found.features.values.shape == shape
    assert found.features.values.dtype == np.float32
    assert found.features.values.flags.aligned
    for name in ("model", "flow", "sent_s", "deadline_s", "live_final", "trace", "client"):
        assert getattr(found, name) == getattr(message, name)
    assert found.features.duration_s == features.duration_s


@given(SHAPES, st.floats(0.001, 1))
def test_log_probs(shape: tuple[int, int], frame_shift_s: float) -> None:
    found = decode_result(encode_result(LogProbs(values(shape), frame_shift_s)))
    np.testing.assert_array_equal(found.values, values(shape))
    assert found.frame_shift_s == frame_shift_s


def test_a_transposed_array_arrives_as_it_is() -> None:
    array = values((4, 6)).T
    assert not array.flags.c_contiguous
    np.testing.assert_array_equal(decode_result(encode_result(LogProbs(array, 0.04))).values, array)


@pytest.mark.parametrize("error", [InferenceFailed("यह क्लिप नहीं चली।"), Overloaded("full", retry_after_s=2.5)])
def test_an_error(error: HindiSTTError) -> None:
    with pytest.raises(type(error)) as found:
        decode_result(encode_result(error))
    assert found.value.message == error.message
    assert found.value.retry_after_s == error.retry_after_s


GOOD = encode_clip(ClipMessage("m", Features(values((2, 3)), 0.03), "f", 1.0, 2.0))


@pytest.mark.parametrize("cut", range(len(GOOD)))
def test_a_message_that_was_cut(cut: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's, numpy's and our own
        decode_clip(GOOD[:cut])


@given(st.binary(max_size=200))
def test_anything_else(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode_clip(data)


def test_a_header_with_another_field() -> None:
    data = GOOD.replace(b'"flow"', b'"glow"')
    with pytest.raises(ValueError, match="header"):
        decode_clip(data)
