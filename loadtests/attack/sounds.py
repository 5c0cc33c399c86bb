"""What the attacks send: recordings that are small to send and long to decode."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from loadtests.clips import mixed_clips

__all__ = ["hour_of_opus", "neighbours_clip", "silence"]


def neighbours_clip() -> bytes:
    """Two seconds of speech."""
    return mixed_clips(1, shortest_s=2.0, longest_s=2.0)[0].content


def silence(hours: float, channels: int = 1, rate: int = 8_000) -> bytes:
    """Hours of silence as FLAC: a few tens of kilobytes."""
    buffer = io.BytesIO()
    minute = np.zeros((60 * rate, channels), np.int16)
    with soundfile.SoundFile(buffer, "w", rate, channels, format="FLAC") as file:
        for _ in range(round(60 * hours)):
            file.write(minute)
    return buffer.getvalue()


def hour_of_opus(cache: Path) -> bytes:
    """An hour of speech as Opus, kept in a folder, since encoding it takes half a minute."""
    path = cache / "hour.opus"
    if not path.exists():
        speech = np.concatenate(
            [soundfile.read(io.BytesIO(clip.content), dtype="float32")[0] for clip in mixed_clips(60, longest_s=14)]
        )
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        with soundfile.SoundFile(partial, "w", 16_000, 1, format="OGG", subtype="OPUS") as file:
            written = 0
            while written < 3600 * 16_000:
                file.write(speech)
                written += len(speech)
        partial.replace(path)
    return path.read_bytes()
