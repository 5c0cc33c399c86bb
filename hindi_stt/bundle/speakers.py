"""A bundle of kind "speakers": a folder with `bundle.json` and the ONNX file of a speaker embedding model.

It may have a second file, of a segmentation model: where speech is, and where its speaker changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, model_validator

from hindi_stt.bundle.folder import MANIFEST_FILE, check_asset, read_manifest
from hindi_stt.bundle.schema import Asset, FrozenModel, Source

__all__ = [
    "EMBEDDING_ROLE",
    "SEGMENTATION_ROLE",
    "FbankSpec",
    "SegmentationSpec",
    "SpeakerBundle",
    "SpeakerManifest",
    "is_speaker_bundle",
]

EMBEDDING_ROLE: Final = "embedding"
SEGMENTATION_ROLE: Final = "segmentation"


class FbankSpec(FrozenModel):
    """Parameters of Kaldi's filterbank features.

    Attributes:
        sample_rate: In Hz.
        window_samples: Length of a frame in samples.
        hop_samples: Samples between frames.
        n_mels: Number of mel bands.
        low_hz: Lower edge of the lowest band; the highest one ends at half the sample rate.
        preemphasis: Coefficient of the pre-emphasis filter.
    """

    sample_rate: int = Field(gt=0)
    window_samples: int = Field(gt=1)
    hop_samples: int = Field(gt=0)
    n_mels: int = Field(gt=0)
    low_hz: float = Field(20.0, ge=0)
    preemphasis: float = Field(0.97, ge=0, lt=1)


class SegmentationSpec(FrozenModel):
    """What a segmentation model takes and gives.

    Attributes:
        sample_rate: In Hz.
        chunk_s: Seconds of audio that it was trained on at a time.
        frame_samples: Samples that an output frame depends on directly, centred on it.
        hop_samples: Samples between output frames.
        classes: For each class, which speakers of the chunk speak, numbered from 0; empty for silence.
        samples_input: Name of the input, float32 [chunks, samples].
        output: Name of the output, natural-log probabilities, float32 [chunks, frames, classes].
    """

    sample_rate: int = Field(gt=0)
    chunk_s: float = Field(gt=0, le=60)
    frame_samples: int = Field(gt=0)
    hop_samples: int = Field(gt=0)
    classes: tuple[tuple[int, ...], ...]
    samples_input: str = "samples"
    output: str = "log_probs"

    @model_validator(mode="after")
    def _check(self) -> SegmentationSpec:
        if () not in self.classes or not any(len(speakers) == 1 for speakers in self.classes):
            raise ValueError("classes need silence and single speakers")
        if any(speaker < 0 for speakers in self.classes for speaker in speakers):
            raise ValueError("speakers are numbered from 0")
        return self


class SpeakerManifest(FrozenModel):
    """The content of bundle.json.

    Attributes:
        kind: Tells this manifest from that of an acoustic model, which has no such field.
        name: Of the bundle.
        licence: Of the weights, as an SPDX identifier where there is one.
        description: What the model is.
        source: The file that it was made of.
        tools: Versions of the packages that made it.
        features: Parameters of its features, which are mean-normalised over each window.
        features_input: Name of the input, float32 [windows, frames, bands].
        embedding_output: Name of the output, float32 [windows, dimension].
        dimension: Values of an embedding.
        window_s: Seconds of a window.
        same_speaker: Cosine similarity of the mean embeddings of two clusters from which they are one speaker.
        same_speaker_narrow: The same for recordings without sound above 4 kHz, as by telephone, whose embeddings are
            more alike; None where it is the same.
        window_similarity: Cosine similarity of two windows of one speaker, on average.
        segmentation: What the segmentation model takes and gives; None without one, where energy tells what is speech.
        assets: The ONNX file, and that of the segmentation model.
    """

    schema_version: Literal[1] = 1
    kind: Literal["speakers"]
    name: str = Field(pattern="^[a-z0-9][a-z0-9_.-]*$")
    licence: str
    description: str = ""
    source: Source
    tools: dict[str, str] = Field(default_factory=dict)
    features: FbankSpec
    features_input: str = "features"
    embedding_output: str = "embedding"
    dimension: int = Field(gt=1)
    window_s: float = Field(1.5, gt=0, le=10)
    same_speaker: float = Field(ge=-1, le=1)
    same_speaker_narrow: float | None = Field(None, ge=-1, le=1)
    window_similarity: float = Field(0.5, gt=0, le=1)
    segmentation: SegmentationSpec | None = None
    assets: tuple[Asset, ...]

    @model_validator(mode="after")
    def _check(self) -> SpeakerManifest:
        roles = [EMBEDDING_ROLE, *([SEGMENTATION_ROLE] if self.segmentation else [])]
        if [asset.role for asset in self.assets] != roles:
            raise ValueError(f"this speaker bundle has to have assets of the roles {', '.join(roles)}")
        if self.window_s * self.features.sample_rate < self.features.window_samples:
            raise ValueError("window_s is shorter than a frame")
        if self.segmentation and self.segmentation.sample_rate != self.features.sample_rate:
            raise ValueError("the sample rates of features and segmentation differ")
        return self


class SpeakerBundle:
    """An opened speaker bundle. Use `open` to read one from a folder.

    Args:
        folder: The bundle's folder.
        manifest: The parsed manifest.
        version: 12 hexadecimal digits that identify this exact content.
    """

    def __init__(self, folder: Path, manifest: SpeakerManifest, version: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.version = version

    @classmethod
    def open(cls, folder: str | Path) -> SpeakerBundle:
        """Open a bundle's folder, and verify its manifest and checksums.

        Args:
            folder: The folder.

        Returns:
            The bundle.

        Raises:
            ModelNotFound: There is no manifest in the folder.
            BundleInvalid: It is no speaker bundle, or its files differ from the manifest.
        """
        folder = Path(folder)
        manifest, version = read_manifest(folder, SpeakerManifest, "speaker bundle")
        for asset in manifest.assets:
            check_asset(folder, asset)
        return cls(folder, manifest, version)

    @property
    def model(self) -> Path:
        """The ONNX file of the embeddings."""
        return self.folder / self.manifest.assets[0].file

    @property
    def segmentation_model(self) -> Path | None:
        """The ONNX file of the segmentation; None without one."""
        return self.folder / self.manifest.assets[1].file if self.manifest.segmentation else None

    @property
    def tag(self) -> str:
        """Name and version, in the form of a BentoML tag."""
        return f"{self.manifest.name}:{self.version}"


def is_speaker_bundle(folder: Path) -> bool:
    """Whether a folder has the manifest of a speaker bundle; its content is not checked."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("kind") == "speakers"
