#!/usr/bin/env bash
# imageio-ffmpeg 0.6.0 (its wheel holds the ffmpeg 7.0.2 command) and soundfile 0.13.1, Python 3.11 to 3.13, Linux on x86-64.
#
# Behaviour: `ffmpeg -f segment` to FLAC writes one header for all files. Every file but the last says that its length is unknown, and the
#   last one states the samples, and the MD5, of the whole recording: a last part of 5 s claims 25 s. FFmpeg decodes each of them to its
#   true end. libsndfile cannot: soundfile raises for the first files (their length), and for the last one (its samples end too early).
# Wrong guess: each segment is a file of its own, with its own header, as with WAV.
# Seen: "part0.flac: header unknown, holds 10.0 s", "part2.flac: header 25.0 s, holds 5.0 s", and an error of soundfile for each.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0 soundfile==0.13.1 numpy
"$work/venv/bin/python" - "$work" <<'PY'
import pathlib
import subprocess
import sys
import imageio_ffmpeg
import soundfile

folder, ffmpeg = pathlib.Path(sys.argv[1]), imageio_ffmpeg.get_ffmpeg_exe()
source = ["-f", "lavfi", "-i", "sine=frequency=300:duration=25:sample_rate=16000"]
segments = ["-f", "segment", "-segment_time", "10", folder / "part%d.flac"]
subprocess.run([ffmpeg, "-v", "error", *source, *segments], check=True)
stated, errors = [], 0
for path in sorted(folder.glob("part*.flac")):
    samples = int.from_bytes(path.read_bytes()[21:26], "big") & (2**36 - 1)
    decoded = subprocess.run([ffmpeg, "-v", "error", "-i", path, "-f", "s16le", "-"], capture_output=True, check=True)
    try:
        outcome = f"{len(soundfile.read(path)[0]) / 16000:.1f} s"
    except (soundfile.LibsndfileError, ValueError) as error:
        outcome, errors = type(error).__name__, errors + 1
    header = f"{samples / 16000:.1f} s" if samples else "unknown"
    print(f"{path.name}: header {header}, holds {len(decoded.stdout) / 32000:.1f} s, soundfile: {outcome}")
    stated.append(header)
sys.exit(stated != ["unknown", "unknown", "25.0 s"] or errors != 3)
PY
