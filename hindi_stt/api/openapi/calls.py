"""The OpenAPI document's part on telephone calls: those that are live, and their events."""

from __future__ import annotations

import json
from functools import partial
from typing import Final

from hindi_stt.api.openapi.operations import Operation, json_content, text_content

__all__ = ["CALLS", "CALL_OPERATIONS"]

CALLS: Final = "Calls"
_CALL_ID: Final = "CA0123456789abcdef0123456789abcdef"
_STARTED: Final = {
    "call": _CALL_ID,
    "protocol": "twilio",
    "tracks": ["inbound", "outbound"],
    "facts": {"customer": "17"},
    "time": 1800000000.0,
}
_FINAL: Final = {
    "type": "final",
    "call": _CALL_ID,
    "track": "inbound",
    "text": "नमस्ते",
    "start": 0.4,
    "end": 0.9,
    "words": [{"word": "नमस्ते", "start": 0.4, "end": 0.9, "confidence": 0.98}],
    "warnings": [],
}
_EVENTS: Final = text_content("text/event-stream", f"data: {json.dumps(_FINAL, ensure_ascii=False)}\n\n")
_FOLLOW: Final = "Follow a call: its events from the beginning until its end"

_get = partial(Operation, "get", tag=CALLS)

CALL_OPERATIONS: Final = (
    _get("/v1/calls", "listCalls", "List the live calls of this key", content=json_content({"data": [_STARTED]})),
    _get("/v1/calls/{call}/events", "followCall", _FOLLOW, content=_EVENTS, path_examples={"call": _CALL_ID}),
)
