"""The API keys of a server: those of its key file, which is read again when it changes."""

from __future__ import annotations

import hmac
import logging
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hindi_stt.access.key_file import KEY_PREFIX, Key, KeyFile, edit, hash_of, make_key, read_key_file
from hindi_stt.errors import InvalidKey, KeyFileInvalid, KeyRevoked, KeysUnavailable

__all__ = ["Key", "KeyFile", "KeyFileProblem", "KeyRing", "edit", "make_key", "read_key_file"]

log = logging.getLogger("hindi_stt")

# How often a file that cannot be read is tried again.
_RETRY_S: Final = 1.0


class KeyRing:
    """The keys of a file, as the file is now.

    Where the file cannot be read any more, it is unknown which keys are still valid: the keys last read are valid for
    `grace_s` seconds longer, and after that no key is, until the file can be read again.

    Args:
        path: The key file.
        grace_s: Seconds after a failed read in which the keys last read stay valid.

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
        # Compared with where the id is unknown, so that the time reveals nothing about ids.
        self._decoy, _ = make_key("decoy")

    def find(self, token: str) -> Key:
        """Find the entry of a key.

        Args:
            token: The key as its holder sends it.

        Returns:
            Its entry.

        Raises:
            InvalidKey: It is not in the file.
            KeyRevoked: It was revoked.
            KeysUnavailable: The file cannot be read, and the grace period is over.
        """
        self._reload()
        self._check_grace()
        prefix, _, rest = token.partition("_")
        key_id, _, secret = rest.partition("_")
        found = self._keys.get(key_id)
        entry = found or self._decoy
        same = hmac.compare_digest(hash_of(bytes.fromhex(entry.salt), secret), bytes.fromhex(entry.hmac_sha256))
        if found is None or not same or prefix != KEY_PREFIX:
            raise InvalidKey("The server does not know the API key.")
        return _unless_revoked(found)

    def entry(self, key_id: str) -> Key:
        """Find the entry with an id.

        Args:
            key_id: The key's id.

        Returns:
            The key.

        Raises:
            InvalidKey: There is no such key any more.
            KeyRevoked: It was revoked.
            KeysUnavailable: The file cannot be read, and the grace period is over.
        """
        self._reload()
        self._check_grace()
        if (found := self._keys.get(key_id)) is None:
            raise InvalidKey("The server does not know the API key any more.")
        return _unless_revoked(found)

    def named(self, name: str) -> Key:
        """Find a valid key by the name of its client, for connections that carry no key.

        Args:
            name: Name of the client.

        Returns:
            Its key; of several, the one that was made last.

        Raises:
            InvalidKey: No valid key has this name.
            KeysUnavailable: The file cannot be read, and the grace period is over.
        """
        self._reload()
        self._check_grace()
        valid = [key for key in self._keys.values() if key.name == name and key.revoked is None]
        if not valid:
            raise InvalidKey(f"No valid API key has the name {name[:64]!r}.")
        return max(valid, key=lambda key: key.created)

    def problem(self) -> KeyFileProblem | None:
        """Say whether the file cannot be read now.

        Returns:
            For how long it has not been readable, and for how long its last keys are valid; None where it is readable.
        """
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
    """A key file that cannot be read.

    Attributes:
        age_s: Seconds since it was last readable.
        grace_s: Seconds for which the keys last read stay valid.
    """

    age_s: float
    grace_s: float


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    """Describe the differences between two contents of a file."""

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
