"""Whose connection it is: by a key in the handshake or in a message, or by the network where there is no key."""

from __future__ import annotations

import base64
import binascii
import ipaddress

from starlette.requests import HTTPConnection

from hindi_stt.access.limits import Client
from hindi_stt.api.middleware.credentials import misplaced_key
from hindi_stt.api.middleware.protection import Protection
from hindi_stt.errors import MissingKey, NetworkNotAllowed
from hindi_stt.protocols.networks import parse_networks
from hindi_stt.settings import Settings

__all__ = ["ProtocolClients"]


class ProtocolClients:
    """Finds the clients of protocols' connections.

    Args:
        protection: Keys and limits.
        settings: The server's.

    Raises:
        InvalidSetting: The networks have no usable form.
    """

    def __init__(self, protection: Protection, settings: Settings) -> None:
        self._protection = protection
        self._networks = parse_networks(settings.protocol_networks)

    async def of(self, connection: HTTPConnection, key: str, *, key_name: str = "") -> Client:
        """Identify the client of a connection whose handshake carried no key that the API takes, and count it.

        Args:
            connection: The handshake.
            key: The key that came in a message; empty for none.
            key_name: Name of the key that a verified signature stands for; empty for none.

        Returns:
            The client.

        Raises:
            HindiSTTError: It may not connect, or its limit is reached.
        """
        client = self._client(connection, key or _basic_password(connection), key_name)
        await self._protection.limits.count_request(client)
        return client

    async def of_port(self, connection: HTTPConnection) -> Client:
        """Identify the client of a connection to a port of a protocol, where only listed networks may do without a key.

        Args:
            connection: The handshake.

        Returns:
            The client.

        Raises:
            HindiSTTError: It may not connect, or its limit is reached.
        """
        if not self._protection.has_keys:
            self._network_name(connection)
            client = self._protection.client_of(connection)
        else:
            try:
                client = self._protection.client_of(connection)
            except MissingKey:
                client = self._client(connection, "", "")
        await self._protection.limits.count_request(client)
        return client

    def _client(self, connection: HTTPConnection, key: str, key_name: str) -> Client:
        if not self._protection.has_keys:
            return self._protection.client_of(connection)
        if key:
            return self._protection.client_with_key(key)
        if key_name:
            return self._protection.client_named(key_name)
        try:
            name = self._network_name(connection)
        except NetworkNotAllowed:
            if (misplaced := misplaced_key(connection)) is not None:
                raise misplaced from None
            raise
        return self._protection.client_named(name) if name else self._protection.client_of(connection)

    def _network_name(self, connection: HTTPConnection) -> str:
        """The name of the key of the connection's network, empty for a network without one; or NetworkNotAllowed."""
        host = connection.client.host if connection.client else ""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            address = None
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        listed = [(network, name) for network, name in self._networks if address is not None and address in network]
        if not listed:
            raise NetworkNotAllowed(f"The address {host[:64] or '-'} is in none of the listed networks.")
        return max(listed, key=lambda entry: entry[0].prefixlen)[1]


def _basic_password(connection: HTTPConnection) -> str:
    """The password of HTTP's basic authentication, in which telephony platforms send keys; empty without one."""
    scheme, _, value = connection.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
