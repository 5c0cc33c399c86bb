"""Rate limits that several processes share, on a real Redis."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hindi_stt.access.limits import Client, RateLimits
from hindi_stt.errors import HindiSTTError, LimitsUnavailable, RateLimited
from tests.support.redis_server import running_redis


def test_two_replicas_share_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine fifty answers at once can take longer than a server would wait.
    monkeypatch.setattr("hindi_stt.access.limits._BUDGET_S", 30.0)

    async def press(url: str) -> list[str]:
        replicas = RateLimits(url), RateLimits(url)
        client = Client("clinic", requests_per_minute=30, audio_s_per_hour=10.0)

        async def outcome(i: int) -> str:
            try:
                await replicas[i % 2].count_request(client)
            except HindiSTTError as error:
                return error.code
            return "counted"

        outcomes = await asyncio.gather(*(outcome(i) for i in range(50)))
        await replicas[0].count_audio(client, 6.0)
        with pytest.raises(RateLimited) as caught:
            await replicas[1].count_audio(client, 4.1)
        assert 0 < (caught.value.retry_after_s or 0) <= 7200
        await replicas[1].count_audio(client, 4.0)
        await replicas[0].count_request(Client("another", requests_per_minute=30))
        for replica in replicas:
            await replica.close()
        return outcomes

    with running_redis(tmp_path) as url:
        outcomes = asyncio.run(press(url))
    assert sorted(outcomes) == ["counted"] * 30 + ["rate_limited"] * 20


def test_without_its_redis_no_client_is_admitted(tmp_path: Path) -> None:
    async def ask(url: str) -> None:
        limits = RateLimits(url)
        with pytest.raises(LimitsUnavailable):
            await limits.count_request(Client("clinic", requests_per_minute=1))
        await limits.count_request(Client("without limits"))
        await limits.close()

    with running_redis(tmp_path) as url:
        pass
    asyncio.run(ask(url))
