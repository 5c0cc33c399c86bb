"""A job's end, told to a URL: signed and repeated as Standard Webhooks (standardwebhooks.com) says."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from sqlalchemy import RowMapping

from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.safe_fetch import Network

__all__ = ["check_webhook", "deliver", "next_try_s", "sign"]

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)
_TIMEOUT_S: Final = 20.0
# Seconds from one try to the next.
_TRIES: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
_MAX_URL: Final = 2048


def check_webhook(url: str, secret: str) -> None:
    """Raises InvalidRequest where one of the two cannot be used."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in {"https", "http"} and parts.hostname and len(url) <= _MAX_URL and "@" not in parts.netloc
        )
    except ValueError:
        usable = False
    if not usable:
        raise InvalidRequest("webhook_url is no https:// URL.", param="webhook_url")
    if len(_key(secret)) not in _SECRET_BYTES:
        raise InvalidRequest(f"webhook_secret is not {_PREFIX} and 24 to 64 bytes in base64.", param="webhook_secret")


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the header webhook-signature."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def next_try_s(tries: int) -> float | None:
    """Seconds until the next try after so many; None where it is the last."""
    return _TRIES[tries] if tries < len(_TRIES) else None


def deliver(job: RowMapping, network: Network) -> bool:
    """Send one message; whether it was taken (any 2xx). The id is the same at every try, so that a receiver sees it."""
    message_id, now = f"msg_{job['id']}", int(time.time())
    body = json.dumps({"type": f"job.{job['state']}", "timestamp": _iso(job["finished"]), "data": _facts(job)}).encode()
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(job["webhook_secret"], message_id, now, body),
    }
    return asyncio.run(_post(job["webhook_url"], body, headers, network))


async def _post(url: str, body: bytes, headers: dict[str, str], network: Network) -> bool:
    try:
        async with (
            network.session(_TIMEOUT_S) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return 200 <= answer.status < 300
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError, HindiSTTError):
        return False


def _facts(job: RowMapping) -> dict[str, Any]:
    counts = {name: job[f"n_{name}"] for name in ("files", "done", "failed", "cancelled")}
    return {"id": job["id"], "state": job["state"], "files": {"total": counts.pop("files"), **counts}}


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else b""
    except (binascii.Error, ValueError):
        return b""
