"""A call of another service of this server, through BentoML's client.

What: knows how BentoML's client behaves and fails, and makes the server's own errors of that. Why: the client is a
plain aiohttp session, whose exceptions pass through; it learns its methods from the other service, so that it has none
until the two have met; and it uses connections that the other side may just be closing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar

import aiohttp
from bentoml.exceptions import BentoMLException, ServiceUnavailable

from hindi_stt.bentoml_compat.versions import PrivateName
from hindi_stt.errors import Overloaded, RunnerUnavailable

__all__ = ["CONNECTIONS", "SESSIONS", "call_runner", "post_to_runner"]

# Checked where an API worker starts: importing it takes a tenth of a second, which nobody else needs.
SESSIONS: Final = PrivateName(
    "runner_proxy", "_bentoml_impl.client.proxy2", "SessionManager.get_session", parameters=("self",)
)
T = TypeVar("T")

CONNECTIONS: Final = 100
"""Connections of a client: the default of aiohttp's pool, where further calls wait in order of arrival."""


async def call_runner(runner: Any, items: Sequence[Any]) -> list[Any]:
    """Call the method `infer` of the runner.

    Args:
        runner: The object that `bentoml.depends` returns for it.
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
    answer: list[Any] = await _answered(lambda: infer(items))
    return answer


async def post_to_runner(runner: Any, path: str, body: bytes, media_type: str) -> bytes:
    """Send the runner a request that BentoML does not read.

    BentoML's client turns arguments into a multipart or pickled body and back through pydantic models, on both sides,
    which costs a clip more than a millisecond; this uses the client's connections alone.

    Args:
        runner: The object that `bentoml.depends` returns for it.
        path: Path of the request.
        body: Body of the request.
        media_type: Content-Type of the body.

    Returns:
        The body of the response.

    Raises:
        Overloaded: The runner sheds load.
        RunnerUnavailable: It cannot be reached, or fails.
    """

    async def post() -> bytes:
        session = await runner.to_async._session_manager.get_session()  # noqa: SLF001  # it has no public name
        async with session.post(path, data=body, headers={"content-type": media_type}) as response:
            if not response.ok:
                raise BentoMLException.error_mapping.get(HTTPStatus(response.status), BentoMLException)(str(path))
            answer: bytes = await response.read()
            return answer

    return await _answered(post)


async def _answered(call: Callable[[], Awaitable[T]]) -> T:
    """A call whose connection was closed under it is made again: a model run has no effect but its result."""
    try:
        try:
            return await call()
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return await call()
    except ServiceUnavailable as error:
        raise Overloaded("The runner is overloaded.", retry_after_s=1) from error
    except (BentoMLException, aiohttp.ClientError, OSError) as error:
        raise RunnerUnavailable(f"The model runner does not answer ({type(error).__name__}).") from error
