"""Tells model files from what often lies in their place: web pages, and the pointers of files in Git LFS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from hindi_stt.errors import NotAModelFile

__all__ = ["refuse_page", "refuse_page_file"]

_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_HTML: Final = re.compile(rb"\s*(<!doctype html|<html|<\?xml)", re.IGNORECASE)
_HEAD_BYTES: Final = 512


def refuse_page(beginning: bytes, what: str) -> None:
    """Refuse content that is a web page or a pointer.

    Args:
        beginning: Its first bytes.
        what: The file, for the error.

    Raises:
        NotAModelFile: It is one of them.
    """
    if _HTML.match(beginning):
        raise NotAModelFile(f"{what} is a web page.")
    if beginning.startswith(_LFS_POINTER):
        raise NotAModelFile(f"{what} is the pointer of a file in Git LFS: 'git lfs pull' gets the file itself.")


def refuse_page_file(path: Path) -> None:
    """Refuse a file that is a web page or a pointer.

    Args:
        path: The file.

    Raises:
        NotAModelFile: It is one of them.
    """
    with path.open("rb") as file:
        refuse_page(file.read(_HEAD_BYTES), str(path))
