"""Mutated recordings through the decoders.

python -m tests.server.mutations COUNT COUNT_FFMPEG COUNT_FORKED COUNT_LOOKED

COUNT are decoded as a server decodes them, of kinds that libsndfile may take, COUNT_FFMPEG of kinds that go to the
child process; COUNT_FORKED go through the same child without the start of an interpreter for each, and at COUNT_LOOKED
only the readers of headers and structures look. Ends with the outcomes counted; anything but an error of the tree ends
the process otherwise. A child that crashes costs its recording and nothing else, so it is counted by itself.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hindi_stt import audio
from hindi_stt.audio import AudioLimits, ChildLimits, ffmpeg_child
from hindi_stt.audio.containers import identify
from hindi_stt.audio.frame_headers import scan_frames
from hindi_stt.audio.ogg_pages import scan_ogg
from hindi_stt.audio.riff import read_wav_header, unread_bytes
from hindi_stt.audio.structure import is_cut, is_joined, ranges_without_headers, scan_atoms
from hindi_stt.errors import AudioError, EmptyBody, HindiSTTError, TooLarge, TruncatedAudio, UnsupportedAudio

DATA = Path(__file__).parent.parent / "data"
LIMITS = AudioLimits(20.0, 0.1, 8, ChildLimits(cpu_s=10, memory_bytes=2**30, wait_s=10.0))
EXPECTED = (AudioError, EmptyBody, TooLarge, UnsupportedAudio)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Bytes changed, cut off, moved or repeated; half of the changes in the first 200 bytes, where headers are."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 2, 4, 16))):
        at = rng.randrange(min(len(found), 200) if rng.random() < 0.5 else len(found))
        match rng.randrange(5):
            case 0:
                found[at] = rng.randrange(256)
            case 1:
                extremes = (4 * b"\xff", bytes(4), b"\x7f\xff\xff\xff", b"\x00\x00\x00\x80")
                found[at : at + 4] = rng.choice(extremes)
            case 2 if at:
                del found[at:]
            case 3:
                del found[at : at + rng.randrange(1, 64)]
            case _:
                found[at:at] = found[: rng.randrange(1, 64)]
        if not found:
            break
    return bytes(found)


def press(sources: list[bytes], count: int, seed: int) -> Counter[str]:
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    for i in range(count):
        try:
            waveform = audio.decode(mutated(sources[i % len(sources)], rng), 16_000, LIMITS)
            assert waveform.duration_s <= LIMITS.max_s + 1
            outcomes["decoded"] += 1
        except EXPECTED as error:
            outcomes[error.code] += 1
        except HindiSTTError as error:
            raise AssertionError(f"unexpected: {error.code}") from error
    return outcomes


def press_children(sources: list[tuple[str, bytes]], count: int, seed: int) -> Counter[str]:
    """The decoding child's own code in a fork of this process, with its bounds, and its samples to nowhere."""
    import av

    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    av.logging.set_level(None)
    for i in range(count):
        container, content = sources[i % len(sources)]
        with tempfile.TemporaryFile() as file:
            file.write(mutated(content, rng))
            file.flush()
            child = os.fork()
            if not child:
                os.dup2(nowhere, 1)
                bounds = LIMITS.child.cpu_s, 4 * 2**30
                request = ffmpeg_child.Request(os.dup(file.fileno()), os.dup(nowhere), container, *bounds)
                os._exit(ffmpeg_child.main(request))
            _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        outcomes["ended well" if code == 0 else "broken off" if code == 1 else f"ended by signal {-code}"] += 1
    return outcomes


def press_readers(sources: list[bytes], count: int, seed: int) -> Counter[str]:
    """What looks at a file in the server's own process before anything is decoded."""
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    for i in range(count):
        content = mutated(sources[i % len(sources)], rng)
        stream, size = io.BytesIO(content), len(content)
        if (container := identify(stream)) is None:
            outcomes["unknown"] += 1
            continue
        demuxer, start = container.demuxer, container.start
        with contextlib.suppress(TruncatedAudio):
            header = read_wav_header(stream, start, size)
            unread_bytes(stream, header.data_start, size)
        scans = (scan_ogg(stream, start), scan_frames(stream, start, 20.0), scan_atoms(stream, start, size))
        assert all(0 <= begin < end for begin, end in scans[1].ranges)
        is_cut(stream, demuxer, start, size)
        is_joined(stream, demuxer, start)
        ranges_without_headers(stream, demuxer, start, size)
        outcomes[demuxer] += 1
    return outcomes


# Recordings that libsndfile, or this package's own readers of headers, look at first; and FFmpeg's.
OURS = (
    ("a.wav", "pcm_s16le"),
    ("a.w64", "pcm_s16le"),
    ("a.aiff", "pcm_s16be"),
    ("a.au", "pcm_mulaw"),
    ("a.caf", "pcm_s16le"),
    ("a.mp3", "libmp3lame"),
)
THEIRS = (
    ("a.m4a", "aac", "mov"),
    ("a.webm", "libopus", "matroska"),
    ("a.wma", "wmav2", "asf"),
    ("a.mka", "flac", "matroska"),
    ("a.aac", "aac", "aac"),
    ("a.ogg", "libvorbis", "ogg"),
    ("a.mp3", "libmp3lame", "mp3"),
    ("a.ts", "aac", "mpegts"),
    ("a.flv", "aac", "flv"),
    ("a.avi", "libmp3lame", "avi"),
)


def encoded(name: str, codec: str, folder: Path) -> bytes:
    output, source = folder / name, DATA / "rain.flac"
    rate = "44100" if name.endswith(("flv", "mp3")) else "48000"
    command = ["ffmpeg", "-v", "error", "-y", "-i", source, "-c:a", codec, "-ar", rate, output]
    subprocess.run(command, check=True)
    return output.read_bytes()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = [path.read_bytes() for path in sorted(DATA.iterdir())]
        ours += [encoded(*how, folder) for how in OURS]
        theirs = [(demuxer, encoded(file, codec, folder)) for file, codec, demuxer in THEIRS]
    # Joined files are read by themselves, each.
    ours += [ours[0] + ours[1], ours[1] + ours[1]]
    print(press(ours, int(sys.argv[1]), 0), flush=True)
    print(press([content for _, content in theirs], int(sys.argv[2]), 1), flush=True)
    print(press_children(theirs, int(sys.argv[3]), 2), flush=True)
    print(press_readers([*ours, *(content for _, content in theirs)], int(sys.argv[4]), 3), flush=True)


if __name__ == "__main__":
    main()
