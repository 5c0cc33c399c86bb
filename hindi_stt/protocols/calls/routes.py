"""GET /v1/calls, and the events of a call: server-sent events, or a WebSocket at the same address."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from hindi_stt.api.disconnect import unless_disconnected
from hindi_stt.api.error_responses import answering, deny_handshake, state_of
from hindi_stt.api.live.inbox import NORMAL, POLICY
from hindi_stt.api.live.session import CONNECTION_LOST
from hindi_stt.api.middleware.credentials import token_of
from hindi_stt.api.middleware.origins import check_origin
from hindi_stt.api.server_sent_events import EventStream
from hindi_stt.api.server_sent_events import event as encoded
from hindi_stt.errors import HindiSTTError, InvalidKey
from hindi_stt.protocols.calls.feed import CallEvent
from hindi_stt.protocols.calls.service import Calls

__all__ = ["call_routes"]

_PATH = "/v1/calls/{call}/events"
# A comment: it keeps proxies from closing a connection on which nothing comes.
_NOTHING_NEW = b": nothing new\n\n"


def call_routes(calls: Callable[[], Calls]) -> list[BaseRoute]:
    """Make the routes of calls.

    Args:
        calls: Returns the worker's calls; called for each request.

    Returns:
        The routes.
    """

    async def live(request: Request) -> Response:
        current = calls()
        found = await current.feed.calls(current.owner(state_of(request).client))
        data = [{name: value for name, value in event.items() if name != "type"} for event in found]
        return JSONResponse({"object": "list", "data": data})

    async def events(request: Request) -> Response:
        current = calls()
        feed = current.feed.follow(current.owner(state_of(request).client), request.path_params["call"])
        encoded_events = _encoded(feed)
        # Whatever goes wrong before the first event has a status of its own.
        first = await unless_disconnected(request, anext(encoded_events))
        resources = contextlib.AsyncExitStack()
        return EventStream(request, first, encoded_events, resources, current.settings.realtime_write_timeout_s)

    async def socket(websocket: WebSocket) -> None:
        current = calls()
        try:
            check_origin(websocket, current.settings.origins)
            if token_of(websocket):
                raise InvalidKey("Tokens are for realtime connections; calls need a key.")
            feed = current.feed.follow(
                current.owner(websocket.scope["hindi_stt_client"]), websocket.path_params["call"]
            )
            first = await anext(feed)
        except HindiSTTError as error:
            await deny_handshake(websocket, error)
            return
        await websocket.accept()
        await _send_all(websocket, first, feed, current.settings.realtime_write_timeout_s)

    return [
        Route("/v1/calls", answering(live)),
        Route(_PATH, answering(events)),
        WebSocketRoute(_PATH, socket),
    ]


async def _encoded(feed: AsyncGenerator[CallEvent | None]) -> AsyncGenerator[bytes]:
    begun = False
    try:
        async with contextlib.aclosing(feed) as events:
            async for event in events:
                yield encoded(dict(event)) if event is not None else _NOTHING_NEW
                begun = True
    except HindiSTTError as error:
        if not begun:
            raise
        yield encoded({"type": "error", "code": error.code, "message": error.message, "help": error.help})


async def _send_all(
    websocket: WebSocket, first: CallEvent | None, feed: AsyncGenerator[CallEvent | None], timeout_s: float
) -> None:
    """Send events until the call has ended or the client has gone."""
    tasks = [
        asyncio.create_task(_send_events(websocket, first, feed, timeout_s)),
        asyncio.create_task(_wait_for_end(websocket)),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, (*CONNECTION_LOST, TimeoutError)):
                raise result


async def _send_events(
    websocket: WebSocket, first: CallEvent | None, feed: AsyncGenerator[CallEvent | None], timeout_s: float
) -> None:
    async def send(event: CallEvent | None) -> None:
        if event is not None:
            async with asyncio.timeout(timeout_s):
                await websocket.send_text(json.dumps(event, ensure_ascii=False))

    async with contextlib.aclosing(feed) as events:
        try:
            await send(first)
            async for event in events:
                await send(event)
        except HindiSTTError as error:
            await send({"type": "error", "code": error.code, "message": error.message, "help": error.help})
            await websocket.close(POLICY, error.code)
        else:
            await websocket.close(NORMAL)


async def _wait_for_end(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
