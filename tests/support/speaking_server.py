"""A server that speaks Deepgram's protocol and has a speaker model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import Server
from tests.support.speaker_model import write_speaker_bundle

__all__ = ["deepgram_with_speakers"]


@contextmanager
def deepgram_with_speakers(folder: Path) -> Iterator[Server]:
    """Start one, with a speaker model that tells only bandwidths apart, and stop it."""
    bundle = write_speaker_bundle(folder / "bundle")
    running = Server(folder, HINDI_STT_SPEAKERS=str(bundle.folder), HINDI_STT_PROTOCOLS="deepgram")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()
