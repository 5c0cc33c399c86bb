"""Audio that is not what was announced is noticed, and audio that is, is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hindi_stt.audio import PacketFormat
from hindi_stt.protocols.adapter import TrackSpec
from hindi_stt.protocols.format_check import AudioChecks, FormatCheck, PaceCheck
from tests.support.streams import speech
from tests.support.telephony import at_rate, mu_law

ULAW, ALAW = PacketFormat("g711_ulaw", 8_000), PacketFormat("g711_alaw", 8_000)
PCM = PacketFormat("pcm16", 8_000)
TALK = at_rate(speech("family.flac", 0.5, "rain.flac", 0.5, "family.flac"), 8_000)
OTHER = np.roll(TALK, 11_000)
NOISE = np.random.default_rng(1)


def a_law(samples: np.ndarray) -> bytes:
    """int16 samples as G.711 A-law, from the table of the recommendation (13-bit magnitudes)."""
    magnitude = np.minimum(np.abs(samples.astype(np.int32)) >> 4, 2047)
    exponent = np.where(magnitude < 32, 0, np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4)
    mantissa = (magnitude >> np.where(exponent == 0, 1, exponent)) & 0x0F
    sign = np.where(samples >= 0, 0x80, 0)
    return ((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8).tobytes()


def stereo(left: np.ndarray, right: np.ndarray) -> bytes:
    return np.stack([left, right], axis=1).astype("<i2").tobytes()


def told(audio: PacketFormat, data: bytes, size: int = 333) -> list[str]:
    check = FormatCheck(audio)
    return [said for start in range(0, len(data), size) if (said := check.push(data[start : start + size]))]


@pytest.mark.parametrize(
    ("audio", "data", "looks_like"),
    [
        (PCM, mu_law(TALK), "G.711 mu-law"),
        (PCM, a_law(TALK), "G.711 A-law"),
        (PCM, TALK.astype(">i2").tobytes(), "16-bit samples, big-endian"),
        (ULAW, TALK.tobytes(), "16-bit samples, little-endian"),
        (ULAW, a_law(TALK), "G.711 A-law"),
        (ALAW, mu_law(TALK), "G.711 mu-law"),
        (PCM, stereo(TALK, np.zeros_like(TALK)), "two channels in turns"),
        (PCM, stereo(TALK, OTHER), "two channels in turns"),
        (PCM, stereo(TALK, TALK), "two channels in turns"),
        (ULAW, mu_law(np.stack([TALK, OTHER], axis=1).ravel()), "two channels in turns"),
    ],
)
def test_another_format_is_told_once(audio: PacketFormat, data: bytes, looks_like: str) -> None:
    (said,) = told(audio, data)
    assert said.endswith(f"but looks like {looks_like}")


def tone(hz: float) -> np.ndarray:
    return (8_000 * np.sin(np.arange(80_000) * 2 * np.pi * hz / 8_000)).astype("<i2")


@pytest.mark.parametrize(
    "samples",
    [
        TALK,
        TALK // 20,
        np.clip(TALK.astype(np.int32) * 6, -(2**15), 2**15 - 1).astype("<i2"),
        np.zeros(80_000, "<i2"),
        NOISE.normal(0, 200, 80_000).astype("<i2"),
        NOISE.normal(0, 9_000, 80_000).clip(-(2**15), 2**15 - 1).astype("<i2"),
        np.diff(NOISE.normal(0, 3_000, 80_001)).astype("<i2"),
        tone(425),
        tone(2_000),
        tone(3_900),
        tone(697) // 2 + tone(1_633) // 2,
        np.where(np.arange(80_000) % 80 < 40, 20_000, -20_000).astype("<i2"),
    ],
    ids=["speech", "quiet", "clipped", "silence", "hiss", "noise", "high noise", "tone", "2k", "3.9k", "dtmf", "buzz"],
)
@pytest.mark.parametrize(("audio", "written"), [(PCM, lambda s: s.tobytes()), (ULAW, mu_law), (ALAW, a_law)])
def test_what_was_announced_is_left_alone(
    audio: PacketFormat, written: Callable[[np.ndarray], bytes], samples: np.ndarray
) -> None:
    assert told(audio, written(samples)) == []


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_speech_at_other_rates(rate: int) -> None:
    samples = at_rate(speech("family.flac", "rain.flac"), rate)
    assert told(PacketFormat("pcm16", rate), samples.tobytes()) == []


def paces(real: float, n_s: float = 60, packet_s: float = 0.02) -> list[float]:
    """What is told of audio whose packets of so many seconds come `real` times as fast as they are spoken."""
    check = PaceCheck()
    times = np.arange(int(n_s / packet_s * real)) * packet_s / real
    return [pace for now_s in times if (pace := check.take(packet_s, float(now_s)))]


@pytest.mark.parametrize("pace", [2, 3, 0.5, 1.5, 6])
def test_a_pace_that_a_wrong_rate_explains_is_told_once(pace: float) -> None:
    assert paces(pace * 1.01) == [pace]


@pytest.mark.slow
@pytest.mark.parametrize("pace", [1, 0.97, 1.03, 1.25, 0.8, 100])
def test_other_paces_are_not(pace: float) -> None:
    assert paces(pace) == []


def test_a_pace_that_varies_is_a_recording() -> None:
    check = PaceCheck()
    now_s = 0.0
    for i in range(3_000):
        now_s += 0.02 / (2 if i // 300 % 2 else 7)
        assert check.take(0.02, now_s) is None


def test_warnings_name_the_track() -> None:
    checks = AudioChecks([TrackSpec("inbound", PCM), TrackSpec("outbound", PCM)], paced=False)
    data, step = mu_law(TALK), 320
    found = []
    for i, start in enumerate(range(0, len(data), step)):
        found += checks.take(0, bytes(step), i * 0.02)
        found += checks.take(1, data[start : start + step], i * 0.01)
    assert [one.partition(":")[0] for one in found] == ["outbound"]
    slow = AudioChecks([TrackSpec("inbound", PCM)], paced=False)
    assert [one for i in range(1_000) for one in slow.take(0, bytes(640), i * 0.02)] == [
        "inbound: the audio comes 2 times as fast as it is spoken: it looks like 16000 Hz or two channels, not 8000 Hz"
    ]
    paced = AudioChecks([TrackSpec("inbound", PCM)], paced=True)
    assert not [one for i in range(1_000) for one in paced.take(0, bytes(640), i * 0.02)]
