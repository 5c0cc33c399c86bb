"""An attack in progress, and the rows of the table."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from loadtests.attack.target import Target

__all__ = ["Attack", "Row"]


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
    def threads(self, n: int, work: Callable[[int], object]) -> Iterator[None]:
        """Run work in n threads again and again until the attack is over."""

        def again(i: int) -> None:
            while not self.ended.is_set():
                try:
                    work(i)
                except (httpx.HTTPError, OSError):
                    if not self.ended.wait(0.1):
                        self.outcomes["no answer"] += 1

        for i in range(n):
            threading.Thread(target=again, args=(i,), daemon=True).start()
        yield

    def post(self, content: bytes, name: str = "a.flac", **kwargs: object) -> httpx.Response:
        """Send a recording to be transcribed."""
        return self.send("/transcribe", files={"file": (name, content)}, **kwargs)

    def send(self, path: str, **kwargs: object) -> httpx.Response:
        """A POST request whose status counts."""
        headers = self.headers() | kwargs.pop("headers", {})  # type: ignore[operator]
        answer = httpx.post(self.target.url + path, headers=headers, timeout=60, **kwargs)  # type: ignore[arg-type]
        self.outcomes[str(answer.status_code)] += 1
        if answer.status_code in {429, 503}:
            self.ended.wait(0.5)
        return answer


@dataclass(frozen=True)
class Row:
    """An attack.

    Attributes:
        name: its name in the report.
        run: a context manager; the attack goes on while it is open.
        settings: settings of the server.
        recovers: whether the other client is measured once more after it.
        prepare: a context manager that is entered before the server starts and left after it ends; it may change the
            settings.
        needs: programs that must be installed.
    """

    name: str
    run: Callable[[Attack], contextlib.AbstractContextManager[None]]
    settings: dict[str, str] = field(default_factory=dict)
    recovers: bool = False
    prepare: Callable[[Path], contextlib.AbstractContextManager[dict[str, str]]] | None = None
    needs: tuple[str, ...] = ()
