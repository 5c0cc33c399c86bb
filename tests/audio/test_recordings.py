"""What FFmpeg decodes is heard, and what is not heard is said: one row a kind of recording.

Longer than 300 lines: one table of files that all formats share.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hindi_stt import audio, errors
from hindi_stt.audio import AudioLimits, ChildLimits
from hindi_stt.audio.ogg_pages import scan_ogg
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.audio import make
from tests.audio.make import FAMILY, RAIN, encoded, silence, with_pause
from tests.support.recordings import BOTH_S, INCOMPLETE, LIMITS, PAUSED_S, RATE, VBR, Row, check_row
from tests.support.wav import raw_wav, wav

MODULES_UNDER_TEST = (
    "hindi_stt/audio/decoders.py",
    "hindi_stt/audio/frame_headers.py",
    "hindi_stt/audio/ogg_pages.py",
    "hindi_stt/audio/openers.py",
    "hindi_stt/audio/readers.py",
    "hindi_stt/audio/riff.py",
    "hindi_stt/audio/structure.py",
)


def joined(options: str, *, piped: bool = False) -> Callable[[Path], bytes]:
    return lambda folder: b"".join(encoded(part, options, folder, piped=piped) for part in (RAIN, FAMILY))


def paused(options: str, *, piped: bool = False) -> Callable[[Path], bytes]:
    return lambda folder: encoded(with_pause(5), options, folder, piped=piped)


def before(junk: bytes, options: str) -> Callable[[Path], bytes]:
    return lambda folder: junk + encoded(with_pause(5), options, folder, piped=True)


def cut_frame(folder: Path) -> bytes:
    """What is left of a stream that was recorded from its middle on."""
    return encoded(RAIN, "-c:a libmp3lame -b:a 64k -f mp3", folder, piped=True)[-150:]


def without_ftyp(atom: bytes) -> Callable[[Path], bytes]:
    """A QuickTime file as it was before there were brands: nothing moves, for its index has absolute positions."""

    def content(folder: Path) -> bytes:
        found = encoded(with_pause(5), "-c:a aac -f mov", folder)
        assert found[4:8] == b"ftyp"
        assert found[:4] == b"\x00\x00\x00\x14"
        return b"\x00\x00\x00\x08" + atom + b"\x00\x00\x00\x0cfree" + bytes(4) + found[20:]

    return content


def amr_row(container: str) -> Callable[[Path], bytes]:
    return lambda _: make.amr(with_pause(5), container)


def gap(codec: str, container: str) -> Callable[[Path], bytes]:
    return lambda folder: make.with_gap(RAIN, FAMILY, 5.0, codec, container, folder)


def inverted(options: str) -> Callable[[Path], bytes]:
    samples = with_pause(5)
    return lambda folder: encoded(np.stack([samples, -samples], 1), options, folder)


def two_tracks(folder: Path) -> bytes:
    (folder / "silent.wav").write_bytes(wav(silence(PAUSED_S)))
    (folder / "spoken.wav").write_bytes(wav(with_pause(5)))
    maps = "-map 0 -map 1 -c:a flac -disposition:a:0 0 -disposition:a:1 default -f matroska".split()
    return make.remuxed(folder, "-i", folder / "silent.wav", "-i", folder / "spoken.wav", *maps)


TRACKS = ("audio_tracks: the file has 2 audio tracks; the default one was transcribed",)
CANCELLED = ("inverted_channels: the channels cancel each other out in the mix; channel 0 was transcribed alone",)
OPUS, VORBIS, FLAC = "-c:a libopus -f ogg", "-c:a libvorbis -f ogg", "-c:a flac -f flac"

ROWS = {
    "A1 VBR MP3 without a header": Row(paused(VBR, piped=True), PAUSED_S),
    "A1 CBR MP3 without a header": Row(paused("-c:a libmp3lame -b:a 48k -f mp3", piped=True), PAUSED_S),
    "A1 MP2": Row(paused("-c:a mp2 -f mp2"), PAUSED_S),
    "A3 joined MP3, each with its header": Row(joined(VBR), BOTH_S, slack_s=0.2),
    "A3 joined MP3 without headers": Row(joined(VBR, piped=True), BOTH_S, slack_s=0.25),
    "A3 joined MP3 with tags between": Row(
        lambda folder: (
            encoded(RAIN, VBR, folder) + make.id3v1() + make.id3v2() + encoded(FAMILY, VBR, folder) + make.id3v1()
        ),
        BOTH_S,
        slack_s=0.2,
    ),
    "A3 joined Opus": Row(joined(OPUS), BOTH_S),
    "A3 joined Vorbis": Row(joined(VORBIS), BOTH_S),
    "A3 joined Speex": Row(joined("-c:a libspeex -f ogg"), BOTH_S),
    "A3 joined FLAC": Row(joined(FLAC), BOTH_S, slack_s=0.0),
    "A3 joined FLAC of unknown length": Row(joined(FLAC, piped=True), BOTH_S, slack_s=0.0),
    "A3 joined Ogg FLAC": Row(joined("-c:a flac -f ogg"), BOTH_S, slack_s=0.0),
    "A3 joined AAC": Row(joined("-c:a aac -f adts"), BOTH_S, slack_s=0.2),
    "A3 joined AMR": Row(lambda _: make.amr(RAIN, "amr") + make.amr(FAMILY, "amr"), BOTH_S),
    "A3 joined AU": Row(joined("-f au"), BOTH_S, slack_s=0.0),
    "A3 joined WebM": Row(joined("-c:a libopus -f webm"), BOTH_S),
    "A3 joined MPEG-TS": Row(joined("-c:a aac -f mpegts"), BOTH_S, slack_s=0.2),
    "A4 joined WAV": Row(joined("-f wav"), len(RAIN) / RATE, "first", INCOMPLETE, 0.0),
    "A4 joined mu-law WAV": Row(joined("-ar 8000 -c:a pcm_mulaw -f wav"), len(RAIN) / RATE, "first", INCOMPLETE),
    "A4 joined AIFF": Row(joined("-f aiff"), len(RAIN) / RATE, "first", INCOMPLETE, 0.0),
    "A4 joined CAF": Row(joined("-f caf"), len(RAIN) / RATE, "first", INCOMPLETE, 0.0),
    "A4 joined W64": Row(joined("-f w64"), len(RAIN) / RATE, "first", INCOMPLETE, 0.0),
    "A4 joined M4A": Row(joined("-c:a aac -f mp4"), len(RAIN) / RATE, "first", INCOMPLETE),
    "A4 samples behind the stated ones": Row(
        lambda _: wav(RAIN) + (FAMILY * 32_767).astype("<i2").tobytes(), len(RAIN) / RATE, "first", INCOMPLETE, 0.0
    ),
    "A4 WAV with tags and chunks behind": Row(
        lambda _: wav(with_pause(5)) + b"LIST\x04\x00\x00\x00INFO" + b"id3 \x0a\x00\x00\x00" + bytes(10) + make.id3v1(),
        PAUSED_S,
        slack_s=0.0,
    ),
    "A4 WAV with padding behind": Row(lambda _: wav(with_pause(5)) + bytes(4_096), PAUSED_S, slack_s=0.0),
    "A5 FLAC of unknown length": Row(paused(FLAC, piped=True), PAUSED_S, slack_s=0.0),
    "A5 FLAC of unknown length by sox": Row(
        lambda _: make.run("sox", "-t", "wav", "-", "-t", "flac", "-", source=wav(with_pause(5))), PAUSED_S, slack_s=0.0
    ),
    "A5 FLAC behind a tag": Row(before(make.id3v2(), FLAC), PAUSED_S, slack_s=0.0),
    "A6 AMR with DTX": Row(amr_row("amr"), PAUSED_S),
    "A6 3GP with DTX": Row(amr_row("3gp"), PAUSED_S),
    "A7 MP3 in WAV": Row(paused("-c:a libmp3lame -b:a 64k -f wav"), PAUSED_S, slack_s=0.2),
    "A7 MP3 in WAV, piped": Row(paused("-c:a libmp3lame -b:a 64k -f wav", piped=True), PAUSED_S, slack_s=0.2),
    "A8 WAV that was never closed": Row(
        lambda _: make.with_sizes(wav(with_pause(5)), 0), PAUSED_S, warnings=INCOMPLETE, slack_s=0.0
    ),
    "A8 float WAV that was never closed": Row(
        lambda _: raw_wav(with_pause(5).astype("<f4").tobytes(), claimed_bytes=0, bits=32, code=3),
        PAUSED_S,
        warnings=INCOMPLETE,
        slack_s=0.0,
    ),
    "A8 RF64 to a pipe": Row(paused("-rf64 always -f wav", piped=True), PAUSED_S, slack_s=0.01),
    "A9 zeros before MP3": Row(before(bytes(3_000), VBR), PAUSED_S),
    "A9 junk before MP3": Row(before(bytes(range(1, 251)) * 20, VBR), PAUSED_S),
    "A9 a cut frame before MP3": Row(
        lambda folder: cut_frame(folder) + encoded(with_pause(5), VBR, folder, piped=True), PAUSED_S
    ),
    "A9 zeros before AAC": Row(before(bytes(3_000), "-c:a aac -f adts"), PAUSED_S),
    "A10 AAC behind a tag": Row(before(make.id3v2(), "-c:a aac -f adts"), PAUSED_S),
    "A10 AAC behind two tags": Row(before(make.id3v2(50) + make.id3v2(), "-c:a aac -f adts"), PAUSED_S),
    "A11 wide": Row(without_ftyp(b"wide"), PAUSED_S),
    "A11 free": Row(without_ftyp(b"free"), PAUSED_S),
    "A11 skip": Row(without_ftyp(b"skip"), PAUSED_S),
    "A12 inverted, WAV": Row(inverted("-f wav"), PAUSED_S, warnings=CANCELLED, slack_s=0.0),
    "A12 inverted, M4A": Row(inverted("-c:a aac -b:a 128k -f mp4"), PAUSED_S, warnings=CANCELLED),
    "A15 gap in WebM": Row(gap("libopus", "webm"), PAUSED_S),
    "A15 gap in Matroska": Row(gap("aac", "matroska"), PAUSED_S),
    "A15 gap in MP4": Row(gap("aac", "mp4"), PAUSED_S),
    "A15 gap in Ogg Opus": Row(gap("libopus", "ogg"), PAUSED_S),
    "A15 gap in Ogg Speex": Row(gap("libspeex", "ogg"), PAUSED_S),
    "A15 gap in FLV": Row(gap("aac", "flv"), PAUSED_S),
    "A15 gap in MPEG-TS": Row(gap("aac", "mpegts"), PAUSED_S),
    "A15 gap in Ogg Vorbis": Row(gap("libvorbis", "ogg"), PAUSED_S),
    "A16 default track": Row(two_tracks, PAUSED_S, warnings=TRACKS, slack_s=0.0),
    "A19 W64 to a pipe": Row(paused("-f w64", piped=True), PAUSED_S, slack_s=0.01),
    "AIFF to a pipe": Row(paused("-f aiff", piped=True), PAUSED_S, slack_s=0.01),
    "AU to a pipe": Row(paused("-f au", piped=True), PAUSED_S, slack_s=0.01),
    "CAF to a pipe": Row(paused("-f caf", piped=True), PAUSED_S, slack_s=0.01),
    "AVI": Row(paused("-c:a libmp3lame -f avi"), PAUSED_S, slack_s=0.2),
    "FLV": Row(paused("-c:a aac -f flv"), PAUSED_S),
    "MPEG-TS": Row(paused("-c:a aac -f mpegts"), PAUSED_S),
    "WavPack": Row(paused("-c:a wavpack -f wv"), PAUSED_S, slack_s=0.0),
    "TTA": Row(paused("-c:a tta -f tta"), PAUSED_S, slack_s=0.0),
    "AC-3": Row(paused("-c:a ac3 -f ac3"), PAUSED_S),
    "VOC": Row(paused("-f voc"), PAUSED_S, slack_s=0.0),
    "G.722 in WAV": Row(paused("-c:a g722 -f wav"), PAUSED_S),
    "G.726 in WAV": Row(paused("-ar 8000 -c:a g726 -b:a 32k -f wav"), PAUSED_S),
}


# One of five in `make test`.
@pytest.mark.parametrize(
    "name", [name if i % 5 == 0 else pytest.param(name, marks=pytest.mark.slow) for i, name in enumerate(ROWS)]
)
def test_recordings(
    tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic, sentences: list[set[str]], name: str
) -> None:
    check_row(ROWS[name], tmp_path, pipeline, acoustic, sentences)


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [30, 80])
def test_a2_a_long_vbr_file_is_as_long_as_it_is(tmp_path: Path, minutes: int) -> None:
    """Silence first: by the bit rate of its first frames such a file lasts several times as long."""
    content = make.ffmpeg(
        *("-f", "lavfi", "-i", f"anullsrc=r=16000:cl=mono:d={60 * minutes}", "-f", "wav", "-i", "pipe:0"),
        *("-filter_complex", "[0:a][1:a]concat=v=0:a=1", *VBR.split(), "pipe:1"),
        source=wav(FAMILY),
    )
    found = audio.blocks(content, RATE, LIMITS)
    samples = sum(len(block.samples) for block in found)
    assert samples / RATE == pytest.approx(60 * minutes + len(FAMILY) / RATE, abs=0.15)
    with pytest.raises(errors.AudioTooLong):
        list(audio.blocks(content, RATE, AudioLimits(60 * minutes - 1, 0.1, 8)))


@pytest.mark.slow
def test_a14_sound_that_starts_after_the_picture(tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    (tmp_path / "spoken.wav").write_bytes(wav(RAIN))
    picture = ["-f", "lavfi", "-i", "color=size=64x64:rate=25:duration=6", "-itsoffset", "2", "-i"]
    plain = pipeline.transcribe(wav(RAIN), acoustic)
    for container, codec in (("mp4", "aac"), ("matroska", "aac"), ("matroska", "libopus"), ("mpegts", "aac")):
        codecs = ["-map", "0", "-map", "1", "-c:v", "mpeg4", "-c:a", codec, "-f", container]
        content = make.remuxed(tmp_path, *picture, tmp_path / "spoken.wav", *codecs)
        found = pipeline.transcribe(content, acoustic)
        assert [word.text for word in found.words] == [word.text for word in plain.words]
        for late, word in zip(found.words, plain.words, strict=True):
            assert late.start_s == pytest.approx(word.start_s + 2, abs=0.1), (container, codec)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ROWS if name.startswith("A15")])
def test_a15_words_behind_a_gap_have_the_times_of_the_file(
    tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic, name: str
) -> None:
    found = pipeline.transcribe(ROWS[name].content(tmp_path), acoustic)
    expected = pipeline.transcribe(wav(with_pause(5)), acoustic)
    assert found.words[0].start_s == pytest.approx(expected.words[0].start_s, abs=0.1)
    assert found.words[-1].end_s == pytest.approx(expected.words[-1].end_s, abs=0.15)


@pytest.mark.slow
def test_a17_fragmented_mp4_is_not_late(tmp_path: Path) -> None:
    """An encoder of AAC begins with 1024 samples of its own; an edit list, where there is one, leaves them out."""
    expected = audio.decode(encoded(with_pause(5), "-c:a aac -f mp4", tmp_path), RATE, LIMITS).samples
    for options in (
        "-c:a aac -movflags frag_keyframe+empty_moov -f mp4",
        "-c:a aac -movflags frag_keyframe+delay_moov -f mp4",
        "-c:a aac -movflags dash+frag_keyframe -f mp4",
        "-c:a aac -f matroska",
        "-c:a aac -f flv",
        "-c:a aac -f adts",
    ):
        found = audio.decode(encoded(with_pause(5), options, tmp_path), RATE, LIMITS).samples
        n = min(len(found), len(expected)) - 2_048
        lags = np.arange(-1_100, 1_101)
        middle = slice(1_500, n - 1_500)
        scores = [float(np.dot(found[middle], np.roll(expected, lag)[middle])) for lag in lags]
        assert abs(int(lags[int(np.argmax(scores))])) <= 1, options


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [1, 2, 3, 7])
def test_a18_gsm_ends_where_it_ends(tmp_path: Path, blocks: int) -> None:
    """A block is of 320 samples at 8 kHz. libsndfile takes the byte that makes the chunk even for another one."""
    samples = np.resize(FAMILY, 640 * 11 * blocks)
    for piped in (False, True):
        content = encoded(samples, "-ar 8000 -c:a libgsm_ms -f wav", tmp_path, piped=piped)
        assert audio.decode(content, 8_000, LIMITS).duration_s == pytest.approx(0.04 * 11 * blocks, abs=1e-6)


DAMAGED = {
    "AAC": "-c:a aac -f adts",
    "M4A": "-c:a aac -movflags faststart -f mp4",
    "Matroska AAC": "-c:a aac -f matroska",
    "MP3 with its header": VBR,
    "MP3": "-c:a libmp3lame -b:a 64k -write_xing 0 -f mp3",
    "Ogg Opus": OPUS,
    "Ogg Vorbis": VORBIS,
    "Ogg Speex": "-c:a libspeex -f ogg",
    "WebM": "-c:a libopus -b:a 32k -f webm",
    "FLAC": FLAC,
    "Ogg FLAC": "-c:a flac -f ogg",
    "Matroska FLAC": "-c:a flac -f matroska",
    "ALAC": "-c:a alac -movflags faststart -f mp4",
    "MPEG-TS": "-c:a aac -f mpegts",
}


@pytest.mark.parametrize(
    "name", [name if i % 4 == 0 else pytest.param(name, marks=pytest.mark.slow) for i, name in enumerate(DAMAGED)]
)
@pytest.mark.parametrize("piped", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["", "piped"])
def test_a20_the_undamaged_part_of_a_file_is_transcribed(
    tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic, name: str, *, piped: bool
) -> None:
    """The same damage everywhere: 400 bytes of zeros in the pause between two sentences."""
    if piped and "mp4" in DAMAGED[name]:
        pytest.skip("an MP4 file needs to seek")
    samples = np.concatenate([RAIN, np.random.default_rng(0).normal(0, 0.003, 8 * RATE).astype(np.float32), FAMILY])
    content = bytearray(encoded(samples, DAMAGED[name], tmp_path, piped=piped))
    whole = pipeline.transcribe(bytes(content), acoustic)
    assert "incomplete_audio" not in whole.warnings
    middle = len(content) * 45 // 100
    content[middle : middle + 400] = bytes(400)
    found = pipeline.transcribe(bytes(content), acoustic)
    assert "incomplete_audio" in found.warnings
    assert found.duration_s == pytest.approx(whole.duration_s, abs=0.4)
    expected = [word.text for word in whole.words]
    lost = set(expected) - {word.text for word in found.words}
    assert len(lost) <= 0.35 * len(expected), (found.text, whole.text)


@pytest.mark.parametrize("options", [FLAC, "-c:a flac -f matroska", "-c:a flac -f ogg"])
def test_a20_one_changed_bit_in_flac_is_found_by_its_checksum(tmp_path: Path, options: str) -> None:
    content = bytearray(encoded(with_pause(1), options, tmp_path))
    content[len(content) // 4] ^= 0x10
    blocks = audio.blocks(bytes(content), RATE, LIMITS)
    assert sum(len(block.samples) for block in blocks) == pytest.approx(len(with_pause(1)), abs=RATE)
    assert blocks.warnings == INCOMPLETE


@pytest.mark.parametrize(
    "options",
    [
        "-f wav",
        "-rf64 always -f wav",
        "-f w64",
        "-f aiff",
        "-f au",
        "-f caf",
        FLAC,
        "-c:a aac -movflags faststart -f mp4",
        "-c:a aac -f mp4",
        "-c:a aac -movflags frag_keyframe+empty_moov -f mp4",
        "-c:a wmav2 -f asf",
        "-c:a libmp3lame -f wav",
    ],
)
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, options: str) -> None:
    """Its header states more than it holds."""
    content = encoded(with_pause(5), options, tmp_path)
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(errors.TruncatedAudio):
            audio.decode(content[: int(share * len(content))], RATE, LIMITS)


@pytest.mark.parametrize("name", ["MP3 with its header", "Ogg Opus", "WebM", "AAC"])
def test_a_cut_file_that_states_no_length_is_transcribed(tmp_path: Path, name: str) -> None:
    content = encoded(with_pause(5), DAMAGED[name], tmp_path)
    blocks = audio.blocks(content[: len(content) * 7 // 10 | 1], RATE, LIMITS)
    duration_s = sum(block.duration_s for block in blocks)
    assert 0.5 * PAUSED_S < duration_s < PAUSED_S
    assert blocks.warnings == INCOMPLETE


@pytest.mark.slow
@pytest.mark.parametrize("options", [OPUS, VORBIS, "-c:a libopus -f webm", "-c:a aac -f matroska"])
def test_many_joined_short_files_are_all_transcribed(tmp_path: Path, options: str) -> None:
    """Among them copies of one file: links of Ogg with the same serial number."""
    parts = [encoded(RAIN[: int(seconds * RATE)], options, tmp_path) for seconds in (0.3, 0.5, 1.5)]
    content = b"".join(parts * 30)
    blocks = audio.blocks(content, RATE, LIMITS)
    samples = sum(len(block.samples) for block in blocks)
    expected = sum(len(audio.decode(part, RATE, LIMITS).samples) for part in parts) * 30
    assert samples == pytest.approx(expected, abs=90)
    assert blocks.warnings == ()


@pytest.mark.slow
def test_joined_files_of_other_rates_and_channels(tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    for options, others in (
        (OPUS, "-ac 2 -c:a libopus -b:a 96k -f ogg"),
        (VORBIS, "-ar 44100 -ac 2 -c:a libvorbis -f ogg"),
        ("-c:a aac -f matroska", "-ar 48000 -ac 2 -c:a libopus -f matroska"),
    ):
        content = encoded(RAIN, options, tmp_path) + encoded(FAMILY, others, tmp_path)
        found = pipeline.transcribe(content, acoustic)
        assert found.duration_s == pytest.approx(BOTH_S, abs=0.15)
        assert len(found.words) >= 14, found.text
        assert found.warnings == ()


@pytest.mark.parametrize("options", [OPUS, VORBIS, "-c:a libspeex -f ogg", "-c:a flac -f ogg"])
def test_ogg_files_past_the_bound_are_refused_by_their_pages(tmp_path: Path, options: str) -> None:
    """Before anything is decoded: half an hour of it would take seconds."""
    parts = [encoded(RAIN, options, tmp_path), encoded(FAMILY, options, tmp_path)]
    for content, duration_s in ((parts[1], len(FAMILY) / RATE), (parts[0] + parts[1], BOTH_S)):
        scan = scan_ogg(io.BytesIO(content), 0)
        assert scan.duration_s == pytest.approx(duration_s, abs=0.05)
        with pytest.raises(errors.AudioTooLong):
            audio.count_channels(content, AudioLimits(duration_s - 0.5, 0.1, 8))
        assert audio.count_channels(content, AudioLimits(duration_s + 0.5, 0.1, 8)) == 1


@pytest.mark.parametrize("options", ["-f wav", "-f aiff", FLAC, VBR, OPUS])
def test_plain_files_need_no_child_process(tmp_path: Path, options: str) -> None:
    """A bound of no CPU time at all would end it."""
    content = encoded(with_pause(1), options, tmp_path)
    limits = AudioLimits(600, 0.1, 8, ChildLimits(cpu_s=0, memory_bytes=2**20))
    assert audio.decode(content, RATE, limits).duration_s == pytest.approx(BOTH_S + 1, abs=0.1)
