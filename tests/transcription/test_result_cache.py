"""The cache of results: what is the same recording, and what is not; in memory and in a real Redis."""

from __future__ import annotations

import asyncio
import io
import itertools
from dataclasses import asdict, replace
from pathlib import Path

import httpx
import pytest

from hindi_stt.settings import Settings
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.result_cache import ResultCache, fingerprint
from hindi_stt.types import Segment, Transcript, Word
from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.metrics import metrics
from tests.support.redis_server import running_redis

TRANSCRIPT = Transcript("hi", 2.0, (Segment(0.1, 1.9, (Word("आज", 0.1, 1.9, 0.5, ("आज",)),), 1),), ("clipped",))


def test_the_same_and_not_the_same(tmp_path: Path) -> None:
    asked = {"options": asdict(Options())}
    masked = {"options": asdict(replace(Options(), text=replace(Options().text, mask=frozenset({"phone", "card"}))))}
    hotwords = tmp_path / "hotwords.txt"
    hotwords.write_text("आज")
    with_hotwords = Settings(hotwords_file=str(hotwords))
    settings = Settings()
    different = [
        fingerprint(io.BytesIO(b"a"), "m:1", settings, asked),
        fingerprint(io.BytesIO(b"b"), "m:1", settings, asked),
        fingerprint(io.BytesIO(b"a"), "m:2", settings, asked),
        fingerprint(io.BytesIO(b"a"), "m:1", Settings(beam_width=3), asked),
        fingerprint(io.BytesIO(b"a"), "m:1", settings, masked),
        fingerprint(io.BytesIO(b"a"), "m:1", with_hotwords, asked),
    ]
    hotwords.write_text("कल")
    different.append(fingerprint(io.BytesIO(b"a"), "m:1", with_hotwords, asked))
    assert len(set(different)) == len(different)
    file = io.BytesIO(b"a")
    file.read()
    assert fingerprint(file, "m:1", settings, asked) == different[0]
    assert file.tell() == 0


def test_in_memory() -> None:
    async def use() -> None:
        cache = ResultCache(Settings(cache_url="memory", cache_mb=1), metrics())
        assert await cache.get("a") is None
        await cache.put("a", TRANSCRIPT)
        assert await cache.get("a") == TRANSCRIPT
        many = replace(TRANSCRIPT, segments=TRANSCRIPT.segments * 2000)
        for key in "bcdefgh":
            await cache.put(key, many)
        assert await cache.get("a") is None
        assert await cache.get("h") == many

    asyncio.run(use())


def test_in_redis(tmp_path: Path) -> None:
    async def use(url: str) -> None:
        caches = [ResultCache(Settings(cache_url=url, cache_ttl_s=0.5), metrics()) for _ in range(2)]
        await caches[0].put("a", TRANSCRIPT)
        assert await caches[1].get("a") == TRANSCRIPT
        for _ in itertools.count():
            if await caches[1].get("a") is None:
                break
            await asyncio.sleep(0.05)
        for cache in caches:
            await cache.close()

    async def without(url: str) -> None:
        cache = ResultCache(Settings(cache_url=url), metrics())
        await cache.put("a", TRANSCRIPT)
        assert await cache.get("a") is None
        await cache.close()

    with running_redis(tmp_path) as url:
        asyncio.run(use(url))
    asyncio.run(without(url))


@pytest.mark.slow
def test_through_the_server(guarded: Guarded) -> None:
    def looked_up() -> dict[str, int]:
        headers = {"authorization": f"Bearer {guarded.key}"}
        return httpx.get(f"{guarded.url}/stats", headers=headers).json()["cache"]

    content = (DATA / "rain_22k.wav").read_bytes()
    first = guarded.post(guarded.key, content).json()
    before = looked_up()
    # Nobody else can find out what was sent.
    other = guarded.post(guarded.new_key("another"), content).json()
    assert looked_up().get("hit", 0) == before.get("hit", 0)
    assert max(other["timings_ms"].values()) > 0
    again = guarded.post(guarded.key, content).json()
    assert looked_up().get("hit", 0) == before.get("hit", 0) + 1
    own = {"timings_ms", "request_id"}
    assert {key: value for key, value in again.items() if key not in own} == {
        key: value for key, value in first.items() if key not in own
    }
    assert set(again["timings_ms"].values()) == {0.0}
    latin = guarded.post(guarded.key, content, data={"script": "latin"}).json()
    assert latin["text"] != first["text"]
    assert looked_up().get("hit", 0) == before.get("hit", 0) + 1
