"""Reads the folder of a Wav2Vec2ForCTC model into the terms of a bundle, and refuses by name what is not supported.

Neither transformers nor PyTorch is needed for that. Nothing of the folder is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hindi_stt.bundle.json_files import read_json
from hindi_stt.bundle.manifest import WaveformSpec
from hindi_stt.errors import CorruptModel, UnsupportedModel
from hindi_stt.export.wav2vec2.vocabulary import Vocabulary, read_vocabulary

__all__ = ["CONFIG_FILE", "WEIGHT_FILES", "Wav2Vec2Model", "is_transformers_folder", "read_model"]

CONFIG_FILE: Final = "config.json"
PREPROCESSOR_FILE: Final = "preprocessor_config.json"
# In the order in which they are looked for; the second one is a pickle, which is loaded without running code.
WEIGHT_FILES: Final = ("model.safetensors", "pytorch_model.bin")

_ARCHITECTURE: Final = "Wav2Vec2ForCTC"
# Other kinds of acoustic models on the hub, and why they are no Wav2Vec2ForCTC.
_OTHER_KINDS: Final = {
    "wav2vec2-bert": "Wav2Vec2-BERT takes stacked log-mel features of Kaldi's kind, and has no front end here",
    "wav2vec2-conformer": "its attention has relative or rotary positions, which were never compared with transformers",
    "hubert": "HuBERT was never compared with transformers here",
    "wavlm": "WavLM has gated relative positions, which were never compared with transformers",
    "data2vec-audio": "data2vec was never compared with transformers here",
    "whisper": "Whisper writes text by a decoder of its own, not by CTC",
    "speech_to_text": "it writes text by a decoder of its own, not by CTC",
    "seamless_m4t": "it writes text by a decoder of its own, not by CTC",
    "seamless_m4t_v2": "it writes text by a decoder of its own, not by CTC",
}


@dataclass(frozen=True, slots=True)
class Wav2Vec2Model:
    """What the exporter reads from a model's folder.

    Attributes:
        features: Sample rate and normalisation.
        convolutions: (kernel, stride) of each convolution of the feature encoder.
        masked: Whether the model was trained with an attention mask, so that padding changes nothing. Group norm takes
            its mean over the whole padded length, so models with it never are.
        vocabulary: The classes.
        weights: File of the weights.
    """

    features: WaveformSpec
    convolutions: tuple[tuple[int, int], ...]
    masked: bool
    vocabulary: Vocabulary
    weights: Path


def is_transformers_folder(folder: Path) -> bool:
    """Whether a folder has the configuration of a model of transformers, of whatever kind."""
    return _is_model(folder) and (folder / CONFIG_FILE).is_file()


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (*WEIGHT_FILES, PREPROCESSOR_FILE))


def read_model(folder: Path) -> Wav2Vec2Model:
    """Read and check the configuration of a model.

    Args:
        folder: With config.json, preprocessor_config.json, vocab.json and the weights.

    Returns:
        What the exporter needs of it.

    Raises:
        UnsupportedModel: The model or one of its options cannot be exported.
        CorruptModel: A file is missing, cannot be read, or contradicts another one.
    """
    config = read_json(folder / CONFIG_FILE)
    _refuse_other_models(config)
    preprocessor = read_json(folder / PREPROCESSOR_FILE)
    weights = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    if weights is None:
        raise CorruptModel(f"{folder} has none of {', '.join(WEIGHT_FILES)}.")
    norm = config.get("feat_extract_norm", "group")
    return Wav2Vec2Model(
        features=_features(preprocessor),
        convolutions=_convolutions(config),
        masked=norm == "layer" and preprocessor.get("return_attention_mask") is True,
        vocabulary=read_vocabulary(folder, config),
        weights=weights,
    )


def _refuse_other_models(config: Mapping[str, Any]) -> None:
    kind = str(config.get("model_type", ""))
    architectures = config.get("architectures") or []
    if kind != "wav2vec2":
        reason = _OTHER_KINDS.get(kind, "only Wav2Vec2ForCTC is")
        raise UnsupportedModel(f"A model of transformers of the kind {kind!r} is not supported: {reason}.")
    if architectures != [_ARCHITECTURE]:
        names = ", ".join(map(str, architectures)) or "nothing"
        raise UnsupportedModel(f"The architecture is {names}, and only {_ARCHITECTURE} has a CTC head.")
    if config.get("add_adapter"):
        raise UnsupportedModel(
            "add_adapter: convolutions behind the encoder, which shorten it further, are unknown here."
        )
    if config.get("adapter_attn_dim") is not None:
        raise UnsupportedModel("adapter_attn_dim: adapters per language (MMS) are in files of their own, unknown here.")
    if (norm := config.get("feat_extract_norm", "group")) not in {"group", "layer"}:
        raise UnsupportedModel(f"feat_extract_norm is {norm!r}, known are 'group' and 'layer'.")


def _features(preprocessor: Mapping[str, Any]) -> WaveformSpec:
    kind = preprocessor.get("feature_extractor_type", "Wav2Vec2FeatureExtractor")
    if kind != "Wav2Vec2FeatureExtractor" or preprocessor.get("feature_size", 1) != 1:
        raise UnsupportedModel(f"{PREPROCESSOR_FILE} has features of {kind}, not the samples of one channel.")
    rate = preprocessor.get("sampling_rate", 16_000)
    if not isinstance(rate, int) or isinstance(rate, bool) or rate < 1:
        raise CorruptModel(f"{PREPROCESSOR_FILE}: sampling_rate is {rate!r}.")
    normalize = preprocessor.get("do_normalize", True)
    return WaveformSpec(kind="waveform", sample_rate=rate, normalize="per_clip" if normalize else "none")


def _convolutions(config: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    kernels = config.get("conv_kernel", [10, 3, 3, 3, 3, 2, 2])
    strides = config.get("conv_stride", [5, 2, 2, 2, 2, 2, 2])
    valid = isinstance(kernels, list) and isinstance(strides, list) and len(kernels) == len(strides) > 0
    if not valid or not all(isinstance(n, int) and n > 0 for n in (*kernels, *strides)):
        raise CorruptModel(f"{CONFIG_FILE}: conv_kernel {kernels!r} and conv_stride {strides!r} do not fit each other.")
    return tuple(zip(kernels, strides, strict=True))
