"""Errors of request bodies: size, time, encoding, disk space, resumable uploads."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from typing import Final

from hindi_stt.errors.base import HindiSTTError

__all__ = [
    "BodyTooLarge",
    "StorageFull",
    "TooLarge",
    "TooManyFiles",
    "TooManyUploads",
    "UnsupportedEncoding",
    "UploadConflict",
    "UploadIncomplete",
    "UploadNotFound",
    "UploadProtocol",
    "UploadTimeout",
    "UploadType",
    "needing_room",
]

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class TooLarge(HindiSTTError):
    """A bound on size was passed."""

    code, status = "too_large", 413
    help = "Send less at once."


class BodyTooLarge(TooLarge):
    """The request body is longer than HINDI_STT_MAX_BODY_BYTES."""

    code = "body_too_large"
    help = "Send a compressed format (FLAC, OGG, MP3), split the recording, or raise HINDI_STT_MAX_BODY_BYTES."


class TooManyFiles(TooLarge):
    """More recordings in one request than HINDI_STT_MAX_FILES; below /v1, more than one."""

    code = "too_many_files"
    help = "Send the recordings in several requests."


class UnsupportedEncoding(HindiSTTError):
    """The request's body is compressed by a Content-Encoding, such as gzip."""

    code, status = "unsupported_encoding", 415
    help = "Send the body as it is, without Content-Encoding: FLAC and Opus are compressed already."


class UploadTimeout(HindiSTTError):
    """The request body arrives too slowly: HINDI_STT_UPLOAD_TIMEOUT_S, HINDI_STT_MIN_UPLOAD_RATE."""

    code, status = "upload_timeout", 408
    help = "Check the connection, send a compressed format, or raise HINDI_STT_UPLOAD_TIMEOUT_S."


class TooManyUploads(HindiSTTError):
    """This client uploads more recordings, or more bytes, at the same time than it may.

    Bounds: HINDI_STT_MAX_UPLOADS_PER_CLIENT, HINDI_STT_UPLOAD_SPACE_MB, HINDI_STT_STREAMED_UPLOADS.
    """

    code, status = "too_many_uploads", 429
    help = "Send fewer recordings at the same time."


class StorageFull(HindiSTTError):
    """A disk of the server is too full for this upload or model."""

    code, status = "storage_full", 503
    help = "Try a shorter recording, or later; on the server, free disk space where TMPDIR and BENTOML_HOME are."


class UploadNotFound(HindiSTTError):
    """There is no resumable upload with this id: it belongs to another key, has become a job, or is too old."""

    code, status = "upload_not_found", 404
    help = "Begin again with POST /v1/uploads."


class UploadConflict(HindiSTTError):
    """A part of a resumable upload does not begin where the last one ended, or another request is sending it."""

    code, status = "upload_conflict", 409
    help = "Ask with HEAD for Upload-Offset, and go on from there."


class UploadIncomplete(HindiSTTError):
    """A job names a resumable upload that has not come to its end."""

    code, status = "upload_incomplete", 409
    help = "Send the rest first: HEAD returns the offset."


class UploadProtocol(HindiSTTError):
    """A request of the upload protocol without Tus-Resumable: 1.0.0."""

    code, status = "upload_protocol", 412
    help = "Resumable uploads speak tus 1.0.0: https://tus.io/protocols/resumable-upload"


class UploadType(HindiSTTError):
    """A part of a resumable upload with another content type than application/offset+octet-stream."""

    code, status = "upload_type", 415
    help = "Send PATCH with Content-Type: application/offset+octet-stream."


@contextlib.contextmanager
def needing_room(what: str) -> Iterator[None]:
    """Turn the OSError of a full disk, raised inside the block, into StorageFull.

    Args:
        what: What is being written, for the message.

    Raises:
        StorageFull: The disk or the quota is full.
        OSError: Any other error, unchanged.
    """
    try:
        yield
    except OSError as error:
        if not _is_full(error):
            raise
        raise StorageFull(f"The server's disk is too full for {what}.") from error


def _is_full(error: OSError) -> bool:
    if isinstance(error, shutil.Error):  # of copytree: it has no number, but the texts of the errors of all files
        return any(os.strerror(number) in str(error) for number in _FULL)
    return error.errno in _FULL
