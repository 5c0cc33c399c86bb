"""The recordings that load tests send: 2 to 15 s long, cut from speech."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from hindi_stt.audio import AudioLimits, decode

__all__ = ["Clip", "mixed_clips"]

_LIMITS = AudioLimits(60, 0.1, 8)
_RATE = 16_000
_TEST_DATA = Path(__file__).parent.parent / "tests" / "data"


@dataclass(frozen=True)
class Clip:
    """A WAV file, and its seconds."""

    content: bytes
    duration_s: float


def mixed_clips(count: int, *, shortest_s: float = 2, longest_s: float = 15, seed: int = 0) -> list[Clip]:
    """Cut from the clips of the folder HINDI_STT_TEST_SPEECH, joined; without one, from synthesised speech."""
    folder = Path(os.environ.get("HINDI_STT_TEST_SPEECH", _TEST_DATA))
    speech = np.concatenate([decode(path, _RATE, _LIMITS).samples for path in sorted(folder.glob("*.flac"))])
    speech = np.tile(speech, 1 + int(2 * longest_s * _RATE / len(speech)))
    rng = np.random.default_rng(seed)
    clips = []
    for seconds in rng.uniform(shortest_s, longest_s, count):
        start = int(rng.integers(0, len(speech) - seconds * _RATE))
        file = io.BytesIO()
        soundfile.write(file, speech[start : start + int(seconds * _RATE)], _RATE, format="WAV", subtype="PCM_16")
        clips.append(Clip(file.getvalue(), float(seconds)))
    return clips
