"""Recordings behind each other, opened by the readers that the service uses."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from hindi_stt.audio.decoders import SndfileReader
from hindi_stt.audio.joined import JoinedReader
from hindi_stt.audio.reader import Reader
from hindi_stt.errors import CorruptAudio, DecoderLost, HindiSTTError
from tests.support.wav import tone, wav

RATE = 16_000


def opener(content: bytes) -> Callable[[], Reader]:
    return lambda: SndfileReader(soundfile.SoundFile(io.BytesIO(content)), None)


def failing(error: HindiSTTError) -> Callable[[], Reader]:
    def open_() -> Reader:
        raise error

    return open_


def whole(reader: Reader, block: int = 3_000) -> np.ndarray:
    parts = [reader.read(block)]
    while len(parts[-1]) == block:
        parts.append(reader.read(block))
    return np.concatenate(parts)


@pytest.mark.parametrize("block", [1, 999, 16_000, 100_000])
def test_one_after_the_other_in_blocks_of_any_size(block: int) -> None:
    sounds = [tone(seconds, level=level) for seconds, level in ((0.1, 0.3), (0.05, 0.5), (0.15, 0.2))]
    reader = JoinedReader([opener(wav(sound, subtype="FLOAT")) for sound in sounds], incomplete=False)
    np.testing.assert_array_equal(whole(reader, block)[:, 0], np.concatenate(sounds))
    assert not reader.incomplete
    reader.close()


def test_another_rate_is_resampled_to_the_first() -> None:
    reader = JoinedReader([opener(wav(tone(0.5))), opener(wav(tone(0.5, rate=48_000), 48_000))], incomplete=False)
    samples = whole(reader)[:, 0]
    assert reader.samplerate == RATE
    assert len(samples) == pytest.approx(RATE, abs=2)
    # 440 Hz on both sides: the loudest of the spectrum of each half.
    for half in (samples[1_000:7_000], samples[9_000:15_000]):
        spectrum = np.abs(np.fft.rfft(half * np.hanning(len(half))))
        assert spectrum.argmax() * RATE / len(half) == pytest.approx(440, abs=3)


def test_fewer_and_more_channels_than_the_first() -> None:
    left, right, mono = tone(0.1), -0.5 * tone(0.1), tone(0.1, level=0.1)
    stereo = wav(np.stack([left, right], 1), subtype="FLOAT")
    both = whole(JoinedReader([opener(stereo), opener(wav(mono, subtype="FLOAT"))], incomplete=False))
    np.testing.assert_array_equal(both, np.concatenate([np.stack([left, right], 1), np.stack([mono, mono], 1)]))
    one = whole(JoinedReader([opener(wav(mono, subtype="FLOAT")), opener(stereo)], incomplete=False))
    np.testing.assert_allclose(one[:, 0], np.concatenate([mono, (left + right) / 2]), atol=1e-6)


def cut_flac() -> bytes:
    """Its header states ten seconds; the file ends in the middle of them."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 10 * RATE).astype(np.float32)
    content = wav(noise, container="FLAC")
    return content[: len(content) // 2]


def test_later_ones_that_cannot_be_opened_are_left_out_and_named() -> None:
    good = wav(tone(0.1), subtype="FLOAT")
    openers = [opener(good), failing(CorruptAudio("broken")), opener(good)]
    reader = JoinedReader(openers, incomplete=False)
    np.testing.assert_array_equal(whole(reader)[:, 0], np.concatenate([tone(0.1), tone(0.1)]))
    assert reader.incomplete


def test_a_later_one_that_is_cut_off_gives_what_it_has() -> None:
    cut = opener(cut_flac())
    reader = JoinedReader([opener(wav(tone(0.1))), cut, opener(wav(tone(0.2)))], incomplete=False)
    n = len(whole(reader)) - 1_600 - 3_200
    assert 4 * RATE < n < 6 * RATE
    assert reader.incomplete


@pytest.mark.parametrize("place", [0, 1])
def test_a_lost_decoder_is_a_server_error(place: int) -> None:
    """It is told, so that the request can be sent again; nothing is left out for it."""
    openers = [opener(wav(tone(0.1)))] * 2
    openers[place] = failing(DecoderLost("killed", retry_after_s=1))
    with pytest.raises(DecoderLost):
        whole(JoinedReader(openers, incomplete=False))


def test_an_error_of_the_first_one_is_raised() -> None:
    good = opener(wav(tone(0.1)))
    with pytest.raises(CorruptAudio):
        JoinedReader([failing(CorruptAudio("broken")), good], incomplete=False)
    with pytest.raises(CorruptAudio, match="cannot be decoded past 4"):
        whole(JoinedReader([opener(cut_flac()), good], incomplete=False))


def test_earlier_warnings_of_missing_audio_are_kept() -> None:
    reader = JoinedReader([opener(wav(tone(0.1)))], incomplete=True)
    whole(reader)
    assert reader.incomplete


def test_nothing_at_all() -> None:
    assert whole(JoinedReader([opener(wav(np.zeros(0, np.float32)))], incomplete=False)).shape == (0, 1)
