"""More models to serve beside the embedded one, made from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import soundfile

from hindi_stt.bundle.manifest import EMBEDDED, MANIFEST_FILE, Bundle

SLOW_RATE = 8_000


def sibling(folder: Path, name: str, language: str, **features: int) -> Bundle:
    """The embedded model under another name and language; features: parameters that are not its own."""
    Bundle.open(EMBEDDED).copy_with(folder, [])
    path = folder / MANIFEST_FILE
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest |= {"name": name, "language": language, "features": manifest["features"] | features}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return Bundle.open(folder)


def slow_sibling(folder: Path) -> Bundle:
    """A model of "slow Hindi": what it understands is speech at half speed and half pitch, as `slowed` makes it.

    It takes samples at half the rate for those that it knows, so that it hears in `slowed` exactly what the embedded
    model hears in the original; what one of them understands is hard for the other.
    """
    return sibling(folder, "slow", "xx", sample_rate=SLOW_RATE)


def slowed(recording: Path, to: Path) -> Path:
    """The same samples, 16 kHz, as if they had been taken at half the rate."""
    samples, rate = soundfile.read(recording, dtype="int16")
    assert rate == 2 * SLOW_RATE
    soundfile.write(to, samples, SLOW_RATE)
    return to


def rewritten(folder: Path, **changes: Any) -> Bundle:
    """A copy of the embedded bundle with other values in its manifest; None takes a key away."""
    shutil.copytree(EMBEDDED, folder)
    path = folder / "bundle.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | changes
    manifest = {name: value for name, value in manifest.items() if value is not None}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return Bundle.open(folder)
