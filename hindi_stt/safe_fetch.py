"""Requests to URLs that clients name: to public addresses only, unless private networks are opened.

The check is on the address of the connection, when its socket is created. So it does not matter how the URL spells
the host, how the HTTP client normalises it, what a name resolves to and when (DNS rebinding), or whether a redirect led
there. Redirects are not followed by `fetch` nor by webhooks.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from typing import IO, Final

import aiohttp
from aiohttp import AddrInfoType

from hindi_stt.errors import BodyTooLarge, PrivateAddress, ReferenceUnreachable

__all__ = ["Network"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_BLOCK_BYTES: Final = 2**18
_CONNECT_S: Final = 10.0
# Gateways that lead from these IPv6 addresses to any IPv4 address.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class _AddressRefused(OSError):
    """A PrivateAddress as an OSError: aiohappyeyeballs, which aiohttp connects with, loses any other exception."""

    def __init__(self, reason: PrivateAddress) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Network:
    """Connections to public addresses, and to listed private networks.

    Args:
        private_networks: Networks such as 10.1.0.0/16, separated by commas.

    Raises:
        ValueError: One of them is not a network.
    """

    def __init__(self, private_networks: str = "") -> None:
        named = [name.strip() for name in private_networks.split(",") if name.strip()]
        self._opened = [ipaddress.ip_network(name) for name in named]

    def check(self, address: str) -> None:
        """Check that connections to an address are allowed.

        Args:
            address: An IPv4 or IPv6 address, with or without a zone.

        Raises:
            PrivateAddress: It is neither public nor in a network that is opened, or it is no numeric address, so that
                the operating system would interpret it in its own way.
        """
        try:
            ip: _Address = ipaddress.ip_address(address.partition("%")[0])
        except ValueError as error:
            raise PrivateAddress("The host has no numeric address.") from error
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        tunnel = isinstance(ip, ipaddress.IPv6Address) and (ip.sixtofour or ip.teredo or ip in _NAT64)
        public = ip.is_global and not ip.is_multicast and not tunnel
        if not public and not any(ip in network for network in self._opened):
            raise PrivateAddress("The host has an address that is not public.")

    @contextlib.asynccontextmanager
    async def session(self, timeout_s: float) -> AsyncIterator[aiohttp.ClientSession]:
        """Open an HTTP client whose every connection passes `check`.

        Args:
            timeout_s: Longest time for a request in seconds.

        Yields:
            The client; its requests raise PrivateAddress.

        Raises:
            PrivateAddress: The host has an address that is not allowed.
            aiohttp.ClientConnectorError: The host cannot be reached.
        """
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=_CONNECT_S)
        connector = aiohttp.TCPConnector(
            resolver=aiohttp.ThreadedResolver(), socket_factory=self._make_socket, force_close=True
        )
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
            try:
                yield session
            except aiohttp.ClientConnectorError as error:
                if isinstance(error.os_error, _AddressRefused):
                    raise error.os_error.reason from error
                raise

    def _make_socket(self, address: AddrInfoType) -> socket.socket:
        """A socket for one address; aiohttp calls this for each that it is about to connect to."""
        family, kind, protocol, _, target = address
        try:
            self.check(str(target[0]))
        except PrivateAddress as error:
            raise _AddressRefused(error) from error
        return socket.socket(family, kind, protocol)

    async def fetch(self, url: str, copy: IO[bytes], max_bytes: int, timeout_s: float) -> None:
        """Copy the content of a URL; redirects are not followed.

        Args:
            url: Http:// or https://.
            copy: Where the content is written.
            max_bytes: Largest size of the content.
            timeout_s: Longest time in seconds.

        Raises:
            PrivateAddress: The host has an address that is not allowed.
            ReferenceUnreachable: The host does not answer, or answers with another status than 200.
            BodyTooLarge: The content is larger than the bound.
        """
        received = 0
        try:
            async with self.session(timeout_s) as session, session.get(url, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise ReferenceUnreachable(f"The host answers with status {answer.status}.")
                async for block in answer.content.iter_chunked(_BLOCK_BYTES):
                    received += len(block)
                    if received > max_bytes:
                        raise BodyTooLarge(f"The file has more than {max_bytes} bytes.")
                    copy.write(block)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise ReferenceUnreachable(f"The host's answer cannot be read ({type(error).__name__}).") from error
