"""Settings of protocols that are wrong only together with others."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest

from hindi_stt.access.keys import edit, make_key
from hindi_stt.errors import InvalidSetting
from hindi_stt.protocols.checks import check_protocols
from hindi_stt.settings import Settings
from tests.support.ports import free_ports

MODULES_UNDER_TEST = ("hindi_stt/protocols/checks.py", "hindi_stt/protocols/networks.py")


def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = Settings(protocols="vosk", vosk_port=other.getsockname()[1])
        with pytest.raises(InvalidSetting, match=r"HINDI_STT_VOSK_PORT.*cannot be listened on"):
            check_protocols(settings)


def test_protocols_that_are_reached_by_a_port_only() -> None:
    (port,) = free_ports(1)
    for protocol in ("wyoming", "audiosocket"):
        name = f"HINDI_STT_{protocol.upper()}_PORT"
        with pytest.raises(InvalidSetting, match=f"{name}=0: .*needs a port of its own"):
            check_protocols(Settings(protocols=protocol))
        with pytest.raises(InvalidSetting, match=f"{name}=.*add {protocol} to HINDI_STT_PROTOCOLS"):
            check_protocols(Settings(**{f"{protocol}_port": port}))
        check_protocols(Settings(**{"protocols": protocol, f"{protocol}_port": port}))
    with pytest.raises(InvalidSetting, match="must be different ports"):
        check_protocols(Settings(protocols="vosk,wyoming", vosk_port=port, wyoming_port=port))


def test_calls_of_asterisk_need_a_redis_with_several_workers() -> None:
    (port,) = free_ports(1)
    with pytest.raises(InvalidSetting, match="HINDI_STT_CALLS_URL"):
        check_protocols(Settings(protocols="audiosocket", audiosocket_port=port, api_workers=2))


def test_a_speed_that_live_audio_cannot_keep_to() -> None:
    with pytest.raises(InvalidSetting, match="HINDI_STT_PROTOCOL_SPEED"):
        check_protocols(Settings(protocol_speed=0.5))
    for speed in (0, 1, 2.5):
        check_protocols(Settings(protocol_speed=speed))


def test_a_network_stands_for_a_key_that_there_is(tmp_path: Path) -> None:
    key_file = tmp_path / "keys.json"
    entry, _ = make_key("desk")
    with edit(key_file) as keys:
        keys.append(entry)
    given = {"protocols": "vosk", "key_file": str(key_file)}
    check_protocols(Settings(protocol_networks="10.1.0.0/16=desk", **given))
    with pytest.raises(InvalidSetting, match="no valid API key has the name 'front'"):
        check_protocols(Settings(protocol_networks="10.1.0.0/16=front", **given))


def test_several_workers_need_a_redis_for_calls_and_for_nothing_else() -> None:
    with pytest.raises(InvalidSetting, match="HINDI_STT_CALLS_URL"):
        check_protocols(Settings(protocols="twilio", api_workers=2))
    for given in ({"calls_url": "redis://localhost"}, {"limits_url": "redis://localhost"}, {"api_workers": 1}):
        check_protocols(Settings(**{"protocols": "twilio", "api_workers": 2, **given}))
    check_protocols(Settings(protocols="vosk", api_workers=2))


def test_webhooks_of_calls_need_jobs_and_a_secret(tmp_path: Path) -> None:
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    given = {"protocols": "twilio", "calls_webhook_url": "https://crm.example.com/calls"}
    with pytest.raises(InvalidSetting, match="set HINDI_STT_JOBS_DIR"):
        check_protocols(Settings(**given, calls_webhook_secret=secret))
    with pytest.raises(InvalidSetting, match="HINDI_STT_CALLS_WEBHOOK_SECRET") as caught:
        check_protocols(Settings(**given, calls_webhook_secret="whsec_short", jobs_dir=str(tmp_path)))
    assert "whsec_short" not in caught.value.message
    check_protocols(Settings(**given, calls_webhook_secret=secret, jobs_dir=str(tmp_path)))
