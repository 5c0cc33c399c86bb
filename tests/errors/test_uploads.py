"""Full disks are named, whatever wrote to them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hindi_stt.errors import StorageFull, needing_room
from tests.support.disks import small_disk


def copy(source: Path, target: Path, how: str) -> None:
    with needing_room("a copy"):
        if how == "file":
            shutil.copyfile(source / "large", target)
        else:
            shutil.copytree(source, target)


@pytest.mark.parametrize("how", ["file", "folder"])
def test_a_full_disk(tmp_path: Path, how: str) -> None:
    """copytree's error, which BentoML's store raises, has no number."""
    (source := tmp_path / "source").mkdir()
    (source / "large").write_bytes(bytes(3_000_000))
    with small_disk(tmp_path / "disk", 1) as disk, pytest.raises(StorageFull, match="a copy"):
        copy(source, disk / "copy", how)


def test_other_errors_stay(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copy(tmp_path / "none", tmp_path / "copy", "file")
    (source := tmp_path / "source").mkdir()
    (source / "link").symlink_to("nowhere")
    with pytest.raises(shutil.Error):
        copy(source, tmp_path / "copy", "folder")
