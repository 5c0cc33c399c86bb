"""Networks whose connections need no key."""

from __future__ import annotations

import ipaddress
from typing import Final

from hindi_stt.settings import invalid_setting, split_list

__all__ = ["parse_networks"]

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_SETTING: Final = "protocol_networks"


def parse_networks(text: str) -> tuple[tuple[_Network, str], ...]:
    """Parse HINDI_STT_PROTOCOL_NETWORKS.

    Args:
        text: The setting: NETWORK or NETWORK=NAME, with commas between.

    Returns:
        Each network, and the name of the key that counts for it; empty for none.

    Raises:
        InvalidSetting: An entry has no usable form.
    """  # noqa: DOC501  # invalid_setting is a function
    found = []
    for entry in split_list(text):
        network, _, name = (part.strip() for part in entry.partition("="))
        try:
            found.append((ipaddress.ip_network(network), name))
        except ValueError as error:
            reason = f"{entry!r} is not a network: write 10.1.0.0/16 or 10.1.0.0/16=NAME."
            raise invalid_setting(_SETTING, text, reason) from error
    return tuple(found)
