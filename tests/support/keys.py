"""Clients with and without keys."""

from __future__ import annotations

import websockets.sync.client
from websockets.sync.client import ClientConnection

from tests.support.guarded import Guarded


def connect(guarded: Guarded, key: str) -> ClientConnection:
    """A realtime connection as a browser opens it."""
    url = f"ws://127.0.0.1:{guarded.port}/v1/realtime?intent=transcription"
    return websockets.sync.client.connect(url, subprotocols=["realtime", f"openai-insecure-api-key.{key}"])
