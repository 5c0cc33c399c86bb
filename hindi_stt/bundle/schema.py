"""The schema of `bundle.json`: what a server has to know about a model.

Assets are named by role, so that further precisions, tokenizers and language models can join without a new schema
version.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

__all__ = [
    "BLANK",
    "SCHEMA_VERSION",
    "WEIGHTS_ROLE",
    "AcousticSpec",
    "Asset",
    "FeatureSpec",
    "FrozenModel",
    "Identity",
    "LanguageModelWeights",
    "Manifest",
    "OnsetSpec",
    "Source",
    "WaveformSpec",
]

SCHEMA_VERSION: Final = 1
BLANK: Final = "<blk>"
# Files of weights that an ONNX file of the bundle refers to by their names; "PRECISION:FILE" is the asset's name.
WEIGHTS_ROLE: Final = "weights"


class FrozenModel(BaseModel):
    """A part of a manifest: it cannot be changed, and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class FeatureSpec(FrozenModel):
    """Parameters of NeMo's AudioToMelSpectrogramPreprocessor, in the form of the NeMo that the model was made with.

    Attributes:
        sample_rate: In Hz.
        window_samples: Length of the STFT window in samples.
        hop_samples: Samples between frames.
        n_fft: Points of the FFT.
        window: Kind of the STFT window.
        preemphasis: Coefficient of the pre-emphasis filter; 0 for none.
        n_mels: Number of mel bands.
        power: Exponent of the magnitude spectrum.
        log_zero_guard: Added to mel energies before the logarithm.
        normalize: Features have mean 0 and deviation 1 over each clip and band.
        deviation_epsilon: Added to the deviation before dividing by it.
        stft_pad_mode: How the STFT pads the edges of a clip: "reflect" up to NeMo 2.4, "constant" (zeros) from 2.5.0.
        valid_frames: Number of frames of a clip: floor(samples / hop) + 1 up to NeMo 2.4, floor(samples / hop) from
            2.5.0.
    """

    sample_rate: int = Field(gt=0)
    window_samples: int = Field(gt=0)
    hop_samples: int = Field(gt=0)
    n_fft: int = Field(gt=0, multiple_of=32)
    window: Literal["hann"] = "hann"
    preemphasis: float = Field(ge=0, lt=1)
    n_mels: int = Field(gt=0)
    power: Literal[2] = 2
    log_zero_guard: float = Field(gt=0)
    normalize: Literal["per_feature"] = "per_feature"
    deviation_epsilon: float = Field(ge=0)
    stft_pad_mode: Literal["reflect", "constant"]
    valid_frames: Literal["floor", "floor_plus_one"]

    @property
    def n_channels(self) -> int:
        """Values of one frame."""
        return self.n_mels

    def n_valid_frames(self, n_samples: int) -> int:
        """Frames of a clip of this many samples."""
        return n_samples // self.hop_samples + (self.valid_frames == "floor_plus_one")


class WaveformSpec(FrozenModel):
    """A model that takes the samples themselves: one channel, and one frame for each sample.

    Attributes:
        kind: Tells this section from one of mel features, which has no such field.
        sample_rate: In Hz.
        normalize: "per_clip": the samples of each clip have mean 0 and variance 1; "none": as they are.
        variance_epsilon: Added to the variance before the square root that samples are divided by.
    """

    kind: Literal["waveform"]
    sample_rate: int = Field(gt=0)
    normalize: Literal["per_clip", "none"]
    variance_epsilon: float = Field(1e-7, ge=0)

    @property
    def n_channels(self) -> int:
        """Values of one frame."""
        return 1

    @property
    def hop_samples(self) -> int:
        """Samples between frames."""
        return 1


def _kind_of_features(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "mel" if kind is None else "waveform"


class AcousticSpec(FrozenModel):
    """The ONNX files take features [batch, channels, t] and length [batch], and give log-probs [batch, t', classes].

    Attributes:
        features_input: Name of the input for features.
        length_input: Name of the input for the number of frames.
        log_probs_output: Name of the output.
        n_classes: Classes, the blank included.
        blank_id: Class of the blank.
        subsampling: Frames of features for each frame of log-probs.
        batched: Whether clips may share a run. False for a graph in which padding changes a clip's frames.
        convolutions: (kernel, stride) of each convolution without padding between features and log-probs, which decide
            how many frames come out. Empty: as many as features / subsampling, rounded up.
        special_ids: Classes besides the blank that stand for no text (unknown, padding, start and end of a sentence);
            they are decoded as the blank is.
        max_frames: Most frames of features of one clip, where the graph has a table of so many positions; None for any.
    """

    features_input: str
    length_input: str
    log_probs_output: str
    n_classes: int = Field(gt=1)
    blank_id: int = Field(ge=0)
    subsampling: int = Field(gt=0)
    batched: bool = True
    convolutions: tuple[tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]], ...] = ()
    special_ids: tuple[int, ...] = ()
    max_frames: int | None = Field(None, gt=0)

    @property
    def min_frames(self) -> int:
        """Fewest frames of features from which one frame of log-probs comes."""
        frames = 1
        for kernel, stride in reversed(self.convolutions):
            frames = (frames - 1) * stride + kernel
        return frames


