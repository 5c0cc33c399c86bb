"""Webhooks that say how a job ended: signed and repeated as Standard Webhooks (standardwebhooks.com) describes."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from sqlalchemy import RowMapping
from standardwebhooks import Webhook

from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.jobs.call_webhooks import call_body
from hindi_stt.jobs.timestamps import utc_text
from hindi_stt.safe_fetch import Network

__all__ = ["check_webhook", "deliver", "next_try_s", "signed_headers"]

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)
_TIMEOUT_S: Final = 20.0
# Seconds from one try to the next.
_TRIES: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
_MAX_URL: Final = 2048


def check_webhook(url: str, secret: str) -> None:
    """Check the webhook of a job.

    Args:
        url: Address to which it is sent.
        secret: Signs it: whsec_ and 24 to 64 bytes in base64.

    Raises:
        InvalidRequest: One of the two cannot be used.
    """
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in {"https", "http"} and parts.hostname and len(url) <= _MAX_URL and "@" not in parts.netloc
        )
    except ValueError:
        usable = False
    if not usable:
        raise InvalidRequest("webhook_url is not an https:// URL.", param="webhook_url")
    if len(_key(secret)) not in _SECRET_BYTES:
        raise InvalidRequest(f"webhook_secret is not {_PREFIX} and 24 to 64 bytes in base64.", param="webhook_secret")


def next_try_s(tries: int) -> float | None:
    """Say when a webhook that was not taken is sent again.

    Args:
        tries: How often it has been sent.

    Returns:
        Seconds until the next try; None where there is none.
    """
    return _TRIES[tries] if tries < len(_TRIES) else None


def deliver(job: RowMapping, network: Network, result: str | None = None) -> bool:
    """Send the webhook of a job that has ended. Its id is the same at every try, so that a receiver knows it again.

    Args:
        job: The row of the job.
        network: Which addresses may be reached.
        result: The transcript of a call as JSON; a job of recordings tells only how many have ended.

    Returns:
        Whether it was taken: any status 2xx.
    """
    body = call_body(job, result) if result is not None else _body(job)
    headers = {
        "content-type": "application/json",
        **signed_headers(f"msg_{job['id']}", job["webhook_secret"], body, datetime.now(UTC)),
    }
    return asyncio.run(_post(job["webhook_url"], body.encode(), headers, network))


def signed_headers(message_id: str, secret: str, body: str, now: datetime) -> dict[str, str]:
    """Sign a message.

    Args:
        message_id: The same at every try.
        secret: The webhook's secret, see `check_webhook`.
        body: The bytes that are sent.
        now: The time of this try.

    Returns:
        The headers of Standard Webhooks: id, timestamp in seconds since 1970, and signature.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }


async def _post(url: str, body: bytes, headers: dict[str, str], network: Network) -> bool:
    try:
        async with (
            network.session(_TIMEOUT_S) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return 200 <= answer.status < 300
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError, HindiSTTError):
        return False


def _body(job: RowMapping) -> str:
    return json.dumps({"type": f"job.{job['state']}", "timestamp": utc_text(job["finished"]), "data": _facts(job)})


def _facts(job: RowMapping) -> dict[str, Any]:
    counts = {name: job[f"n_{name}"] for name in ("files", "done", "failed", "cancelled")}
    return {"id": job["id"], "state": job["state"], "files": {"total": counts.pop("files"), **counts}}


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else b""
    except (binascii.Error, ValueError):
        return b""
