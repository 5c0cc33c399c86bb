"""Checks the settings of protocols before the server listens."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final

from hindi_stt.access.key_file import read_key_file
from hindi_stt.errors import InvalidRequest
from hindi_stt.protocols.defaults import parse_defaults
from hindi_stt.protocols.networks import parse_networks
from hindi_stt.settings import Settings, invalid_setting, is_host_name, variable
from hindi_stt.settings.protocols import PROTOCOLS
from hindi_stt.transcription.options import FIELDS as OPTIONS

__all__ = ["check_protocols"]

_PUBLIC_URL: Final = re.compile(r"wss?://[A-Za-z0-9_.-]+(:\d{1,5})?(/[^?#\s]*)?")
_WITH_PORT: Final = ("vosk", "wyoming", "audiosocket")
_ONLY_BY_PORT: Final = ("wyoming", "audiosocket")


def check_protocols(settings: Settings) -> None:
    """Check the settings of the protocols that are on.

    Args:
        settings: The server's.

    Raises:
        InvalidSetting: One of them cannot be used.
    """  # noqa: DOC501  # invalid_setting is a function
    for name in sorted(settings.protocol_names - set(PROTOCOLS)):
        raise invalid_setting("protocols", settings.protocols, f"{name!r} is none of {', '.join(PROTOCOLS)}.")
    _check_options(settings)
    networks = parse_networks(settings.protocol_networks)
    if settings.protocols and settings.key_file:
        valid = {key.name for key in read_key_file(Path(settings.key_file)).keys if key.revoked is None}
        for name in sorted({name for _, name in networks if name} - valid):
            raise invalid_setting(
                "protocol_networks", settings.protocol_networks, f"no valid API key has the name {name!r}."
            )
        if settings.telephony_key_name and settings.telephony_key_name not in valid:
            raise invalid_setting("telephony_key_name", settings.telephony_key_name, "no valid API key has this name.")
    if settings.telephony_key_name and not settings.key_file:
        reason = f"there are no keys: set {variable('key_file')}, or leave it out."
        raise invalid_setting("telephony_key_name", settings.telephony_key_name, reason)
    if settings.public_url and not _PUBLIC_URL.fullmatch(settings.public_url):
        raise invalid_setting("public_url", settings.public_url, "write wss://HOST or wss://HOST:PORT/PATH.")
    if 0 < settings.protocol_speed < 1:
        raise invalid_setting(
            "protocol_speed", settings.protocol_speed, "live audio comes in real time: write 1 or more, or 0."
        )
    _check_calls(settings)
    _check_ports(settings)


def _check_ports(settings: Settings) -> None:
    if not _is_host(settings.protocol_host):
        reason = "is neither an address nor a host name: write 127.0.0.1, or 0.0.0.0 for all addresses."
        raise invalid_setting("protocol_host", settings.protocol_host, reason)
    for protocol in _WITH_PORT:
        name = f"{protocol}_port"
        port: int = getattr(settings, name)
        if port and protocol not in settings.protocol_names:
            raise invalid_setting(name, port, f"add {protocol} to {variable('protocols')}, or leave it out.")
        if not port and protocol in settings.protocol_names and protocol in _ONLY_BY_PORT:
            raise invalid_setting(name, port, f"{protocol} needs a port of its own: name one.")
        if port:
            _check_port(name, settings.protocol_host, port)
    ports = [port for protocol in _WITH_PORT if (port := getattr(settings, f"{protocol}_port"))]
    if len(set(ports)) < len(ports):
        names = ", ".join(variable(f"{protocol}_port") for protocol in _WITH_PORT[1:])
        raise invalid_setting("vosk_port", settings.vosk_port, f"it, {names} must be different ports.")


def _check_options(settings: Settings) -> None:
    for options in parse_defaults(settings.protocol_options).values():
        if unknown := sorted(set(options) - {"model", "language", "prompt", "silence_ms", *OPTIONS}):
            reason = f"connections have no option {unknown[0][:64]!r}."
            raise invalid_setting("protocol_options", settings.protocol_options, reason)


def _check_calls(settings: Settings) -> None:
    shared = settings.calls_url or settings.limits_url
    if settings.takes_calls and settings.api_workers > 1 and not shared:
        reason = "with several API workers, calls need a Redis for their events: name one."
        raise invalid_setting("calls_url", settings.calls_url, reason)
    if not (settings.calls_webhook_url or settings.calls_webhook_secret):
        return
    from hindi_stt.jobs.webhooks import check_webhook  # with aiohttp, which only jobs need

    if not settings.jobs_dir:
        reason = f"webhooks of calls are sent by job workers: set {variable('jobs_dir')}."
        raise invalid_setting("calls_webhook_url", settings.calls_webhook_url, reason)
    try:
        check_webhook(settings.calls_webhook_url, settings.calls_webhook_secret)
    except InvalidRequest as error:
        name = f"calls_{error.param}"
        raise invalid_setting(
            name, "…" if name.endswith("secret") else settings.calls_webhook_url, error.message
        ) from error


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return is_host_name(text.lower())
    return True


def _check_port(name: str, host: str, port: int) -> None:
    from hindi_stt.protocols.ports import listening  # and with it what only protocols need

    try:
        listening(host, port).close()
    except OSError as error:
        reason = f"{host}:{port} cannot be listened on: {error.strerror}; see {variable('protocol_host')}, too."
        raise invalid_setting(name, port, reason) from error
