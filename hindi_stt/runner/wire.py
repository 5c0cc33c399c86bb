"""The messages between API workers and the runner as bytes.

A message is the length of its header (4 bytes, little-endian), the header in JSON, which ends in blanks so that what
follows is aligned, and an array of float32 (little-endian, in C order) whose shape the header tells.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from hindi_stt.errors import HindiSTTError, from_code
from hindi_stt.types import Features, Float32, LogProbs

__all__ = ["MEDIA_TYPE", "PATH", "ClipMessage", "decode_clip", "decode_result", "encode_clip", "encode_result"]

PATH: Final = "/clips"
MEDIA_TYPE: Final = "application/octet-stream"
_LENGTH: Final = struct.Struct("<I")
_ARRAY: Final = np.dtype("<f4")
_ALIGNMENT: Final = 16


@dataclass(frozen=True, slots=True)
class ClipMessage:
    """One clip on its way to the runner.

    Attributes:
        model: Tag of the model.
        features: Of the clip.
        flow: Id of the request.
        sent_s: When it was sent, by the machine-wide monotonic clock.
        deadline_s: When nobody wants its result any more, by the same clock.
        live_final: Whether these are the last words of a live speaker.
        trace: Traceparent of the span that it belongs to; empty where there is none.
        client: Name of the client that it belongs to.
    """

    model: str
    features: Features
    flow: str
    sent_s: float
    deadline_s: float
    live_final: bool = False
    trace: str = ""
    client: str = ""


_HEADER: Final = tuple(field.name for field in fields(ClipMessage) if field.name != "features")


def encode_clip(message: ClipMessage) -> bytes:
    """Make the bytes of a clip.

    Args:
        message: The clip.

    Returns:
        What `decode_clip` reads.
    """
    header = {name: getattr(message, name) for name in _HEADER} | {"duration_s": message.features.duration_s}
    return _encode(header, message.features.values)


def decode_clip(data: bytes) -> ClipMessage:
    """Read the bytes of a clip.

    Args:
        data: A whole message; the features share its memory.

    Returns:
        The clip.

    Raises:
        ValueError: It is no such message.
    """
    header, values = _decode(data)
    try:
        duration_s = header.pop("duration_s")
        return ClipMessage(features=Features(values, duration_s), **header)
    except (KeyError, TypeError) as error:
        raise ValueError("The header of a clip lacks a field, or has another one.") from error


def encode_result(result: LogProbs | HindiSTTError) -> bytes:
    """Make the bytes of a clip's result.

    Args:
        result: Log-probabilities of the clip, or its error.

    Returns:
        What `decode_result` reads.
    """
    if isinstance(result, HindiSTTError):
        error = {"code": result.code, "message": result.message, "retry_after_s": result.retry_after_s}
        return _encode({"error": error}, np.empty((0, 0), np.float32))
    return _encode({"frame_shift_s": result.frame_shift_s}, result.values)


def decode_result(data: bytes) -> LogProbs:
    """Read the bytes of a clip's result.

    Args:
        data: A whole message; the log-probabilities share its memory.

    Returns:
        Log-probabilities of the clip.

    Raises:
        HindiSTTError: The clip's own error.
        ValueError: It is no such message.
    """  # noqa: DOC501  # from_code is a function
    header, values = _decode(data)
    if error := header.get("error"):
        raise from_code(error["code"], error["message"], retry_after_s=error["retry_after_s"])
    return LogProbs(values, header["frame_shift_s"])


def _encode(header: dict[str, Any], values: Float32) -> bytes:
    text = json.dumps(header | {"shape": values.shape}).encode()
    text += b" " * (-(_LENGTH.size + len(text)) % _ALIGNMENT)
    return b"".join((_LENGTH.pack(len(text)), text, np.ascontiguousarray(values, _ARRAY).data))


def _decode(data: bytes) -> tuple[dict[str, Any], Float32]:
    try:
        (length,) = _LENGTH.unpack_from(data)
        start = _LENGTH.size + length
        header = json.loads(data[_LENGTH.size : start])
        values: Float32 = np.frombuffer(data, _ARRAY, offset=start).reshape(header.pop("shape"))
    except (struct.error, KeyError, TypeError, AttributeError) as error:
        raise ValueError("The message is not one of a clip or its result.") from error
    return header, values
