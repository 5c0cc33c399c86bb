"""HTTP requests to hubs and their storage: redirects are followed one by one, and only to encrypted addresses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx

from hindi_stt.errors import InvalidSetting, SourceUnavailable

__all__ = ["BRING_IT", "hub_token", "open_answer", "open_client"]

# The variable that Hugging Face's own tools read.
_TOKEN_VARIABLE: Final = "HF_TOKEN"  # noqa: S105  (its name)
_TIMEOUT: Final = httpx.Timeout(60.0, connect=15.0)
_MAX_REDIRECTS: Final = 10
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SHA256: Final = re.compile(r'(?:W/)?"?([0-9a-f]{64})"?')
# Hugging Face's hub answers with a redirect to its storage, and tells the checksum of the file in this header.
_HUB_CHECKSUM: Final = "x-linked-etag"
BRING_IT: Final = "Without a network: fetch the files on another machine, copy them here, and name their folder."


def hub_token() -> str:
    """The token that is sent to the hub; empty for none.

    Returns:
        The value of HF_TOKEN without the spaces and line ends around it, which files of secrets often have.

    Raises:
        InvalidSetting: It has characters that no token has. The message does not repeat it.
    """
    token = os.environ.get(_TOKEN_VARIABLE, "").strip()
    if not all("!" <= letter <= "~" for letter in token):
        raise InvalidSetting(f"{_TOKEN_VARIABLE} has a space or another character that no token of the hub has.")
    return token


def open_client() -> httpx.Client:
    """Make an HTTP client that follows no redirect by itself and asks for bytes as they are stored.

    Returns:
        The client, which the caller closes.

    Raises:
        SourceUnavailable: A proxy that the environment names cannot be used.
    """
    try:
        return httpx.Client(timeout=_TIMEOUT, headers={"Accept-Encoding": "identity"}, follow_redirects=False)
    except (ValueError, ImportError, httpx.InvalidURL) as error:  # ImportError: SOCKS needs a package of its own
        raise SourceUnavailable(f"The proxy that HTTPS_PROXY or ALL_PROXY names cannot be used: {error}") from error


@contextmanager
def open_answer(client: httpx.Client, address: str, headers: Mapping[str, str]) -> Iterator[tuple[httpx.Response, str]]:
    """Ask for an address, and follow redirects.

    Args:
        client: As `open_client` makes it.
        address: Https, or http on this machine.
        headers: Header fields of the request; a token in them is not sent to another host.

    Yields:
        The answer at the end of the redirects, whose content has not been read, and the SHA-256 that the hub told on
        the way, or "".

    Raises:
        SourceUnavailable: The host or the proxy cannot be reached, a redirect leads to an unencrypted address, or
            there are too many.
        httpx.TransportError: The connection broke.
    """
    request = client.build_request("GET", _checked(address, address), headers=headers)
    checksum = ""
    for _ in range(_MAX_REDIRECTS):
        try:
            answer = client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ProxyError) as error:
            raise SourceUnavailable(f"{request.url.host} cannot be reached: {error}. {BRING_IT}") from error
        try:
            told = _SHA256.fullmatch(answer.headers.get(_HUB_CHECKSUM, ""))
            checksum = checksum or (told[1] if told else "")
            if answer.next_request is None:
                yield answer, checksum
                return
            # httpx leaves the token out of a request to another origin.
            request = answer.next_request
            _checked(str(request.url), address)
        finally:
            answer.close()
    raise SourceUnavailable(f"{address} redirects more than {_MAX_REDIRECTS} times.")


def _checked(address: str, origin: str) -> str:
    """The address. Raises SourceUnavailable for one that is neither encrypted nor on this machine."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise SourceUnavailable(f"{origin} is not an address that can be used: {error}.") from error
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        led = "" if address == origin else f" leads to {url.scheme}://{url.host}, which"
        raise SourceUnavailable(f"{origin}{led} is not encrypted: only https is downloaded from.")
    return address
