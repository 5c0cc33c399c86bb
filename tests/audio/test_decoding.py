"""Bytes → Waveform: formats, rates, channels, bounds, and what is refused by which name."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hindi_stt import errors
from hindi_stt.audio import AudioLimits, blocks, decode
from tests.conftest import DATA
from tests.support.sounds import NAN
from tests.support.wav import FLOAT, raw_wav, tone, wav

MODULES_UNDER_TEST = (
    "hindi_stt/audio/decoders.py",
    "hindi_stt/audio/openers.py",
    "hindi_stt/audio/readers.py",
    "hindi_stt/audio/riff.py",
)

LIMITS = AudioLimits(max_s=20, min_s=0.1, max_channels=8)


def read(source: bytes | Path | io.BytesIO, limits: AudioLimits = LIMITS) -> np.ndarray:
    return decode(source, 16_000, limits).samples


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_pcm_and_float_width(subtype: str) -> None:
    samples = tone(0.5)
    step = 2 / 2 ** {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24}.get(subtype, 24)
    np.testing.assert_allclose(read(wav(samples, subtype=subtype)), samples, atol=step)


@pytest.mark.parametrize(
    ("container", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
)
def test_compressed_containers(container: str, subtype: str) -> None:
    samples = tone(1.0)
    decoded = read(wav(samples, subtype=subtype, container=container))
    # A codec may shift by some milliseconds and pad a frame; the tone must be there, at its level.
    assert abs(len(decoded) - len(samples)) < 0.1 * 16_000
    spectrum = np.abs(np.fft.rfft(decoded[4000:12000]))
    assert abs(np.argmax(spectrum) * 2 - 440) <= 2
    assert np.sqrt(np.mean(decoded[4000:12000] ** 2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_a_tone(rate: int) -> None:
    waveform = decode(wav(tone(1.0, rate), rate, "FLOAT"), 16_000, LIMITS)
    assert waveform.source_rate == rate
    assert len(waveform.samples) == 16_000
    np.testing.assert_allclose(waveform.samples[2000:-2000], tone(1.0)[2000:-2000], atol=1e-3)


def test_channels_are_averaged() -> None:
    left, right = tone(0.5), np.zeros(8_000, np.float32)
    np.testing.assert_allclose(read(wav(np.stack([left, right], 1), subtype="FLOAT")), left / 2, atol=1e-6)


def test_bytes_path_and_stream_agree(tmp_path: Path) -> None:
    content = (DATA / "rain.flac").read_bytes()
    path = tmp_path / "clip"
    path.write_bytes(content)
    stream = io.BytesIO(content)
    np.testing.assert_array_equal(read(content), read(path))
    np.testing.assert_array_equal(read(content), read(stream))
    assert not stream.closed


def test_mp3_is_the_same_in_blocks() -> None:
    """soundfile seeks after every block, which takes from the decoder what the next MP3 frame needs of earlier ones."""
    rng = np.random.default_rng(2)
    samples = np.repeat(rng.random(160), 3_200) ** 3 * rng.normal(size=512_000) * 0.2
    buffer = io.BytesIO()
    how = {"compression_level": 0.9, "bitrate_mode": "VARIABLE"}
    with soundfile.SoundFile(buffer, "w", 16_000, 1, "MPEG_LAYER_III", format="MP3", **how) as file:
        file.write(samples)
    whole, _ = soundfile.read(io.BytesIO(buffer.getvalue()), dtype="float32")
    limits = AudioLimits(max_s=60, min_s=0.1, max_channels=8)
    in_blocks = np.concatenate([block.samples for block in blocks(buffer.getvalue(), 16_000, limits, 1.0)])
    np.testing.assert_allclose(in_blocks, whole, atol=1e-5)


@pytest.mark.parametrize("claimed", [0xFFFF_FFFF, 0x7FFF_FFFF])
def test_streamed_wav_of_unknown_length(claimed: int) -> None:
    data = (tone(0.5) * 32767).astype("<i2").tobytes()
    assert len(read(raw_wav(data, claimed_bytes=claimed))) == 8_000


GOOD = wav(tone(1.0))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"", errors.EmptyBody, id="empty"),
        pytest.param("यह ऑडियो नहीं है। ".encode() * 50, errors.UnsupportedAudio, id="text"),
        pytest.param(b"PK\x03\x04" + bytes(500), errors.UnsupportedAudio, id="zip"),
        pytest.param(bytes(5_000), errors.UnsupportedAudio, id="zero bytes"),
        pytest.param(b"RIFF", errors.UnsupportedAudio, id="four bytes"),
        pytest.param(GOOD[:20_000], errors.TruncatedAudio, id="truncated WAV"),
        pytest.param(GOOD[:30], errors.TruncatedAudio, id="WAV cut in its header"),
        pytest.param((DATA / "rain.flac").read_bytes()[:20_000], errors.TruncatedAudio, id="truncated FLAC"),
        pytest.param(raw_wav(bytes(8_000), claimed_bytes=36_000 * 32_000), errors.TruncatedAudio, id="claims 10 hours"),
        pytest.param(raw_wav(NAN.tobytes(), bits=32, code=FLOAT), errors.InvalidSamples, id="NaN"),
        pytest.param(wav(np.full(16_000, 1e20), subtype="FLOAT"), errors.InvalidSamples, id="absurdly loud"),
        pytest.param(wav(tone(0.02)), errors.AudioTooShort, id="0.02 s"),
        pytest.param(raw_wav(b""), errors.AudioTooShort, id="no samples"),
        pytest.param(wav(np.zeros((800, 12)) + 0.1), errors.TooManyChannels, id="12 channels"),
        pytest.param(wav(tone(21.0)), errors.AudioTooLong, id="21 s"),
        pytest.param(wav(tone(1.0, 100), 100), errors.UnsupportedAudio, id="100 Hz"),
    ],
)
def test_refused_by_name(content: bytes, error: type[errors.HindiSTTError]) -> None:
    with pytest.raises(error):
        read(content)


def test_decoding_stops_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of silence in a small file is not unpacked: few blocks are read before it is refused."""
    content = wav(np.zeros(3600 * 8_000, np.int16), 8_000, container="FLAC", subtype="PCM_16")
    frames = []
    original = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile,
        "read",
        lambda self, n, **kwargs: frames.append(n) or original(self, n, **kwargs),
    )
    with pytest.raises(errors.AudioTooLong):
        read(content)
    assert sum(frames) <= (LIMITS.max_s + 16) * 8_000


def test_odd_chunks_before_the_data() -> None:
    extra = b"LIST" + struct.pack("<I", 5) + b"INFO\0" + b"\0"
    assert len(read(GOOD[:12] + extra + GOOD[12:])) == 16_000
