"""Fetching what others name: from public addresses alone, unless private networks are opened.

A name is resolved once, every address it has is judged, and the connection goes to one of those: a name that changes
its mind in between (DNS rebinding) gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from typing import IO, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from hindi_stt.errors import BodyTooLarge, PrivateAddress, ReferenceUnreachable

__all__ = ["Network"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_BLOCK_BYTES: Final = 2**18
_CONNECT_S: Final = 10.0
# Gateways that lead from these IPv6 addresses to any IPv4 address.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Network:
    """Connections to public addresses, and to the private networks that are opened: 10.1.0.0/16,….

    Raises ValueError for what is no network.
    """

    def __init__(self, private_networks: str = "") -> None:
        named = [name.strip() for name in private_networks.split(",") if name.strip()]
        self._opened = [ipaddress.ip_network(name) for name in named]

    def check(self, host: str, address: str) -> None:
        """Raises PrivateAddress."""
        ip: _Address = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        tunnel = isinstance(ip, ipaddress.IPv6Address) and (ip.sixtofour or ip.teredo or ip in _NAT64)
        public = ip.is_global and not ip.is_multicast and not tunnel
        if not public and not any(ip in network for network in self._opened):
            raise PrivateAddress(f"{host} has an address that is not public.")

    @contextlib.asynccontextmanager
    async def session(self, timeout_s: float) -> AsyncIterator[aiohttp.ClientSession]:
        """A client that `check` watches over; its requests raise PrivateAddress."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=_CONNECT_S)
        connector = aiohttp.TCPConnector(resolver=_Watched(self), force_close=True)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
            yield session

    def check_literal(self, url: str) -> None:
        """An address in the URL itself is never resolved, so it is judged here. Raises PrivateAddress."""
        with contextlib.suppress(ValueError):
            host = urlsplit(url).hostname or ""
            ipaddress.ip_address(host)
            self.check(host, host)

    async def fetch(self, url: str, copy: IO[bytes], max_bytes: int, timeout_s: float) -> None:
        """Write what the host has at this URL; redirects are not followed.

        Raises PrivateAddress, ReferenceUnreachable, BodyTooLarge.
        """
        self.check_literal(url)
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
            raise ReferenceUnreachable(f"The host does not answer as it should ({type(error).__name__}).") from error


class _Watched(AbstractResolver):
    def __init__(self, network: Network) -> None:
        self._network = network
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            self._network.check(host, one["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()
