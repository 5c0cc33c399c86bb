"""Whether this machine lets others reach a server that asks for no keys."""

from __future__ import annotations

import ipaddress

import psutil

from hindi_stt.observability.request_context import log
from hindi_stt.settings import Settings

__all__ = ["addresses_beyond_loopback", "warn_if_open"]


def warn_if_open(settings: Settings) -> None:
    """Warn in the log if other machines can reach this server and no key is required."""
    if not settings.key_file and (addresses := addresses_beyond_loopback()):
        log.warning(
            "ANYBODY WHO REACHES %s MAY USE THIS SERVER: no API keys are configured. "
            "Make one with 'hindi-stt keys new NAME' and set HINDI_STT_KEY_FILE; see docs/api.md.",
            ", ".join(addresses),
        )


def addresses_beyond_loopback() -> list[str]:
    """The addresses, with ports, at which this process takes connections from other machines."""
    return sorted(
        f"{connection.laddr.ip}:{connection.laddr.port}"
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and not ipaddress.ip_address(connection.laddr.ip).is_loopback
    )
