"""Short-lived tokens, which stand for an API key where a page would otherwise have to hold it: signed, stored nowhere.

A token is `ek_<id of the key>_<expiry>_<HMAC-SHA-256>`. All processes of a server sign with the same secret: the one of
the settings, which several replicas need to share, or one that the first of them puts into the folder that they share.
"""

from __future__ import annotations

import contextlib
import functools
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hindi_stt.errors import InvalidKey

__all__ = ["TOKEN_PREFIX", "Token", "Tokens"]

TOKEN_PREFIX: Final = "ek_"  # noqa: S105  # what tokens begin with
_SECRET_BYTES: Final = 32
_FILE: Final = "token-secret"


@dataclass(frozen=True, slots=True)
class Token:
    """value: what its bearer sends; expires_at: Unix time in seconds."""

    value: str
    expires_at: int


class Tokens:
    """Makes and checks tokens. secret: empty for one that this server's processes share, and that ends with them."""

    def __init__(self, secret: str) -> None:
        self._configured = secret

    def make(self, key_id: str, seconds: int) -> Token:
        """A token for the holder of a key, valid for so long."""
        expires_at = int(time.time()) + seconds
        claim = f"{TOKEN_PREFIX}{key_id}_{expires_at}"
        return Token(f"{claim}_{self._sign(claim)}", expires_at)

    def key_id(self, token: str) -> str:
        """Id of the key that it was made with. Raises InvalidKey."""
        claim, _, signature = token.rpartition("_")
        if not hmac.compare_digest(signature.encode(), self._sign(claim).encode()):
            raise InvalidKey("The token was not made by this server.")
        key_id, _, expires_at = claim.removeprefix(TOKEN_PREFIX).partition("_")
        if time.time() >= int(expires_at):
            raise InvalidKey("The token has expired: make another one.")
        return key_id

    def _sign(self, claim: str) -> str:
        return hmac.digest(self._secret, claim.encode(), "sha256").hex()

    @functools.cached_property
    def _secret(self) -> bytes:
        if self._configured:
            return self._configured.encode()
        # The folder that BentoML makes for all processes of one server, readable for its user alone.
        file = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], _FILE)
        mine = file.with_name(f"{_FILE}-{os.getpid()}")
        with os.fdopen(os.open(mine, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as new:
            new.write(secrets.token_bytes(_SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was the first
            os.link(mine, file)
        mine.unlink()
        return file.read_bytes()
