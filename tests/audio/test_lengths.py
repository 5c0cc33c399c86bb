"""Every container and codec that can be encoded here, joined and wrapped, is as long as ffmpeg's command finds it."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hindi_stt import audio
from hindi_stt.audio import AudioLimits
from tests.audio import make
from tests.audio.make import FAMILY, RAIN, RATE, encoded

MODULES_UNDER_TEST = (
    "hindi_stt/audio/decoders.py",
    "hindi_stt/audio/readers.py",
    "hindi_stt/audio/riff.py",
)

LIMITS = AudioLimits(max_s=600, min_s=0.01, max_channels=8)
SPEECH = np.concatenate([RAIN, FAMILY])
JUNK = bytes(range(1, 251)) * 8


@dataclass(frozen=True)
class Kind:
    """options: ffmpeg's; frame: samples of a codec's frame at `rate`; joins: what is heard of joined files.

    "all", as ffmpeg finds it; "sum": all, where ffmpeg's command drops or repeats some of it; "first".
    """

    options: str
    frame: int
    rate: int = RATE
    joins: str = "all"
    pipes: bool = True
    bare: bool = False  # frames without a container: tags and junk may lie before them


KINDS = {
    "wav": Kind("-f wav", 1, joins="first", pipes=False),
    "wav s24": Kind("-c:a pcm_s24le -f wav", 1, joins="first", pipes=False),
    "wav float": Kind("-c:a pcm_f32le -f wav", 1, joins="first", pipes=False),
    "wav mu-law": Kind("-ar 8000 -c:a pcm_mulaw -f wav", 1, 8_000, joins="first", pipes=False),
    "wav adpcm_ms": Kind("-c:a adpcm_ms -f wav", 2_036, joins="first", pipes=False),
    "wav adpcm_ima": Kind("-c:a adpcm_ima_wav -f wav", 2_041, joins="first", pipes=False),
    "wav gsm": Kind("-ar 8000 -c:a libgsm_ms -f wav", 320, 8_000, joins="first", pipes=False),
    "wav g722": Kind("-c:a g722 -f wav", 1_024, joins="first", pipes=False),
    "wav g726": Kind("-ar 8000 -c:a g726 -b:a 32k -f wav", 512, 8_000, joins="first", pipes=False),
    "wav g723": Kind("-ar 8000 -c:a g723_1 -b:a 6300 -f wav", 240, 8_000, joins="first", pipes=False),
    "wav mp3": Kind("-c:a libmp3lame -b:a 64k -f wav", 576, joins="first", pipes=False),
    "rf64": Kind("-rf64 always -f wav", 1, joins="first", pipes=False),
    "w64": Kind("-f w64", 1, joins="first", pipes=False),
    "aiff": Kind("-f aiff", 1, joins="first", pipes=False),
    "au": Kind("-f au", 64),
    "caf": Kind("-f caf", 1, joins="first", pipes=False),
    "voc": Kind("-f voc", 1, joins="first"),
    "flac": Kind("-c:a flac -f flac", 1, joins="sum"),
    "flac 44100": Kind("-ar 44100 -ac 2 -c:a flac -f flac", 1, 44_100, joins="sum"),
    "mp3": Kind("-c:a libmp3lame -q:a 4 -f mp3", 576, bare=True),
    "mp3 cbr": Kind("-c:a libmp3lame -b:a 32k -f mp3", 576, bare=True),
    "mp3 44100": Kind("-ar 44100 -ac 2 -c:a libmp3lame -q:a 6 -f mp3", 1_152, 44_100, bare=True),
    "mp3 no header": Kind("-c:a libmp3lame -q:a 4 -write_xing 0 -f mp3", 576, bare=True),
    "mp2": Kind("-c:a mp2 -f mp2", 1_152, bare=True),
    "adts": Kind("-c:a aac -f adts", 1_024, bare=True),
    "adts 44100": Kind("-ar 44100 -ac 2 -c:a aac -f adts", 1_024, 44_100, bare=True),
    "ac3": Kind("-c:a ac3 -f ac3", 1_536),
    "opus": Kind("-c:a libopus -f ogg", 960, 48_000, joins="sum"),
    "opus stereo": Kind("-ac 2 -c:a libopus -frame_duration 60 -f ogg", 2_880, 48_000, joins="sum"),
    "vorbis": Kind("-c:a libvorbis -f ogg", 1_024, joins="sum"),
    "vorbis 44100": Kind("-ar 44100 -ac 2 -c:a libvorbis -f ogg", 2_048, 44_100, joins="sum"),
    "speex": Kind("-c:a libspeex -f ogg", 320, joins="sum"),
    "ogg flac": Kind("-c:a flac -f ogg", 1_152, joins="sum"),
    "webm": Kind("-c:a libopus -f webm", 960, 48_000, joins="sum"),
    "webm live": Kind("-c:a libopus -live 1 -f webm", 960, 48_000, joins="sum"),
    "mkv aac": Kind("-c:a aac -f matroska", 1_024, joins="sum"),
    "mkv vorbis": Kind("-c:a libvorbis -f matroska", 1_024, joins="sum"),
    "mkv pcm": Kind("-c:a pcm_s16le -f matroska", 1_024, joins="sum"),
    "m4a": Kind("-c:a aac -f mp4", 1_024, joins="first", pipes=False),
    "m4a faststart": Kind("-c:a aac -movflags faststart -f mp4", 1_024, joins="first", pipes=False),
    "m4a alac": Kind("-c:a alac -f mp4", 4_096, joins="first", pipes=False),
    "mov pcm": Kind("-c:a pcm_s16le -f mov", 1_024, joins="first", pipes=False),
    "3gp": Kind("-c:a aac -f 3gp", 1_024, joins="first", pipes=False),
    "mp4 opus": Kind("-c:a libopus -f mp4", 960, 48_000, joins="first", pipes=False),
    "wma": Kind("-c:a wmav2 -f asf", 2_048, joins="first", pipes=False),
    "mpegts": Kind("-c:a aac -f mpegts", 1_024),
    "flv": Kind("-c:a aac -f flv", 1_024, joins="first"),
    "avi": Kind("-c:a libmp3lame -f avi", 576, joins="sum"),
    "avi pcm": Kind("-c:a pcm_s16le -f avi", 1_024, joins="sum"),
    "wavpack": Kind("-c:a wavpack -f wv", 1, joins="first", pipes=False),
    "tta": Kind("-c:a tta -f tta", 1, joins="first", pipes=False),
}


@functools.lru_cache(maxsize=512)
def part(kind: str, length_ms: int, *, piped: bool) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        samples = SPEECH[: length_ms * RATE // 1000]
        return encoded(samples, KINDS[kind].options, Path(folder), piped=piped)


@functools.lru_cache(maxsize=2048)
def by_ffmpeg_s(content: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return make.reference_s(content, Path(folder))


def ours(content: bytes) -> tuple[float, tuple[str, ...]]:
    blocks = audio.blocks(content, RATE, LIMITS)
    duration_s = sum(len(block.samples) for block in blocks) / RATE
    return duration_s, blocks.warnings


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_as_long_as_ffmpeg_finds_it(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(KINDS)))
    check(name, data)


@pytest.mark.api
@pytest.mark.parametrize("name", KINDS)
def test_every_kind(name: str) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(data=st.data())
    def case(data: st.DataObject) -> None:
        check(name, data)

    case()


def check(name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    piped = data.draw(st.booleans()) if kind.pipes else False
    lengths = data.draw(st.lists(st.integers(4, 40).map(lambda n: 100 * n), min_size=1, max_size=3))
    parts = [part(name, length_ms, piped=piped) for length_ms in lengths]
    before = data.draw(st.sampled_from([b"", make.id3v2(), bytes(1_500), JUNK])) if kind.bare else b""
    after = data.draw(st.sampled_from([b"", make.id3v1()])) if kind.bare else b""
    duration_s, warnings = ours(before + b"".join(parts) + after)
    frame_s = kind.frame / kind.rate
    if kind.joins == "first":
        expected_s, slack_s = by_ffmpeg_s(parts[0]), frame_s
        assert warnings == (("incomplete_audio",) if len(parts) > 1 else ()), (name, lengths)
    elif kind.joins == "sum":
        expected_s, slack_s = sum(map(by_ffmpeg_s, parts)), frame_s * (2 * len(parts) - 1)
        assert warnings == (), (name, lengths)
    elif kind.bare and len(parts) > 1:
        # ffmpeg's command loses the frame before a tag in the middle.
        expected_s, slack_s = by_ffmpeg_s(b"".join(parts)), frame_s * (2 * len(parts) - 1)
        assert warnings == (), (name, lengths)
    else:
        expected_s, slack_s = by_ffmpeg_s(b"".join(parts)), frame_s
        assert warnings == (), (name, lengths)
    # Resampling rounds up to a sample of either side.
    assert abs(duration_s - expected_s) <= slack_s + 3 / RATE, (name, lengths, piped, duration_s, expected_s)


@pytest.mark.parametrize("container", ["amr", "3gp"])
@pytest.mark.parametrize("pause_s", [0.5, 4])
def test_amr(container: str, pause_s: float) -> None:
    """A frame is of 20 ms, whatever is in it."""
    samples = make.with_pause(pause_s)
    assert abs(ours(make.amr(samples, container))[0] - len(samples) / RATE) < 0.021


def test_amr_wideband(tmp_path: Path) -> None:
    """Its frames of silence (SID, and frames without data) put in by hand: encoders of AMR-WB are rare."""
    speech, sid, empty = b"\x44" + bytes(range(60)), b"\x4c" + bytes(5), b"\x7c"
    content = b"#!AMR-WB\n" + speech * 50 + (sid + empty * 7) * 10 + speech * 25
    assert ours(content)[0] == pytest.approx((50 + 80 + 25) * 0.02, abs=0.02)
