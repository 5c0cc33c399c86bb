"""The engine alone on several cores: a process for each worker, a thread each, the same line, nothing between them."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from loadtests.clips import mixed_clips

__all__ = ["Run", "engine", "write_clips"]

_line: tuple[Pipeline, LocalAcoustic]


@dataclass(frozen=True)
class Run:
    """clips: (seconds of audio, Unix time begun, ended) of each."""

    clips: list[tuple[float, float, float]]

    @property
    def rate(self) -> float:
        """Seconds of audio per second, from the first clip begun to the last one ended."""
        span_s = max(ended for _, _, ended in self.clips) - min(began for _, began, _ in self.clips)
        return sum(duration for duration, _, _ in self.clips) / span_s


def write_clips(folder: Path, count: int) -> list[Path]:
    """Files of 2 to 15 s, longest first."""
    paths = []
    for i, clip in enumerate(mixed_clips(count)):
        paths.append(folder / f"{i}.wav")
        paths[-1].write_bytes(clip.content)
    return sorted(paths, key=lambda path: path.stat().st_size, reverse=True)


def engine(folder: Path, paths: Sequence[Path], workers: int, precision: str | None = None) -> Run:
    """Transcribe the clips in `workers` processes. folder: the bundle's; precision: without, the bundle's own."""
    with multiprocessing.get_context("spawn").Pool(workers, _load, (folder, precision)) as pool:
        return Run(list(pool.imap_unordered(_transcribe, paths)))


def _load(folder: Path, precision: str | None) -> None:
    global _line  # noqa: PLW0603 - a pool's workers have no other place
    bundle = Bundle.open(folder)
    _line = Pipeline(bundle, Settings()), LocalAcoustic(bundle, threads=1, precision=precision)


def _transcribe(path: Path) -> tuple[float, float, float]:
    began = time.time()
    duration_s = _line[0].transcribe(path, _line[1]).duration_s
    return duration_s, began, time.time()
