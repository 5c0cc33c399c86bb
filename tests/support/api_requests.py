"""Requests to the handlers of routes, and what these need, without a server."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.types import Message

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.api.error_responses import RequestState
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.types import Features, LogProbs
from tests.support.metrics import metrics

BOUNDARY = "limit"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def make_request(
    method: str, path: str, body: bytes, headers: dict[str, str], parts: int = 4, **params: str
) -> Request:
    """A request whose body comes in parts."""
    size = max(1, -(-len(body) // parts))
    pieces = [body[i : i + size] for i in range(0, len(body), size)] or [b""]

    async def receive() -> Message:
        await asyncio.sleep(0)
        if not pieces:
            await asyncio.Event().wait()  # a client that stays
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "query_string": b"", "path_params": params}
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope["hindi_stt"] = RequestState("0" * 32, Client("-"))
    return Request(scope, receive)


def make_recognizer(acoustic: LocalAcoustic, settings: Settings, speakers: SpeakerSource | None = None) -> Recognizer:
    """One whose runner is a model in this process."""

    async def call(model: str, features: Features, *, live_final: bool = False) -> LogProbs:
        del model, live_final
        (result,) = await asyncio.to_thread(acoustic, [features])
        if isinstance(result, HindiSTTError):
            raise result
        return result

    return Recognizer(Registry((acoustic.bundle,)), call, settings, metrics(), RateLimits(), speakers=speakers)
