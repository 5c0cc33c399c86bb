"""What a job may make the server reach: an allow-list of references, and public addresses alone.

A name is resolved once, every address it has is judged, and the connection goes to one of those: a name that changes
its mind in between (DNS rebinding) gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from hindi_stt.errors import (
    BodyTooLarge,
    InvalidSetting,
    PrivateAddress,
    ReferenceMissing,
    ReferenceNotAllowed,
    ReferenceUnreachable,
)
from hindi_stt.settings import Settings

__all__ = ["Network", "References"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_BLOCK_BYTES: Final = 2**18
_CONNECT_S: Final = 10.0
_PORTS: Final = {"http": 80, "https": 443}
# Gateways that lead from these IPv6 addresses to any IPv4 address.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_Origin = tuple[str, str, int]


class Network:
    """Connections to public addresses, and to the private networks that are opened. Raises InvalidSetting."""

    def __init__(self, private_networks: str) -> None:
        try:
            named = [name.strip() for name in private_networks.split(",") if name.strip()]
            self._opened = [ipaddress.ip_network(name) for name in named]
        except ValueError as error:
            raise InvalidSetting(f"HINDI_STT_JOBS_PRIVATE_NETWORKS: {error}.") from error

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
        host = urlsplit(url).hostname or ""
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(host)
            self.check(host, host)


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


class References:
    """The allow-list of HINDI_STT_JOBS_REFERENCES. Raises InvalidSetting."""

    def __init__(self, settings: Settings, network: Network) -> None:
        self._network = network
        self._max_bytes = settings.jobs_max_upload_bytes
        self._timeout_s = settings.upload_timeout_s + self._max_bytes / settings.min_upload_rate
        self._folders: list[Path] = []
        self._origins: set[_Origin] = set()
        for entry in filter(None, (part.strip() for part in settings.jobs_references.split(","))):
            url = urlsplit(entry)
            if url.scheme == "file" and not url.netloc and url.path.startswith("/"):
                self._folders.append(Path(unquote(url.path)).resolve())
            elif (origin := _origin(entry)) and url.path in {"", "/"}:
                self._origins.add(origin)
            else:
                raise InvalidSetting(f"HINDI_STT_JOBS_REFERENCES: {entry!r} is no file:///FOLDER or https://HOST.")

    def check(self, reference: str) -> None:
        """Whether it is on the list, without looking anything up. Raises ReferenceNotAllowed."""
        if reference.startswith("file://"):
            self._path(reference)
        elif _origin(reference) not in self._origins:
            raise ReferenceNotAllowed("The reference is neither in a folder nor at a host that is allowed.")

    @contextlib.contextmanager
    def open(self, reference: str) -> Iterator[Path]:
        """The file, on this machine's disk; what was fetched is gone afterwards.

        Raises ReferenceNotAllowed, ReferenceMissing, ReferenceUnreachable, PrivateAddress, BodyTooLarge.
        """
        self.check(reference)
        if reference.startswith("file://"):
            path = self._path(reference)
            if not (path.is_file() and os.access(path, os.R_OK)):
                raise ReferenceMissing("There is no such file, or it may not be read.")
            yield path
            return
        with tempfile.NamedTemporaryFile() as copy:
            asyncio.run(self._fetch(reference, copy))
            copy.flush()
            yield Path(copy.name)

    def _path(self, reference: str) -> Path:
        """Where it really leads, links and .. resolved."""
        url = urlsplit(reference)
        text = unquote(url.path)
        try:
            if url.netloc or "\0" in text or not text.startswith("/"):
                raise ValueError
            path = Path(text).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ReferenceNotAllowed("The reference is no path: file:///FOLDER/FILE.") from error
        if not any(path.is_relative_to(folder) for folder in self._folders):
            raise ReferenceNotAllowed("The reference leads out of the folders that are allowed.")
        return path

    async def _fetch(self, url: str, target: IO[bytes]) -> None:
        self._network.check_literal(url)
        received = 0
        try:
            async with (
                self._network.session(self._timeout_s) as session,
                session.get(url, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise ReferenceUnreachable(f"The host answers with status {answer.status}.")
                async for block in answer.content.iter_chunked(_BLOCK_BYTES):
                    received += len(block)
                    if received > self._max_bytes:
                        raise BodyTooLarge(f"The file has more than {self._max_bytes} bytes.")
                    target.write(block)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise ReferenceUnreachable(f"The host does not answer as it should ({type(error).__name__}).") from error


def _origin(url: str) -> _Origin | None:
    """Scheme, host and port; None for what is no such URL, or has a user's name in it."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if not port or not parts.hostname or "@" in parts.netloc or any(c.isspace() or c < " " for c in url):
        return None
    return parts.scheme, parts.hostname, port
