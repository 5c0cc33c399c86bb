"""The allow-list of files and URLs that a job may name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from hindi_stt.errors import InvalidSetting, ReferenceMissing, ReferenceNotAllowed
from hindi_stt.safe_fetch import Network
from hindi_stt.settings import Settings, shown, split_list

__all__ = ["References", "job_network"]

_PORTS: Final = {"http": 80, "https": 443}
_Origin = tuple[str, str, int]


def job_network(settings: Settings) -> Network:
    """Make the network through which references and webhooks are reached.

    Args:
        settings: Names the private networks that are allowed.

    Returns:
        The network.

    Raises:
        InvalidSetting: HINDI_STT_JOBS_PRIVATE_NETWORKS lists something other than networks.
    """
    try:
        return Network(settings.jobs_private_networks)
    except ValueError as error:
        value = settings.jobs_private_networks
        raise InvalidSetting(
            f"HINDI_STT_JOBS_PRIVATE_NETWORKS={value!r}: {error}; write networks as 10.1.0.0/16, with commas between."
        ) from error


class References:
    """The allow-list of HINDI_STT_JOBS_REFERENCES.

    Args:
        settings: The server's.
        network: Which addresses may be reached.

    Raises:
        InvalidSetting: An entry is neither a folder nor a host.
    """

    def __init__(self, settings: Settings, network: Network) -> None:
        self._network = network
        self._max_bytes = settings.jobs_max_upload_bytes
        self._timeout_s = settings.upload_timeout_s + self._max_bytes / settings.min_upload_rate
        self._folders: list[Path] = []
        self._origins: set[_Origin] = set()
        for entry in split_list(settings.jobs_references):
            url = urlsplit(entry)
            if url.scheme == "file" and not url.netloc and url.path.startswith("/"):
                self._folders.append(Path(unquote(url.path)).resolve())
            elif (origin := _origin(entry)) and url.path in {"", "/"}:
                self._origins.add(origin)
            else:
                example = f"file://{entry}" if entry.startswith("/") else "file:///FOLDER or https://HOST"
                raise InvalidSetting(f"HINDI_STT_JOBS_REFERENCES={shown(entry)}: write {example}.")

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders whose files a job may name."""
        return tuple(self._folders)

    def check(self, reference: str) -> None:
        """Check that a reference is on the list, without looking anything up.

        Raises:
            ReferenceNotAllowed: It is not on the list.
        """
        if reference.startswith("file://"):
            self._path(reference)
        elif _origin(reference) not in self._origins:
            raise ReferenceNotAllowed("The reference is neither in a folder nor at a host that is allowed.")

    @contextlib.contextmanager
    def open(self, reference: str) -> Iterator[Path]:
        """Have a recording on this machine's disk.

        Args:
            reference: URL of the recording.

        Yields:
            Its path; what was fetched is deleted afterwards.

        Raises:
            ReferenceNotAllowed: It is not on the list.
            ReferenceMissing: There is no such file.
            ReferenceUnreachable: Its host does not return it.
            PrivateAddress: Its host has an address that is not public.
            BodyTooLarge: It has more bytes than an upload may have.
        """
        self.check(reference)
        if reference.startswith("file://"):
            path = self._path(reference)
            if not (path.is_file() and os.access(path, os.R_OK)):
                raise ReferenceMissing("There is no such file, or it may not be read.")
            yield path
            return
        with tempfile.NamedTemporaryFile() as copy:
            asyncio.run(self._network.fetch(reference, copy, self._max_bytes, self._timeout_s))
            copy.flush()
            yield Path(copy.name)

    def _path(self, reference: str) -> Path:
        """Return the real path, with links and .. resolved."""
        url = urlsplit(reference)
        text = unquote(url.path)
        try:
            if url.netloc or "\0" in text or not text.startswith("/"):
                raise ValueError
            path = Path(text).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ReferenceNotAllowed("The reference is not a path of the form file:///FOLDER/FILE.") from error
        if not any(path.is_relative_to(folder) for folder in self._folders):
            raise ReferenceNotAllowed("The reference is outside the folders that are allowed.")
        return path


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
