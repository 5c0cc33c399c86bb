"""API keys: a file of names, salted hashes and limits, read again when it changes.

A key is `stt_<id>_<secret>`. The id finds the entry; the secret has 256 bits of randomness, so one round of
HMAC-SHA-256 protects it at rest as well as a slow hash would, which is for secrets that people choose.
"""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hindi_stt.errors import InvalidKey, KeyFileInvalid, KeyRevoked

__all__ = ["Key", "KeyFile", "KeyRing", "edit", "make_key", "read_key_file"]

log = logging.getLogger("hindi_stt")

_PREFIX: Final = "stt"
_ID_BYTES: Final = 4
_SALT_BYTES: Final = 16
_SECRET_BYTES: Final = 32


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Key(_Frozen):
    """One key as the file holds it: no part of its secret.

    name: whose it is; several keys may share one, so that a new one can take over from an old one. Limits: None for the
    server's own, 0 for none.
    """

    id: str = Field(pattern="^[0-9a-f]{8}$")
    name: str = Field(pattern=r"^[\w.@-]{1,64}$")
    salt: str = Field(pattern="^[0-9a-f]{32}$")
    hmac_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    created: datetime
    revoked: datetime | None = None
    requests_per_minute: int | None = Field(None, ge=0)
    audio_s_per_hour: float | None = Field(None, ge=0)


class KeyFile(_Frozen):
    """The content of the key file."""

    keys: tuple[Key, ...] = ()


def make_key(
    name: str, *, requests_per_minute: int | None = None, audio_s_per_hour: float | None = None
) -> tuple[Key, str]:
    """A new entry for the file, and the key itself, which is nowhere else. Raises KeyFileInvalid for a bad name."""
    key_id, salt, secret = (
        secrets.token_hex(_ID_BYTES),
        secrets.token_bytes(_SALT_BYTES),
        secrets.token_urlsafe(_SECRET_BYTES),
    )
    try:
        entry = Key(
            id=key_id,
            name=name,
            salt=salt.hex(),
            hmac_sha256=_hash(salt, secret).hex(),
            created=datetime.now(UTC).replace(microsecond=0),
            requests_per_minute=requests_per_minute,
            audio_s_per_hour=audio_s_per_hour,
        )
    except ValidationError as error:
        raise KeyFileInvalid(f"The key cannot be made: {_first(error)}.") from error
    return entry, f"{_PREFIX}_{key_id}_{secret}"


def read_key_file(path: Path) -> KeyFile:
    """Raises KeyFileInvalid."""
    try:
        return KeyFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise KeyFileInvalid(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise KeyFileInvalid(f"{path}: {_first(error)}.") from error


@contextlib.contextmanager
def edit(path: Path) -> Iterator[list[Key]]:
    """The file's keys as a list, written back at the end in one step; one editor at a time. Raises KeyFileInvalid."""
    try:
        with path.with_name(path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = list(read_key_file(path).keys) if path.exists() else []
            yield keys
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as new:
                new.write(KeyFile(keys=tuple(keys)).model_dump_json(indent=2, exclude_none=True) + "\n")
            Path(new.name).replace(path)
    except OSError as error:
        raise KeyFileInvalid(f"{path} cannot be written: {error.strerror}.") from error


class KeyRing:
    """The keys of a file, as the file is now. Raises KeyFileInvalid where it cannot be read at the start; later a file
    that cannot be read leaves the keys as they were, and says so in the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = _by_id(read_key_file(path))
        self._seen = _fingerprint(path)
        # Compared with where the id is unknown, so that the time tells nothing about ids.
        self._nobody, _ = make_key("nobody")

    def find(self, token: str) -> Key:
        """The entry of a key. Raises InvalidKey, KeyRevoked."""
        self._reload()
        prefix, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        found = self._keys.get(key_id)
        entry = found or self._nobody
        same = hmac.compare_digest(_hash(bytes.fromhex(entry.salt), secret), bytes.fromhex(entry.hmac_sha256))
        if found is None or not same or prefix != _PREFIX:
            raise InvalidKey("The API key is not one of this server's.")
        return _unless_revoked(found)

    def entry(self, key_id: str) -> Key:
        """The entry with this id. Raises InvalidKey, KeyRevoked."""
        self._reload()
        if (found := self._keys.get(key_id)) is None:
            raise InvalidKey("The API key is not one of this server's any more.")
        return _unless_revoked(found)

    def _reload(self) -> None:
        seen = _fingerprint(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._keys = _by_id(read_key_file(self._path))
        except KeyFileInvalid as error:
            log.error("the keys stay as they were: %s", error.message)  # noqa: TRY400  # the message says it all
        else:
            log.info("the key file has changed: %d keys", len(self._keys))


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    """What differs between two contents of a file."""

    inode: int
    size: int
    modified_ns: int


def _fingerprint(path: Path) -> _Fingerprint | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # at every request: half the time of Path.stat
    except OSError:
        return None
    return _Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns)


def _unless_revoked(key: Key) -> Key:
    if key.revoked is not None:
        raise KeyRevoked(f"The API key {key.id} of {key.name} was revoked on {key.revoked:%Y-%m-%d}.")
    return key


def _by_id(file: KeyFile) -> dict[str, Key]:
    return {key.id: key for key in file.keys}


def _hash(salt: bytes, secret: str) -> bytes:
    return hmac.digest(salt, secret.encode(), "sha256")


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
