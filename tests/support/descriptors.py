"""A process that cannot open anything, and waiting for what happens elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Within, this process has no file descriptor left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    held: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def eventually(happened: Callable[[], bool], within_s: float) -> None:
    """Wait until it has happened; raises TimeoutError after within_s."""
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110  # what happens is outside of this loop
            await asyncio.sleep(0.05)
