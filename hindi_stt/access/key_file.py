"""The file of API keys: names, salted hashes and limits.

A key is `stt_<id>_<secret>`. The id finds the entry; the secret has 256 bits of randomness, so one round of
HMAC-SHA-256 protects it at rest as well as a slow hash would, which is for secrets that people choose.
"""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hindi_stt.errors import KeyFileInvalid

__all__ = ["KEY_PREFIX", "Key", "KeyFile", "edit", "hash_of", "make_key", "read_key_file"]

KEY_PREFIX: Final = "stt"
_ID_BYTES: Final = 4
_SALT_BYTES: Final = 16
_SECRET_BYTES: Final = 32


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Key(_Frozen):
    """One key as the file holds it: no part of its secret.

    Attributes:
        id: Eight hexadecimal digits, which find the entry of a key.
        name: Name of the client; several keys may share one, so that a new key can replace an old one.
        salt: Salt of the hash, hexadecimal.
        hmac_sha256: Hash of the secret, hexadecimal.
        created: Time of its creation.
        revoked: Time of its revocation; None while it is valid.
        requests_per_minute: Limit; None for the server's own, 0 for none.
        audio_s_per_hour: Limit in seconds of audio; None for the server's own, 0 for none.
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
    """Make a key.

    Args:
        name: Name of the client.
        requests_per_minute: See `Key`.
        audio_s_per_hour: See `Key`.

    Returns:
        The entry for the file, and the key itself, which is stored nowhere.

    Raises:
        KeyFileInvalid: The name or a limit cannot be used.
    """
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
            hmac_sha256=hash_of(salt, secret).hex(),
            created=datetime.now(UTC).replace(microsecond=0),
            requests_per_minute=requests_per_minute,
            audio_s_per_hour=audio_s_per_hour,
        )
    except ValidationError as error:
        raise KeyFileInvalid(f"The key cannot be made: {_first(error)}.") from error
    return entry, f"{KEY_PREFIX}_{key_id}_{secret}"


def read_key_file(path: Path) -> KeyFile:
    """Read a key file.

    Args:
        path: The file.

    Returns:
        Its content.

    Raises:
        KeyFileInvalid: It cannot be read, or is not a key file.
    """
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
    """Write a file anew for its owner, atomically. `mode` is None for a new file."""
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
    """Change owner and group of an open file; with `strict`, an OSError is raised where that is not allowed."""
    if _owner(os.fstat(descriptor)) == owner:
        return
    try:
        os.fchown(descriptor, *owner)
    except PermissionError:
        if strict:
            raise


def hash_of(salt: bytes, secret: str) -> bytes:
    """Hash the secret of a key with HMAC-SHA-256.

    Args:
        salt: The key's salt.
        secret: The secret.

    Returns:
        32 bytes.
    """
    return hmac.digest(salt, secret.encode(), "sha256")


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
