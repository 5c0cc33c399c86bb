"""What kind of container a file is: files that FFmpeg and libsndfile wrote, behind tags and junk, and what is none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.audio.containers import Container, has_signature, identify
from tests.audio.make import RAIN, encoded, id3v2
from tests.support.wav import wav

WRITTEN = {
    "wav": ("-c:a pcm_s16le -f wav", "wav"),
    "w64": ("-c:a pcm_s16le -f w64", "w64"),
    "aiff": ("-c:a pcm_s16be -f aiff", "aiff"),
    "au": ("-c:a pcm_s16be -f au", "au"),
    "caf": ("-c:a pcm_s16be -f caf", "caf"),
    "flac": ("-c:a flac -f flac", "flac"),
    "ogg": ("-c:a libopus -f ogg", "ogg"),
    "mp4": ("-c:a aac -f mp4", "mov"),
    "mov": ("-c:a alac -f mov", "mov"),
    "matroska": ("-c:a flac -f matroska", "matroska"),
    "webm": ("-c:a libopus -f webm", "matroska"),
    "asf": ("-c:a wmav2 -f asf", "asf"),
    "flv": ("-c:a libmp3lame -ar 22050 -f flv", "flv"),
    "wavpack": ("-c:a wavpack -f wv", "wv"),
    "tta": ("-c:a tta -f tta", "tta"),
    "voc": ("-c:a pcm_u8 -f voc", "voc"),
    "mpegts": ("-c:a mp2 -f mpegts", "mpegts"),
    "vob": ("-c:a mp2 -f vob", "mpeg"),
    "ac3": ("-c:a ac3 -f ac3", "ac3"),
    "mp3": ("-c:a libmp3lame -id3v2_version 0 -f mp3", "mp3"),
    "aac": ("-c:a aac -f adts", "aac"),
    "avi": ("-c:a libmp3lame -f avi", "avi"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_ffmpeg_writes(tmp_path: Path, name: str) -> None:
    options, demuxer = WRITTEN[name]
    content = encoded(RAIN, options, tmp_path)
    assert identify(io.BytesIO(content)) == Container(demuxer, 0)
    assert identify(io.BytesIO(id3v2(3_000) + content)) == Container(demuxer, len(id3v2(3_000)))


@pytest.mark.parametrize("name", ["mp3", "aac", "mpegts"])
def test_a_bare_stream_behind_junk(tmp_path: Path, name: str) -> None:
    options, demuxer = WRITTEN[name]
    content = encoded(RAIN, options, tmp_path)
    junk = np.random.default_rng(0).integers(1, 70, 1_000).astype(np.uint8).tobytes()
    assert identify(io.BytesIO(junk + content)) == Container(demuxer, len(junk))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"text " * 100, bytes(5_000), b"%PDF-1.7 " * 50, b"#EXTM3U\n" * 50])
def test_what_is_no_container(content: bytes) -> None:
    assert identify(io.BytesIO(content)) is None


def test_a_signature_within_the_first_16_bytes() -> None:
    assert has_signature(wav(RAIN)[:16])
    assert has_signature(id3v2()[:16])
    assert not has_signature(bytes(16))
