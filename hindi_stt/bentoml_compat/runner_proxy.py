"""A call of another service of this server, through BentoML's client.

What: knows how BentoML's client behaves and fails, and makes the server's own errors of that. Why: the client is a
plain aiohttp session, whose exceptions pass through; it learns its methods from the other service, so that it has none
until the two have met; and it uses connections that the other side may just be closing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import aiohttp
from bentoml.exceptions import BentoMLException, ServiceUnavailable

from hindi_stt.errors import Overloaded, RunnerUnavailable

__all__ = ["CONNECTIONS", "call_runner"]

CONNECTIONS: Final = 100
"""Connections of a client: the default of aiohttp's pool, where whoever finds none waits in order of arrival."""


async def call_runner(runner: Any, items: Sequence[Any]) -> list[Any]:
    """Call the method `infer` of the runner.

    A call whose connection was closed under it is made again: a model run has no effect but its result, so that nothing
    is done twice.

    Args:
        runner: What `bentoml.depends` gives of it.
        items: The argument, one item for each clip.

    Returns:
        The runner's answer, in the order of the items.

    Raises:
        Overloaded: The runner sheds load.
        RunnerUnavailable: It cannot be reached, or fails.
    """
    infer = getattr(runner.to_async, "infer", None)
    if infer is None:
        raise RunnerUnavailable("The model runner is starting.")
    try:
        try:
            answer: list[Any] = await infer(items)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            answer = await infer(items)
    except ServiceUnavailable as error:
        raise Overloaded("The runner is overloaded.", retry_after_s=1) from error
    except (BentoMLException, aiohttp.ClientError, OSError) as error:
        raise RunnerUnavailable(f"The model runner does not answer ({type(error).__name__}).") from error
    return answer
