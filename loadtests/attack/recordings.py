"""Attacks by recordings that are small to send and long to decode, or simply many."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from loadtests.attack.attack import Attack
from loadtests.attack.sounds import hour_of_opus, silence

__all__ = ["long_recordings", "many_channels", "silent_files"]


@contextlib.contextmanager
def silent_files(attack: Attack) -> Iterator[None]:
    """Twenty small files of nearly four hours of silence."""
    content = silence(3.9)
    with attack.threads(20, lambda _: attack.post(content)):
        yield


@contextlib.contextmanager
def many_channels(attack: Attack) -> Iterator[None]:
    """Forms with 32 files of eight channels, each channel by itself."""
    content = silence(1.0, channels=8)
    files = [("file", (f"{i}.flac", content)) for i in range(32)]
    with attack.threads(1, lambda _: attack.send("/transcribe", files=files, data={"channels": "split"})):
        yield


def long_recordings(n: int) -> Callable[[Attack], contextlib.AbstractContextManager[None]]:
    """So many recordings of an hour at a time."""

    @contextlib.contextmanager
    def run(attack: Attack) -> Iterator[None]:
        content = hour_of_opus(attack.cache)
        with attack.threads(n, lambda _: attack.post(content, "a.opus")):
            yield

    return run
