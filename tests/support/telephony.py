"""The telephony platforms' side of their protocols, as their published references describe the messages."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import soxr

RATE = 16_000

CALL_ID = "CA0123456789abcdef0123456789abcdef"
STREAM_ID = "MZ0123456789abcdef0123456789abcdef"
ACCOUNT_ID = "AC0123456789abcdef0123456789abcdef"


def at_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    """int16 samples of 16 kHz at another rate."""
    if rate == RATE:
        return samples
    resampled = soxr.resample(samples.astype(np.float32) / 2**15, RATE, rate)
    found: np.ndarray = np.clip(np.rint(resampled * 2**15), -(2**15), 2**15 - 1).astype("<i2")
    return found


def mu_law(samples: np.ndarray) -> bytes:
    """int16 samples as G.711 mu-law, from the formula of the recommendation (14-bit magnitudes, bias 33)."""
    magnitude = np.minimum(np.abs(samples.astype(np.int32)) >> 2, 8158) + 33
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    code = (exponent << 4) | mantissa
    sign = np.where(samples < 0, 0x80, 0)
    return (~(sign | code) & 0xFF).astype(np.uint8).tobytes()


def mu_law_file(samples: np.ndarray) -> bytes:
    """A recording of the call: a WAV file of mu-law at 8 kHz."""
    data = mu_law(at_rate(samples, 8_000))
    head = b"WAVEfmt " + (18).to_bytes(4, "little") + (7).to_bytes(2, "little") + (1).to_bytes(2, "little")
    head += (8_000).to_bytes(4, "little") * 2 + (1).to_bytes(2, "little") + (8).to_bytes(2, "little") + b"\0\0"
    body = head + b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def packets_of(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def twilio_call(
    tracks: dict[str, bytes], parameters: dict[str, str] | None = None, call_id: str = CALL_ID, ms: int = 100
) -> Iterator[str]:
    """Twilio's messages: both tracks at 8 kHz mu-law, in turns."""
    yield json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    number = iter(range(1, 2**31))

    def message(event: str, **body: Any) -> str:
        return json.dumps({"event": event, "sequenceNumber": str(next(number)), **body, "streamSid": STREAM_ID})

    start = {
        "accountSid": ACCOUNT_ID,
        "streamSid": STREAM_ID,
        "callSid": call_id,
        "tracks": list(tracks),
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": parameters or {},
    }
    yield message("start", start=start)
    split = {label: packets_of(data, 8 * ms) for label, data in tracks.items()}
    for i in range(max(map(len, split.values()))):
        for label, parts in split.items():
            if i < len(parts):
                payload = base64.b64encode(parts[i]).decode()
                media = {"track": label, "chunk": str(i + 1), "timestamp": str(i * ms), "payload": payload}
                yield message("media", media=media)
    yield message("dtmf", dtmf={"track": "inbound_track", "digit": "5"})
    yield message("mark", mark={"name": "greeting"})
    yield message("stop", stop={"accountSid": ACCOUNT_ID, "callSid": call_id})


def telnyx_call(data: bytes, call_id: str = CALL_ID) -> Iterator[str]:
    """Telnyx's spelling of the same: snake_case, no list of tracks."""
    yield json.dumps({"event": "connected", "version": "1.0.0"})
    start = {"call_control_id": call_id, "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}}
    yield json.dumps({"event": "start", "sequence_number": "1", "start": start, "stream_id": STREAM_ID})
    for i, part in enumerate(packets_of(data, 160)):
        media = {"track": "inbound", "chunk": str(i + 2), "payload": base64.b64encode(part).decode()}
        yield json.dumps({"event": "media", "sequence_number": str(i + 2), "media": media, "stream_id": STREAM_ID})
    yield json.dumps({"event": "stop", "sequence_number": "9", "stop": {}, "stream_id": STREAM_ID})


def exotel_call(
    samples: np.ndarray, rate: int, parameters: dict[str, str] | None = None, call_id: str = CALL_ID
) -> Iterator[str]:
    """Exotel's messages: 16-bit samples in chunks of about 100 ms that are multiples of 320 bytes."""
    yield json.dumps({"event": "connected"})
    start = {
        "stream_sid": STREAM_ID,
        "call_sid": call_id,
        "account_sid": ACCOUNT_ID,
        "from": "+919800000000",
        "to": "+918000000000",
        "custom_parameters": parameters or {},
        "media_format": {"encoding": "audio/x-raw", "sample_rate": str(rate), "bit_rate": "16"},
    }
    yield json.dumps({"event": "start", "sequence_number": "1", "stream_sid": STREAM_ID, "start": start})
    for i, part in enumerate(packets_of(samples.astype("<i2").tobytes(), 3200)):
        media = {"chunk": str(i + 1), "timestamp": str(i * 100), "payload": base64.b64encode(part).decode()}
        yield json.dumps({"event": "media", "sequence_number": str(i + 2), "stream_sid": STREAM_ID, "media": media})
    yield json.dumps(
        {"event": "stop", "sequence_number": "9", "stream_sid": STREAM_ID, "stop": {"reason": "callended"}}
    )


def plivo_call(
    data: bytes, encoding: str, rate: int, extra_headers: str = "", call_id: str = CALL_ID, size: int = 320
) -> Iterator[str]:
    """Plivo's messages; its streams end with the connection."""
    start = {
        "callId": call_id,
        "streamId": STREAM_ID,
        "accountId": ACCOUNT_ID,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": encoding, "sampleRate": rate},
    }
    yield json.dumps({"event": "start", "sequenceNumber": 1, "start": start, "extra_headers": extra_headers})
    for i, part in enumerate(packets_of(data, size)):
        media = {"track": "inbound", "chunk": i + 1, "timestamp": "0", "payload": base64.b64encode(part).decode()}
        yield json.dumps({"event": "media", "sequenceNumber": i + 2, "streamId": STREAM_ID, "media": media})
    yield json.dumps({"event": "dtmf", "streamId": STREAM_ID, "dtmf": {"track": "inbound", "digit": "1"}})


def audiosocket_message(kind: int, payload: bytes = b"") -> bytes:
    """A message of AudioSocket as Asterisk's documentation describes it."""
    return bytes([kind]) + len(payload).to_bytes(2, "big") + payload


# The kinds of audio that Asterisk's documentation lists, and their rates in Hz.
AUDIOSOCKET_RATES = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}


def audiosocket_call(samples: np.ndarray, call_id: uuid.UUID, kind: int = 0x10) -> Iterator[bytes]:
    """Asterisk's messages: the UUID, 20 ms of audio each, a key, the end. samples: int16 at the kind's rate."""
    yield audiosocket_message(0x01, call_id.bytes)
    data, size = samples.astype("<i2").tobytes(), AUDIOSOCKET_RATES[kind] // 50 * 2
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    for part in parts[: len(parts) // 2]:
        yield audiosocket_message(kind, part)
    yield audiosocket_message(0x03, b"5")
    for part in parts[len(parts) // 2 :]:
        yield audiosocket_message(kind, part)
    yield audiosocket_message(0x00)
