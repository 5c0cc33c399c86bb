"""Short-lived tokens, which stand for an API key where a page would otherwise have to hold it: signed, stored nowhere.

A token is `ek_<id of the key>_<expiry>_<HMAC-SHA-256>`, with the session that it was made for, deflated and in base64,
before the last part where there is one. All processes of a server sign with the same secret: the one of
the settings, which several replicas need to share, or one that the first of them puts into the folder that they share.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hmac
import json
import os
import secrets
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hindi_stt.bentoml_compat.runtime_dir import runtime_dir
from hindi_stt.errors import InvalidKey, InvalidRequest

__all__ = ["TOKEN_PREFIX", "Token", "Tokens"]

TOKEN_PREFIX: Final = "ek_"  # noqa: S105  # what tokens begin with
_SECRET_BYTES: Final = 32
_FILE: Final = "token-secret"
# A token travels in a header, whose length servers and proxies bound at 8 KiB or so.
_MAX_SESSION_LETTERS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Token:
    """A token.

    Attributes:
        value: The token itself.
        expires_at: Unix time in seconds.
    """

    value: str
    expires_at: int


class Tokens:
    """Makes and checks short-lived tokens.

    Args:
        secret: Key of the signature; empty for a random one that this server's processes share until they end.
    """

    def __init__(self, secret: str) -> None:
        self._configured = secret

    def make(self, key_id: str, seconds: int, session: Mapping[str, Any] | None = None) -> Token:
        """Make a token for the holder of a key.

        Args:
            key_id: Id of the key; empty where the server has none.
            seconds: How long it is valid.
            session: JSON that the token carries.

        Returns:
            The token and when it expires.

        Raises:
            InvalidRequest: The session is too large to be carried.
        """
        expires_at = int(time.time()) + seconds
        claim = f"{TOKEN_PREFIX}{key_id}_{expires_at}"
        if session:
            packed = zlib.compress(json.dumps(session, ensure_ascii=False).encode(), 9)
            text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
            if len(text) > _MAX_SESSION_LETTERS:
                raise InvalidRequest(
                    "session is too long for a token; send the rest of it in session.update.", param="session"
                )
            claim = f"{claim}_{text}"
        return Token(f"{claim}_{self._sign(claim)}", expires_at)

    def key_id(self, token: str) -> str:
        """Check a token.

        Returns:
            Id of the key that it was made with.

        Raises:
            InvalidKey: It was not made by this server, or has expired.
        """
        return self._read(token)[0]

    def session(self, token: str) -> dict[str, Any] | None:
        """Read the session that a token carries.

        Returns:
            The session, None where it carries none.

        Raises:
            InvalidKey: The token was not made by this server, or has expired.
        """
        text = self._read(token)[1]
        if not text:
            return None
        # It is our own: its signature has been checked.
        found: dict[str, Any] = json.loads(zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        return found

    def _read(self, token: str) -> tuple[str, str]:
        """Id of the key, and the session as it is carried."""
        claim, _, signature = token.rpartition("_")
        if not hmac.compare_digest(signature.encode(), self._sign(claim).encode()):
            raise InvalidKey("The token was not made by this server.")
        key_id, _, rest = claim.removeprefix(TOKEN_PREFIX).partition("_")
        expires_at, _, session = rest.partition("_")
        if time.time() >= int(expires_at):
            raise InvalidKey("The token has expired: make another one.")
        return key_id, session

    def _sign(self, claim: str) -> str:
        return hmac.digest(self._secret, claim.encode(), "sha256").hex()

    @functools.cached_property
    def _secret(self) -> bytes:
        if self._configured:
            return self._configured.encode()
        file = runtime_dir() / _FILE  # readable for the server's user alone
        mine = file.with_name(f"{_FILE}-{os.getpid()}")
        with os.fdopen(os.open(mine, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as new:
            new.write(secrets.token_bytes(_SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was the first
            os.link(mine, file)
        mine.unlink()
        return file.read_bytes()