class OnsetSpec(FrozenModel):
    """Emission delay: seconds from the start of a piece's sound to its first frame; `training.onsets` measures it.

    A CTC model tells a piece when it is sure of it, and one of several letters with its last. Zeros: not measured.
    """

    first_letter_s: float = Field(0.0, ge=0, lt=1)
    further_letter_s: float = Field(0.0, ge=0, lt=1)


class Source(FrozenModel):
    """The source of a model."""

    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    # Name and version of the framework that made the model, "nemo 2.7.3" for instance.
    framework: str


class LanguageModelWeights(FrozenModel):
    """How much a language model counts beside the acoustic model.

    Attributes:
        alpha: Weight of its log-probability.
        beta: Reward per word, natural log.
        unknown: Score of a word that it does not have, natural log.
        clear_unknown: Score of such a word where the best path of the acoustic model writes it clearly
            (`decoding.clear_words`), natural log; None for `unknown`.
    """

    alpha: float = Field(ge=0, allow_inf_nan=False)
    beta: float = Field(allow_inf_nan=False)
    unknown: float = Field(le=0, allow_inf_nan=False)
    clear_unknown: float | None = Field(None, le=0, allow_inf_nan=False, exclude_if=lambda score: score is None)


class Asset(FrozenModel):
    """One file of the bundle.

    Attributes:
        role: Acoustic, filterbank, tokens, tokenizer, …
        name: Distinguishes assets of one role.
        file: Its name in the bundle's folder.
        sha256: Its checksum in lower-case hexadecimal digits.
        weights: Of a language model, instead of those in its file; a file of KenLM has none.
    """

    role: str
    name: str
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=255)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    weights: LanguageModelWeights | None = Field(None, exclude_if=lambda weights: weights is None)


class Manifest(FrozenModel):
    """The content of bundle.json."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(pattern="^[a-z0-9][a-z0-9_.-]*$")
    language: str
    licence: str
    description: str = ""
    source: Source
    tools: dict[str, str] = Field(default_factory=dict)
    features: Annotated[
        Annotated[FeatureSpec, Tag("mel")] | Annotated[WaveformSpec, Tag("waveform")], Discriminator(_kind_of_features)
    ]
    acoustic: AcousticSpec
    onsets: OnsetSpec = OnsetSpec()
    default_precision: str = "fp32"
    # Forms of OpenVINO ("openvino-bf16") whose texts of real or verified speech were measured to be as good as
    # float32's (docs/models.md): where nobody names a form, a CPU that has the instructions may run one of them.
    verified_forms: tuple[str, ...] = ()
    # Of the assets of role lm the one that decodes what names none; empty: decoding is greedy.
    default_language_model: str = ""
    # Where no word of a clip has at least this score (`decoding.speech`), the clip counts as one without speech and has
    # no words; None keeps all words. `training.speech_bound` chooses it on noise, music and speech.
    min_speech_score: float | None = Field(None, ge=0, le=1)
    assets: tuple[Asset, ...]

    @model_validator(mode="after")
    def _check(self) -> Manifest:
        if self.acoustic.blank_id >= self.acoustic.n_classes:
            raise ValueError("blank_id is not one of the n_classes classes")
        if not set(self.acoustic.special_ids) <= {*range(self.acoustic.n_classes)} - {self.acoustic.blank_id}:
            raise ValueError("special_ids has the blank in it, or no class of the model")
        strides = math.prod(stride for _, stride in self.acoustic.convolutions)
        if self.acoustic.convolutions and strides != self.acoustic.subsampling:
            raise ValueError(f"the strides of the convolutions multiply to {strides}, which is not subsampling")
        if any(asset.weights and asset.role != "lm" for asset in self.assets):
            raise ValueError("only language models have weights")
        keys = [(a.role, a.name) for a in self.assets]
        if len(set(keys)) != len(keys):
            raise ValueError("two assets share a role and a name")
        if ("acoustic", self.default_precision) not in keys:
            raise ValueError(f"no acoustic asset named {self.default_precision!r}, the default precision")
        if self.default_language_model and ("lm", self.default_language_model) not in keys:
            raise ValueError(f"no lm asset named {self.default_language_model!r}, the default language model")
        return self

    @property
    def precisions(self) -> list[str]:
        """Names of the ONNX files: fp32, int8, …"""
        return [asset.name for asset in self.assets if asset.role == "acoustic"]

    @property
    def max_clip_s(self) -> float | None:
        """Seconds of the longest clip; None for any length."""
        frames = self.acoustic.max_frames
        return (frames - 1) * self.frame_shift_s / self.acoustic.subsampling if frames else None

    @property
    def frame_shift_s(self) -> float:
        """Seconds between two frames of log-probs."""
        return self.acoustic.subsampling * self.features.hop_samples / self.features.sample_rate


@dataclass(frozen=True, slots=True)
class Identity:
    """What a model's files do not contain: the bundle's name, language, licence and description."""

    name: str
    language: str
    licence: str
    description: str = ""
