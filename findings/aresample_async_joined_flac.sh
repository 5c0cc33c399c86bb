#!/usr/bin/env bash
# imageio-ffmpeg 0.6.0 (its wheel holds the ffmpeg 7.0.2 command), Python 3.11 to 3.13, Linux on x86-64.
#
# Behaviour: `-af aresample=async=1`, which fills gaps in timestamps with silence, also drops what has an earlier time than what came
#   before. FLAC frames count from the beginning of their file, so of two files joined by `cat` the filter keeps about as much
#   as the second one is long, from the wrong place; nothing is said at -v error. Without the filter all frames are decoded.
# Wrong guess: async=1 only ever adds silence ("fill and trim" is read as fill); joined FLAC is decoded whole or not at all.
# Seen: "1 s + 2 s joined: 2.00 s with the filter" and "2 s + 1 s joined: 1.73 s with the filter" (3 s were spoken).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0
ffmpeg=$("$work/venv/bin/python" -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
for seconds in 1 2; do
  "$ffmpeg" -v error -f lavfi -i "sine=frequency=300:duration=$seconds:sample_rate=16000" "$work/$seconds.flac"
done
changed=0
for order in "1 2" "2 1"; do
  read -r first second <<< "$order"
  cat "$work/$first.flac" "$work/$second.flac" > "$work/joined.flac"
  bytes=$("$ffmpeg" -v error -i "$work/joined.flac" -af aresample=async=1 -f s16le - | wc -c)
  echo "$first s + $second s joined: $(awk -v b="$bytes" 'BEGIN { printf "%.2f", b / 32000 }') s with the filter"
  [ "$bytes" -lt 80000 ] || changed=1
done
exit "$changed"
