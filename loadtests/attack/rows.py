"""The attacks: what one client does, and with which settings the server runs."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from loadtests.attack.sounds import hour_of_opus, silence
from loadtests.attack.target import Target

__all__ = ["ROWS", "Attack", "Row"]


@dataclass
class Attack:
    """One in progress. outcomes: how often the attacker got which status, or "no answer"; facts: what else was seen."""

    target: Target
    cache: Path
    outcomes: Counter[str] = field(default_factory=Counter)
    facts: dict[str, str] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def headers(self) -> dict[str, str]:
        """The attacker's key."""
        return {"Authorization": f"Bearer {self.target.attacker}"}

    @contextlib.contextmanager
    def threads(self, n: int, work: Callable[[int], None]) -> Iterator[None]:
        """Run work in n threads again and again until the attack is over."""

        def again(i: int) -> None:
            while not self.ended.is_set():
                try:
                    work(i)
                except (httpx.HTTPError, OSError):
                    if not self.ended.wait(0.1):
                        self.outcomes["no answer"] += 1

        running = [threading.Thread(target=again, args=(i,), daemon=True) for i in range(n)]
        for thread in running:
            thread.start()
        yield

    def post(self, content: bytes, name: str = "a.flac", **kwargs: object) -> httpx.Response:
        """Send a recording to be transcribed."""
        files = {"file": (name, content)}
        return self.send("/transcribe", files=files, **kwargs)

    def send(self, path: str, **kwargs: object) -> httpx.Response:
        """A POST request whose status counts."""
        answer = httpx.post(self.target.url + path, headers=self.headers(), timeout=60, **kwargs)  # type: ignore[arg-type]
        self.outcomes[str(answer.status_code)] += 1
        return answer


@dataclass(frozen=True)
class Row:
    """An attack. run: goes on while the context is open; settings: of the server; recovers: the neighbour is watched
    once more after it.
    """

    name: str
    run: Callable[[Attack], contextlib.AbstractContextManager[None]]
    settings: dict[str, str] = field(default_factory=dict)
    recovers: bool = False


@contextlib.contextmanager
def silent_files(attack: Attack) -> Iterator[None]:
    """Twenty small files of four hours of silence."""
    content = silence(3.9)
    with attack.threads(20, lambda _: attack.post(content) and None):
        yield


@contextlib.contextmanager
def many_channels(attack: Attack) -> Iterator[None]:
    """Forms with 32 files of eight channels, each heard by itself."""
    content = silence(1.0, channels=8)
    files = [("file", (f"{i}.flac", content)) for i in range(32)]
    with attack.threads(1, lambda _: attack.send("/transcribe", files=files, data={"channels": "split"}) and None):
        yield


def long_recordings(n: int) -> Callable[[Attack], contextlib.AbstractContextManager[None]]:
    """So many recordings of an hour at a time."""

    @contextlib.contextmanager
    def run(attack: Attack) -> Iterator[None]:
        content = hour_of_opus(attack.cache)
        with attack.threads(n, lambda _: attack.post(content, "a.opus") and None):
            yield

    return run


ROWS = [
    Row("20 files of 4 h of silence", silent_files),
    Row("a form of 32 files of 8 channels", many_channels),
    Row("8 x 1 h of Opus", long_recordings(8)),
    Row("20 x 1 h of Opus", long_recordings(20)),
]
_ = itertools
