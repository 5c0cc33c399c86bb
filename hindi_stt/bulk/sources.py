"""Where a recording lies → its bytes on this machine: a path, a URL of a public host, an object below the root."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import aiohttp
import fsspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from hindi_stt.errors import BodyTooLarge, PrivateAddress, ReferenceMissing, ReferenceNotAllowed, ReferenceUnreachable

__all__ = ["Sources"]

_BLOCK_BYTES: Final = 2**18
_CONNECT_S: Final = 5.0
_READ_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Sources:
    """What a manifest may name.

    base: folder that relative paths start from; root: folder, or URL as fsspec takes it, that all items have to lie
    below ("": anywhere; then, of URLs, those of public web hosts); max_bytes: of one recording that is fetched.
    """

    base: Path
    root: str
    max_bytes: int

    @contextlib.contextmanager
    def open(self, source: str) -> Iterator[BinaryIO]:
        """The recording as a seekable stream.

        Raises ReferenceNotAllowed, ReferenceMissing, ReferenceUnreachable, PrivateAddress, BodyTooLarge.
        """
        scheme = source.partition("://")[0].lower() if "://" in source else ""
        remote_root = "://" in self.root
        if not scheme and not remote_root:
            with self._file(source) as file:
                yield file
        elif scheme in {"http", "https"} and not self.root:
            with tempfile.TemporaryFile() as copy:
                asyncio.run(_fetch(source, copy, self.max_bytes))
                yield copy
        elif remote_root:
            with tempfile.TemporaryFile() as copy:
                self._object(source if scheme else f"{self.root.rstrip('/')}/{source}", copy)
                yield copy
        else:
            raise ReferenceNotAllowed("The item is no path below the root, and no http:// or https:// URL.")

    @contextlib.contextmanager
    def _file(self, source: str) -> Iterator[BinaryIO]:
        try:
            path = (self.base / source).resolve()
            if self.root and not path.is_relative_to(Path(self.root).resolve()):
                raise ReferenceNotAllowed("The path leads out of the root.")
            if not path.is_file():  # a pipe or a device would be waited for
                raise ReferenceMissing("There is no such file.")
            file = path.open("rb")
        except (OSError, ValueError, RuntimeError) as error:
            raise ReferenceMissing(f"The file cannot be opened ({type(error).__name__}).") from error
        with file:
            yield file

    def _object(self, url: str, copy: BinaryIO) -> None:
        if ".." in url.split("/") or not url.startswith(self.root.rstrip("/") + "/"):
            raise ReferenceNotAllowed("The URL does not lie below the root.")
        try:
            with fsspec.open(url, "rb") as remote:
                _copy(iter(lambda: remote.read(_BLOCK_BYTES), b""), copy, self.max_bytes)
        except FileNotFoundError as error:
            raise ReferenceMissing("There is no such object.") from error
        except (OSError, ValueError, ImportError) as error:
            raise ReferenceUnreachable(f"The store does not give the object ({type(error).__name__}).") from error


def _copy(blocks: Iterator[bytes], copy: BinaryIO, max_bytes: int) -> None:
    for block in blocks:
        copy.write(block)
        if copy.tell() > max_bytes:
            raise BodyTooLarge(f"The recording has more than {max_bytes} bytes.")
    copy.seek(0)


class _PublicOnly(AbstractResolver):
    """Judges the very addresses that are connected to, so that a name cannot change its mind in between."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            _check_public(one["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _check_public(address: str) -> None:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
    if not ip.is_global or ip.is_multicast:
        raise PrivateAddress("The host has an address that is not public.")


async def _fetch(url: str, copy: BinaryIO, max_bytes: int) -> None:
    timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_S, sock_read=_READ_S)
    try:
        host = urlsplit(url).hostname or ""
        with contextlib.suppress(ValueError):  # a name: judged when it is resolved
            ipaddress.ip_address(host)
            _check_public(host)
        connector = aiohttp.TCPConnector(resolver=_PublicOnly(), force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise ReferenceUnreachable(f"The host answers with status {answer.status}.")
            async for block in answer.content.iter_chunked(_BLOCK_BYTES):
                copy.write(block)
                if copy.tell() > max_bytes:
                    raise BodyTooLarge(f"The recording has more than {max_bytes} bytes.")
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
        raise ReferenceUnreachable(f"The host does not answer as it should ({type(error).__name__}).") from error
    copy.seek(0)
