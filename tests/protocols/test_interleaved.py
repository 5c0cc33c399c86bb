"""Interleaved channels, split into tracks and mixed into one."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from hindi_stt.audio import PacketFormat
from hindi_stt.protocols.interleaved import InterleavedAudio

PCM16 = PacketFormat("pcm16", 16_000)
MU_LAW = PacketFormat("g711_ulaw", 8_000)
# Three channels of five samples each.
CHANNELS = np.array([[1, -2, 300, -4_000, 32_767], [10, 20, 30, 40, -32_768], [0, 0, 0, 0, 5]], "<i2")


def pushed(audio: InterleavedAudio, data: bytes, size: int) -> list[bytes]:
    """The whole bytes of each track, of data that comes in packets of so many bytes."""
    tracks = [b""] * audio.n_tracks
    for start in range(0, len(data), size):
        parts = audio.push(data[start : start + size])
        tracks = [track + part for track, part in zip(tracks, parts, strict=True)]
    return tracks


@pytest.mark.parametrize("mixed", [False, True])
def test_one_channel_is_passed_on_as_it_is(mixed: bool) -> None:
    audio = InterleavedAudio(MU_LAW, 1, mixed=mixed)
    assert audio.track_format == MU_LAW
    assert pushed(audio, bytes(range(256)), 7) == [bytes(range(256))]


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 100])
def test_each_channel_of_16_bit_samples_is_a_track_however_packets_are_cut(size: int) -> None:
    audio = InterleavedAudio(PCM16, 3)
    assert (audio.n_tracks, audio.track_format) == (3, PCM16)
    assert pushed(audio, CHANNELS.T.tobytes(), size) == [channel.tobytes() for channel in CHANNELS]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_each_channel_of_companded_samples_is_a_track(size: int) -> None:
    audio = InterleavedAudio(MU_LAW, 2)
    assert audio.track_format == MU_LAW
    assert pushed(audio, b"aAbBcC", size) == [b"abc", b"ABC"]


@pytest.mark.parametrize("size", [1, 5, 6, 100])
def test_mixed_16_bit_samples_are_the_mean_of_the_channels(size: int) -> None:
    audio = InterleavedAudio(PCM16, 3, mixed=True)
    assert (audio.n_tracks, audio.track_format) == (1, PCM16)
    (mixed,) = pushed(audio, CHANNELS.T.tobytes(), size)
    mean = CHANNELS.astype(np.float64).mean(axis=0)
    assert np.abs(np.frombuffer(mixed, "<i2") - mean).max() <= 0.5 + 1e-2  # rounded once, from float32


def test_mixed_samples_do_not_overflow() -> None:
    audio = InterleavedAudio(PCM16, 2, mixed=True)
    loudest = np.full((4, 2), 32_767, "<i2")
    lowest = np.full((4, 2), -32_768, "<i2")
    (mixed,) = audio.push(loudest.tobytes() + lowest.tobytes())
    assert np.frombuffer(mixed, "<i2").tolist() == [32_767] * 4 + [-32_768] * 4


@pytest.mark.parametrize(("encoding", "subtype"), [("g711_ulaw", "ULAW"), ("g711_alaw", "ALAW")])
def test_companded_channels_are_mixed_as_the_samples_that_they_stand_for(encoding: str, subtype: str) -> None:
    """libsndfile decodes the same bytes to 16-bit samples."""
    both = np.random.default_rng(5).integers(0, 256, (1_000, 2), np.uint8)
    levels, _ = soundfile.read(
        io.BytesIO(both.tobytes()), format="RAW", subtype=subtype, samplerate=8_000, channels=2, dtype="int16"
    )
    audio = InterleavedAudio(PacketFormat(encoding, 8_000), 2, mixed=True)  # type: ignore[arg-type]  # one of three
    assert audio.track_format == PacketFormat("pcm16", 8_000)
    (mixed,) = pushed(audio, both.tobytes(), 33)
    assert np.abs(np.frombuffer(mixed, "<i2") - levels.astype(np.float64).mean(axis=1)).max() <= 0.5
