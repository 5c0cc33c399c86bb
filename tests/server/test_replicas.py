"""Two replicas behind one key: their limits are one, because a Redis counts for both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.support.guarded import Guarded
from tests.support.redis_server import running_redis
from tests.support.responses import is_error

pytestmark = pytest.mark.api
GOOD = (DATA / "rain_16k.wav").read_bytes()


def test_two_replicas_share_limits(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_redis(tmp_path) as url:
        a = Guarded(tmp_path_factory.mktemp("a"), HINDI_STT_LIMITS_URL=url)
        b = Guarded(tmp_path_factory.mktemp("b"), HINDI_STT_LIMITS_URL=url, HINDI_STT_KEY_FILE=str(a.key_file))
        try:
            a.wait_until_ready()
            b.wait_until_ready()
            counted = a.new_key("requests", requests_per_minute=10)
            outcomes = Counter((a, b)[i % 2].post(counted, GOOD).status_code for i in range(16))
            assert outcomes == {200: 10, 429: 6}
            heard = a.new_key("audio", audio_s_per_hour=5)
            assert [server.post(heard, GOOD).status_code for server in (a, b, a, b)] == [200, 200, 429, 429]
        finally:
            a.stop()
            b.stop()


def test_without_its_redis_a_client_with_a_limit_is_refused(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_redis(tmp_path) as url:
        server = Guarded(tmp_path_factory.mktemp("c"), HINDI_STT_LIMITS_URL=url)
        server.wait_until_ready()
        key = server.new_key("counted", requests_per_minute=100)
        assert server.post(key, GOOD).status_code == 200
    try:
        gone = server.post(key, GOOD)
        is_error(gone, 503, "limits_unavailable")
        assert server.post(server.key, GOOD).status_code == 200
    finally:
        server.stop()
