"""Events of Wyoming, as its own package writes them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

RATE = 16_000


def wyoming_event(
    kind: str, data: dict[str, Any] | None = None, payload: bytes = b"", *, inline: bool = False
) -> bytes:
    """An event, its data in the line or behind it."""
    body = b"" if inline or not data else json.dumps(data).encode()
    line: dict[str, Any] = {"type": kind, "version": "1.10.2"} | ({"data": data} if inline and data else {})
    line |= {"data_length": len(body)} if body else {}
    line |= {"payload_length": len(payload)} if payload else {}
    return json.dumps(line).encode() + b"\n" + body + payload


def wyoming_recording(samples: np.ndarray, rate: int = RATE, channels: int = 1, **transcribe: Any) -> list[bytes]:
    """A recording, in the chunks that Home Assistant sends."""
    given = {"rate": rate, "width": 2, "channels": channels}
    data = samples.astype("<i2").tobytes()
    chunks = [wyoming_event("audio-chunk", given, data[start : start + 2_048]) for start in range(0, len(data), 2_048)]
    start = wyoming_event("audio-start", given, inline=True)
    return [wyoming_event("transcribe", transcribe), start, *chunks, wyoming_event("audio-stop")]
