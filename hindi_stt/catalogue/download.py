"""Downloads one file: continued where it broke off, checked, and never left in place of a complete one.

The file lies under its own name only when it is complete and has its checksum. Until then it is NAME.part, beside
NAME.part.json with the validator by which the server knows whether the rest still belongs to it (RFC 9110, If-Range).
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from tqdm import tqdm

from hindi_stt.bundle.manifest import sha256_of
from hindi_stt.catalogue.file_kinds import refuse_page
from hindi_stt.catalogue.requests import BRING_IT, open_answer
from hindi_stt.errors import (
    ChecksumMismatch,
    DownloadInterrupted,
    ModelGated,
    NotAModelFile,
    SourceUnavailable,
    StorageFull,
    needing_room,
)

__all__ = ["MAX_DOWNLOAD_BYTES", "Download", "download", "is_busy"]

MAX_DOWNLOAD_BYTES: Final = 8 * 2**30
# A connection that breaks is tried again as long as each try brings something, this often at most.
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.5
# A server that has no time for this request: too many requests, or a timeout of its own.
_LATER: Final = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Download:
    """A file to download.

    Attributes:
        address: Https, or http on this machine.
        folder: Where it goes.
        name: Its name there.
        page: Where people ask for access, for the error.
        token: Sent to the address's own host only, not to where it redirects; empty for none.
        sha256: The checksum that it must have, or the first digits of it; empty for none.
        n_bytes: The size that it must have; None if unknown.
    """

    address: str
    folder: Path
    name: str
    page: str = ""
    token: str = ""
    sha256: str = ""
    n_bytes: int | None = None

    @property
    def target(self) -> Path:
        """The complete file."""
        return self.folder / self.name

    @property
    def part(self) -> Path:
        """The incomplete file."""
        return self.folder / f"{self.name}.part"

    @property
    def state(self) -> Path:
        """What the server said about the incomplete file."""
        return self.folder / f"{self.name}.part.json"

    def discard(self) -> None:
        """Delete the incomplete file."""
        self.part.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)


class _Broken(Exception):
    """The connection ended before the file did."""


def is_busy(status: int) -> bool:
    """Whether a server says that it has no time for this request now: the same one may be answered later.

    Args:
        status: Of its answer.

    Returns:
        Whether it does.
    """
    return status in _LATER or status >= 500


def download(file: Download, client: httpx.Client) -> Path:
    """Download a file, unless it is there already.

    Args:
        file: What, and where to.
        client: As `requests.open_client` makes it.

    Returns:
        The path of the complete file.

    Raises:
        SourceUnavailable: The host cannot be reached, refuses, or redirects to an unencrypted address.
        ModelGated: The host gives the file to accounts with access only.
        DownloadInterrupted: The connection broke; what came is kept, and the same call continues.
        NotAModelFile: A web page came instead.
        ChecksumMismatch: The complete file has another checksum or size; it is deleted.
        StorageFull: The disk is full; what came is deleted.
    """
    if file.target.is_file():
        _verify(file, file.target, file.sha256)
        return file.target
    with needing_room(f"the download of {file.name}"):
        file.folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(_ATTEMPTS):
        before = _size(file.part)
        try:
            checksum = _receive(file, client)
            break
        except _Broken as error:
            if attempt == _ATTEMPTS - 1 or _size(file.part) == before:
                raise DownloadInterrupted(
                    f"{file.name} broke off after {_size(file.part):,} bytes ({error})."
                ) from error
            time.sleep(_PAUSE_S)
    _verify(file, file.part, file.sha256, checksum)
    file.part.rename(file.target)
    file.discard()
    return file.target


def _receive(file: Download, client: httpx.Client) -> str:
    """Receive the rest of a file; returns the checksum that the hub tells, or ""."""
    have, validator = _resumable(file)
    headers = {"Range": f"bytes={have}-", "If-Range": validator} if have else {}
    if file.token:
        headers["Authorization"] = f"Bearer {file.token}"
    try:
        with open_answer(client, file.address, headers) as (answer, checksum):
            _check_answer(file, answer)
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                if answer.headers.get("content-range") == f"bytes */{have}":
                    return checksum
                file.discard()
                raise _Broken("the file has changed since the last try")
            if answer.status_code != httpx.codes.PARTIAL_CONTENT:
                have = 0
            elif not answer.headers.get("content-range", "").startswith(f"bytes {have}-"):
                file.discard()
                raise _Broken("the server sent another byte range than was asked for")
            elif _is_of_another_file(answer, validator):
                file.discard()
                raise _Broken("the file has changed since the last try")
            _write(file, answer, have)
            return checksum
    except httpx.TransportError as error:
        raise _Broken(type(error).__name__) from error


def _resumable(file: Download) -> tuple[int, str]:
    """Bytes that are there, and the validator of the file that they are of; 0 where they cannot be continued."""
    try:
        validator = json.loads(file.state.read_text(encoding="utf-8"))["validator"]
        have = _size(file.part)
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""
    return (have, str(validator)) if validator else (0, "")


def _is_of_another_file(answer: httpx.Response, validator: str) -> bool:
    """Whether a part belongs to another file than the bytes that are there: servers and proxies pass over If-Range."""
    told = answer.headers.get("etag" if validator.startswith('"') else "last-modified", "")
    return bool(told) and told.removeprefix("W/") != validator


def _check_answer(file: Download, answer: httpx.Response) -> None:
    """Raises an error for each answer that is not the file."""
    status = answer.status_code
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        where = file.page or file.address
        sent = "with the token in HF_TOKEN" if file.token else "without a token, since HF_TOKEN is not set"
        raise ModelGated(f"{answer.url.host} refuses {file.name} ({status}), asked {sent}. Ask for access at {where}.")
    if is_busy(status):
        raise _Broken(f"{answer.url.host} answers with status {status}")
    if status not in {200, 206, 416}:
        raise SourceUnavailable(f"{answer.url.host} has no {file.name}: it answers with status {status}. {BRING_IT}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise SourceUnavailable(f"{answer.url.host} sends {file.name} compressed, which was not asked for.")
    if status != 416 and answer.headers.get("content-type", "").partition(";")[0].strip() == "text/html":
        raise NotAModelFile(f"{file.address} is a web page, not {file.name}.")


def _write(file: Download, answer: httpx.Response, have: int) -> None:
    """Append what comes to the incomplete file, or begin it anew where `have` is 0."""
    announced = int(answer.headers.get("content-length", 0))
    total = have + announced
    if max(total, file.n_bytes or 0) > MAX_DOWNLOAD_BYTES:
        raise SourceUnavailable(f"{file.name} has {total:,} bytes; the limit is {MAX_DOWNLOAD_BYTES:,} bytes.")
    if announced > (free := shutil.disk_usage(file.folder).free):
        raise StorageFull(f"{file.name} needs {announced:,} bytes more, and {file.folder} has {free:,} left.")
    try:
        with needing_room(f"the download of {file.name}"):
            if not have:
                validator = answer.headers.get("etag", "") or answer.headers.get("last-modified", "")
                strong = "" if validator.startswith("W/") else validator
                file.state.write_text(json.dumps({"validator": strong}), encoding="utf-8")
            written = have + _copy(file, answer, have, total)
    except (StorageFull, NotAModelFile):
        file.discard()  # a full disk is everybody's
        raise
    if announced and written < total:
        raise _Broken(f"{written:,} of {total:,} bytes came")


def _copy(file: Download, answer: httpx.Response, have: int, total: int) -> int:
    written = 0
    bar: tqdm[Any] = tqdm(total=total or None, initial=have, unit="B", unit_scale=True, desc=file.name, disable=None)
    with file.part.open("ab" if have else "wb") as f, bar:
        for chunk in answer.iter_raw():  # as it comes: what is collected first is lost when the connection breaks
            if not have and not written:
                refuse_page(chunk, file.address)
            written += f.write(chunk)
            bar.update(len(chunk))
            if have + written > MAX_DOWNLOAD_BYTES:
                raise SourceUnavailable(f"{file.name} has more than {MAX_DOWNLOAD_BYTES:,} bytes.")
    return written


def _verify(file: Download, path: Path, *checksums: str) -> None:
    """Raises ChecksumMismatch, and deletes the file, where it differs from what is known of it."""
    size = path.stat().st_size
    if file.n_bytes not in {None, size}:
        _refuse(file, path, f"has {size:,} bytes, expected {file.n_bytes:,}")
    wanted = [checksum for checksum in checksums if checksum]
    found = sha256_of(path) if wanted else ""
    for checksum in wanted:
        if not found.startswith(checksum):
            _refuse(file, path, f"has SHA-256 {found}, expected {checksum}{'…' if len(checksum) < 64 else ''}")


def _refuse(file: Download, path: Path, reason: str) -> None:
    path.unlink()
    file.discard()
    raise ChecksumMismatch(f"{file.name} {reason}; it was deleted.")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
