"""API keys: a file of names, salted hashes and limits, read again when it changes.

A key is `stt_<id>_<secret>`. The id finds the entry; the secret has 256 bits of randomness, so one round of
HMAC-SHA-256 protects it at rest as well as a slow hash would, which is for secrets that people choose.
"""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import logging
import math
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hindi_stt.errors import InvalidKey, KeyFileInvalid, KeyRevoked, KeysUnavailable

__all__ = ["Key", "KeyFile", "KeyFileProblem", "KeyRing", "edit", "make_key", "read_key_file"]

log = logging.getLogger("hindi_stt")

_PREFIX: Final = "stt"
_ID_BYTES: Final = 4
_SALT_BYTES: Final = 16
_SECRET_BYTES: Final = 32
# How often a file that cannot be read is tried again.
_RETRY_S: Final = 1.0


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
    """Edit the keys of a file, one editor at a time.

    The file is replaced in one step and keeps its owner, group and mode, so that a server which runs as another user
    than the editor (root, by sudo) goes on reading it. A new file belongs to the owner of its folder, mode 0600. Of a
    symbolic link, the file that it leads to is replaced.

    Args:
        path: The key file; it may be missing.

    Yields:
        Its keys, to be changed in place.

    Raises:
        KeyFileInvalid: It cannot be read, written, or given to its owner again.
    """
    try:
        path = path.resolve()
        with _locked(path.with_name(path.name + ".lock")):
            before = path.stat() if path.exists() else None
            owner = _owner(before or path.parent.stat())
            keys = list(read_key_file(path).keys) if path.exists() else []
            yield keys
            text = KeyFile(keys=tuple(keys)).model_dump_json(indent=2, exclude_none=True) + "\n"
            _replace(path, text, owner, mode=stat.S_IMODE(before.st_mode) if before else None)
    except OSError as error:
        raise KeyFileInvalid(f"{path} cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file, which belongs to the owner of its folder; any user who can read it can take the lock."""
    lock = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        _give(lock, _owner(path.parent.stat()), strict=False)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _owner(status: os.stat_result) -> tuple[int, int]:
    return status.st_uid, status.st_gid


def _replace(path: Path, text: str, owner: tuple[int, int], mode: int | None) -> None:
    """Write a file anew, for its owner, in one step; mode: None for a new file."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as new:
        try:
            new.write(text)
            new.flush()
            _give(new.fileno(), owner, strict=mode is not None)
            if mode is not None:
                os.fchmod(new.fileno(), mode)
            os.fsync(new.fileno())
            Path(new.name).replace(path)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise


def _give(descriptor: int, owner: tuple[int, int], *, strict: bool) -> None:
    """Give an open file to a user and a group. strict: raise OSError where that is not allowed."""
    if _owner(os.fstat(descriptor)) == owner:
        return
    try:
        os.fchown(descriptor, *owner)
    except PermissionError:
        if strict:
            raise


class KeyRing:
    """The keys of a file, as the file is now.

    Where the file cannot be read any more, nobody knows which keys are still valid: the keys last read are valid for
    `grace_s` seconds longer, and after that no key is, until the file can be read again.

    Args:
        path: The key file.
        grace_s: For so long after a failed read the keys of before are good.

    Raises:
        KeyFileInvalid: It cannot be read at the start.
    """

    def __init__(self, path: Path, grace_s: float = math.inf) -> None:
        self._path = path
        self._grace_s = grace_s
        self._failed_s: float | None = None  # when the file could not be read for the first time since it could
        self._tried_s = 0.0
        self._keys = _by_id(read_key_file(path))
        self._seen = _fingerprint(path)
        # Compared with where the id is unknown, so that the time tells nothing about ids.
        self._nobody, _ = make_key("nobody")

    def find(self, token: str) -> Key:
        """The entry of a key. Raises InvalidKey, KeyRevoked, KeysUnavailable."""
        self._reload()
        self._check_grace()
        prefix, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        found = self._keys.get(key_id)
        entry = found or self._nobody
        same = hmac.compare_digest(_hash(bytes.fromhex(entry.salt), secret), bytes.fromhex(entry.hmac_sha256))
        if found is None or not same or prefix != _PREFIX:
            raise InvalidKey("The API key is not one of this server's.")
        return _unless_revoked(found)

    def entry(self, key_id: str) -> Key:
        """The entry with this id. Raises InvalidKey, KeyRevoked, KeysUnavailable."""
        self._reload()
        self._check_grace()
        if (found := self._keys.get(key_id)) is None:
            raise InvalidKey("The API key is not one of this server's any more.")
        return _unless_revoked(found)

    def problem(self) -> KeyFileProblem | None:
        """Whether the file cannot be read now, and what that means."""
        self._reload()
        if self._failed_s is None:
            return None
        age_s = time.monotonic() - self._failed_s
        return KeyFileProblem(age_s, max(0.0, self._grace_s - age_s))

    def _check_grace(self) -> None:
        if self._failed_s is not None and time.monotonic() - self._failed_s > self._grace_s:
            raise KeysUnavailable("The key file cannot be read, so that no key can be checked.", retry_after_s=_RETRY_S)

    def _reload(self) -> None:
        seen, now_s = _fingerprint(self._path), time.monotonic()
        # What makes a file unreadable need not change it, the permissions of a folder for instance: try again.
        due = self._failed_s is not None and now_s - self._tried_s > _RETRY_S
        if seen == self._seen and not due:
            return
        changed = seen != self._seen
        self._seen, self._tried_s = seen, now_s
        try:
            self._keys = _by_id(read_key_file(self._path))
        except KeyFileInvalid as error:
            if self._failed_s is None:
                self._failed_s = now_s
            if changed:
                text = "the keys stay as they were for %g s more: %s"
                log.error(text, max(0.0, self._failed_s + self._grace_s - now_s), error.message)  # noqa: TRY400
        else:
            self._failed_s = None
            log.info("the key file has changed: %d keys", len(self._keys))


@dataclass(frozen=True, slots=True)
class KeyFileProblem:
    """A key file that cannot be read: for how long already, and for how long the keys of before are good; seconds."""

    age_s: float
    grace_s: float


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    """What differs between two contents of a file."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int  # of its owner and mode, too


def _fingerprint(path: Path) -> _Fingerprint | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # at every request: half the time of Path.stat
    except OSError:
        return None
    return _Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


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
