"""Webhooks are signed as Standard Webhooks describes, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.errors import InvalidRequest
from hindi_stt.jobs.webhooks import check_webhook, next_try_s, signed_headers

MODULES_UNDER_TEST = ("hindi_stt/jobs/webhooks.py",)

URL = "https://hooks.example.com/jobs"


def whsec(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def test_the_published_example_gets_its_published_signature() -> None:
    """The example of the Standard Webhooks libraries (and of Svix, before them)."""
    secret, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1_614_265_330, UTC)
    check_webhook(URL, secret)
    assert signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", secret, '{"test": 2432232314}', now) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(
    st.binary(min_size=24, max_size=64),
    st.dictionaries(st.text(), st.text()),
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  (they get one)
)
def test_every_secret_that_is_taken_signs_by_the_formula(key: bytes, content: dict[str, str], now: datetime) -> None:
    """HMAC-SHA-256 of id.timestamp.body; whole seconds, though the time has fractions."""
    check_webhook(URL, whsec(key))
    body = json.dumps(content)
    headers = signed_headers("msg_1", whsec(key), body, now)
    signed = f"msg_1.{int(now.timestamp())}.{body}".encode()
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        whsec(b"k" * 23),
        whsec(b"k" * 65),
        "whsec_MfKQ9r8G!" + "A" * 25,
    ],
)
def test_a_secret_that_the_library_would_take_in_part_is_refused(secret: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_webhook(URL, secret)
    assert caught.value.param == "webhook_secret"


def test_the_tries_are_those_of_docs_jobs() -> None:
    """After 5 s, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours."""
    hours = [2, 5, 10, 14, 20, 24]
    expected = [5, 5 * 60, 30 * 60, *(hour * 3600 for hour in hours)]
    assert [next_try_s(tries) for tries in range(len(expected) + 1)] == [*expected, None]
