"""Transcripts kept for recordings that come again: same bytes, same model, same options. Off unless asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from cachetools import TTLCache
from pydantic import TypeAdapter, ValidationError

from hindi_stt import __version__
from hindi_stt.observability.metrics import Metrics
from hindi_stt.observability.request_context import log
from hindi_stt.settings import Settings
from hindi_stt.types import Transcript

__all__ = ["ResultCache", "fingerprint"]

_MEMORY: Final = "memory"
_BLOCK_BYTES: Final = 2**20
_transcript: Final = TypeAdapter(Transcript)
# Settings that affect a transcript, besides the model, the recording and the request.
_SETTINGS: Final = (
    "precision",
    "max_segment_s",
    "language_model",
    "hotwords_file",
    "beam_width",
    "max_channels",
    "max_audio_s",
)


class _Store(Protocol):
    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes) -> None: ...

    async def close(self) -> None: ...


class _MemoryStore:
    """The most recent values up to a sum of bytes, for one process."""

    def __init__(self, max_bytes: int, ttl_s: float) -> None:
        self._values: TTLCache[str, bytes] = TTLCache(max_bytes, ttl_s, getsizeof=len)
        self._max_bytes = max_bytes

    async def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    async def put(self, key: str, value: bytes) -> None:
        if len(value) <= self._max_bytes:
            self._values[key] = value

    async def close(self) -> None:
        self._values.clear()


class ResultCache:
    """Caches transcripts by `fingerprint`, and counts hits and misses.

    Args:
        settings: Where and how long transcripts are kept.
        metrics: Where hits and misses are counted.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._metrics = metrics
        self._store = _store(settings)

    async def get(self, key: str) -> Transcript | None:
        """The transcript, or None where it is not there or cannot be read."""
        value = await self._store.get(key)
        found = None
        if value is not None:
            try:
                found = _transcript.validate_json(value)
            except ValidationError:
                log.warning("an entry of the cache cannot be read")
        self._metrics.cache.labels("miss" if found is None else "hit").inc()
        return found

    async def put(self, key: str, transcript: Transcript) -> None:
        """Store a transcript, as long as there is space and time.

        Args:
            key: Its `fingerprint`.
            transcript: The transcript.
        """
        await self._store.put(key, _transcript.dump_json(transcript))

    async def close(self) -> None:
        """Close connections, and forget values."""
        await self._store.close()


def _store(settings: Settings) -> _Store:
    if settings.cache_url == _MEMORY:
        return _MemoryStore(settings.cache_mb * 2**20, settings.cache_ttl_s)
    from hindi_stt.transcription.redis_cache import RedisStore  # Redis takes half a second to import

    return RedisStore(settings.cache_url, settings.cache_ttl_s)


def fingerprint(file: BinaryIO, model: str, settings: Settings, asked: Mapping[str, object]) -> str:
    """Compute a key that differs wherever the transcript could differ.

    Args:
        file: The recording; read from its beginning, and rewound.
        model: Tag of the model.
        settings: The server's settings.
        asked: Everything in the request that affects the transcript.

    Returns:
        64 hexadecimal digits (SHA-256).
    """
    facts = {name: getattr(settings, name) for name in _SETTINGS}
    # Sets have no order of their own: the same options have to give the same digits in every process.
    text = json.dumps([__version__, model, facts, asked], default=sorted, sort_keys=True)
    digest = hashlib.sha256(text.encode())
    if settings.hotwords_file:
        digest.update(Path(settings.hotwords_file).read_bytes())
    file.seek(0)
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
