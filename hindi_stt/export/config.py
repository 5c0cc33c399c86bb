"""Reads a NeMo configuration into the terms of a bundle, and refuses by name what is not supported.

Only the preprocessor, the encoder, the CTC decoder and the tokenizer are read. Whatever else a configuration holds
(training data, optimiser, a transducer's parts) is neither used nor instantiated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from hindi_stt.bundle.manifest import FeatureSpec
from hindi_stt.errors import CorruptModel, UnsafeArchive, UnsupportedModel
from hindi_stt.export.language_head import LanguageHead, is_multilingual, read_language_head

__all__ = ["ModelConfig", "read_config"]

CTC: Final = {"EncDecCTCModel", "EncDecCTCModelBPE"}
HYBRID: Final = {"EncDecHybridRNNTCTCModel", "EncDecHybridRNNTCTCBPEModel"}

PREPROCESSOR: Final = {
    "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
    "nemo.collections.asr.modules.audio_preprocessing.AudioToMelSpectrogramPreprocessor",
}
ENCODER: Final = {
    "nemo.collections.asr.modules.ConformerEncoder",
    "nemo.collections.asr.modules.conformer_encoder.ConformerEncoder",
}
DECODER: Final = {
    "nemo.collections.asr.modules.ConvASRDecoder",
    "nemo.collections.asr.modules.conv_asr.ConvASRDecoder",
}
# A `_target_` elsewhere in the file is never instantiated; one that points outside these makes it an unsafe file.
TRUSTED_PREFIXES: Final = ("nemo.collections.", "nemo.core.", "torch.optim.", "pytorch_lightning.", "lightning.")

# Options of the preprocessor that have to have one of these values; `stft_conv` is ignored by NeMo as well.
FIXED_PREPROCESSING: Final[dict[str, tuple[Any, ...]]] = {
    "window": ("hann",),
    "normalize": ("per_feature",),
    "log": (True,),
    "lowfreq": (0, None),
    "log_zero_guard_type": ("add",),
    "frame_splicing": (1,),
    "exact_pad": (False,),
    "mag_power": (2,),
    "mel_norm": ("slaney",),
    "use_torchaudio": (False,),
    "stft_exact_pad": (False,),
    "stft_conv": (False, True),
    "pad_value": (0,),
}
# Options that are read, or that matter in training only.
FREE_PREPROCESSING: Final = {
    "_target_", "sample_rate", "window_size", "window_stride", "n_window_size", "n_window_stride", "features", "n_fft",
    "preemph", "highfreq", "log_zero_guard_value", "dither", "pad_to", "rng", "nb_augmentation_prob", "nb_max_freq",
}  # fmt: skip

# Options of the encoder that have to have one of these values, the first where nothing is said.
ENCODER_OPTIONS: Final[dict[str, tuple[str | None, ...]]] = {
    "self_attention_model": ("rel_pos",),
    "subsampling": ("striding", "dw_striding"),
    "conv_norm_type": ("batch_norm", "layer_norm"),
    "reduction": (None,),
}

# From this NeMo on the STFT pads with zeros and a clip has floor(samples / hop) frames (../features.py).
NEW_FEATURES: Final = (2, 5)
# CONSTANT in NeMo's features.py.
NORMALISATION_EPSILON: Final = 1e-5


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What the exporter reads from a model's configuration.

    Attributes:
        family: "conformer" or "fastconformer".
        hybrid: Whether this is the CTC branch of a hybrid transducer/CTC model.
        features: Parameters of the log-mel features.
        subsampling: Feature frames per output frame.
        vocabulary: The subword tokens without the blank.
        tokenizer: "nemo:" reference to a SentencePiece model; None for a character model.
        nemo_version: As written in the file.
        preprocessor: The section from which NeMo builds the preprocessor.
        encoder: The section from which NeMo builds the encoder.
        decoder: The section from which NeMo builds the CTC decoder.
        language_head: Of a model for several languages, the part of the head that is exported; else None.
    """

    family: str
    hybrid: bool
    features: FeatureSpec
    subsampling: int
    vocabulary: tuple[str, ...]
    tokenizer: str | None
    nemo_version: str
    preprocessor: dict[str, Any]
    encoder: dict[str, Any]
    decoder: dict[str, Any]
    language_head: LanguageHead | None = None


def read_config(config: Mapping[str, Any], language: str = "hi") -> ModelConfig:
    """Read the configuration of a CTC or hybrid model.

    Args:
        config: model_config.yaml as plain data.
        language: BCP 47 tag of the language to export; of consequence in a model for several languages only.

    Returns:
        What the exporter needs of it.

    Raises:
        UnsupportedModel: The model or one of its options cannot be exported.
        LanguageNotInModel: A model for several languages does not have this one.
        UnsafeArchive: The configuration names code outside NeMo.
        CorruptModel: A section is missing or its values contradict each other.
    """
    for target in _targets(config):
        if not target.startswith(TRUSTED_PREFIXES):
            raise UnsafeArchive(f"The configuration would run {target!r}, which is not a part of NeMo.")
    class_name = str(config.get("target", "")).rpartition(".")[2]
    hybrid = class_name in HYBRID
    _refuse_other_models(config, class_name)
    version = str(config.get("nemo_version", ""))
    preprocessor = _section(config, "preprocessor", PREPROCESSOR)
    encoder = _section(config, "encoder", ENCODER)
    owner = _mapping(config, "aux_ctc") if hybrid else config
    decoder = _section(owner, "decoder", DECODER)
    _check_encoder(encoder)
    vocabulary, tokenizer = _vocabulary(config, decoder, bpe="BPE" in class_name)
    head = None
    if is_multilingual(config):
        head = read_language_head(config, vocabulary, language)
        vocabulary, tokenizer = vocabulary[head.first_row :][: head.n_pieces], head.tokenizer
        decoder = {key: value for key, value in decoder.items() if key != "multisoftmax"}
    subsampling = _integer(encoder, "subsampling_factor", 4)
    return ModelConfig(
        family="fastconformer" if encoder.get("subsampling") == "dw_striding" else "conformer",
        hybrid=hybrid,
        features=_features(preprocessor, version),
        subsampling=subsampling,
        vocabulary=vocabulary,
        tokenizer=tokenizer,
        nemo_version=version,
        preprocessor=preprocessor,
        encoder=encoder,
        decoder=decoder,
        language_head=head,
    )


def _targets(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "_target_":
                yield str(item)
            else:
                yield from _targets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _targets(item)


def _refuse_other_models(config: Mapping[str, Any], class_name: str) -> None:
    if class_name not in CTC | HYBRID:
        kind = "only a transducer (RNNT), without a CTC head" if "RNNT" in class_name else "not a CTC model"
        raise UnsupportedModel(f"{class_name or 'A model without a class name'} is {kind}.")
    if is_multilingual(config) and class_name not in HYBRID:
        raise UnsupportedModel(f"{class_name} with a head for several languages: IndicConformer models are hybrids.")
    tokenizer = config.get("tokenizer") or {}
    if isinstance(tokenizer, Mapping) and tokenizer.get("type") == "agg":
        raise UnsupportedModel("Aggregate tokenizers (tokenizer.type: agg) cannot be exported.")


def _mapping(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = config.get(name)
    if not isinstance(value, Mapping):
        raise CorruptModel(f"The configuration has no section {name!r}.")
    return dict(value)


def _section(config: Mapping[str, Any], name: str, allowed: set[str]) -> dict[str, Any]:
    section = _mapping(config, name)
    target = section.get("_target_")
    if target not in allowed:
        raise UnsupportedModel(f"{name} is a {target!r}; exported are {', '.join(sorted(allowed))}.")
    if any(True for key, value in section.items() if key != "_target_" for _ in _targets(value)):
        raise UnsafeArchive(f"{name} holds a further _target_, which no model of this kind has.")
    return section


def _integer(section: Mapping[str, Any], name: str, default: int) -> int:
    value = section.get(name, default)
    if not isinstance(value, int) or value <= 0:
        raise CorruptModel(f"{name} is {value!r}, expected a positive integer.")
    return value


def _check_encoder(encoder: Mapping[str, Any]) -> None:
    """Refuse what the graph passes and the server's batching have not been proven for."""
    context = encoder.get("att_context_size")
    flat = context[0] if isinstance(context, list) and context and isinstance(context[0], list) else context
    style, causal = encoder.get("att_context_style", "regular"), encoder.get("causal_downsampling")
    if style != "regular" or causal or encoder.get("conv_context_size") not in (None, -1):
        raise UnsupportedModel(
            "Cache-aware streaming encoders (chunked attention, causal convolutions) are not exported."
        )
    if flat not in (None, [-1, -1]):
        raise UnsupportedModel(f"att_context_size {context}: only attention over the whole clip is exported.")
    for option, (default, *others) in ENCODER_OPTIONS.items():
        value = encoder.get(option, default)
        if value not in (default, *others):
            raise UnsupportedModel(
                f"encoder.{option} is {value!r}; exported: {', '.join(map(str, (default, *others)))}."
            )


def _vocabulary(
    config: Mapping[str, Any], decoder: Mapping[str, Any], *, bpe: bool
) -> tuple[tuple[str, ...], str | None]:
    pieces = decoder.get("vocabulary") or config.get("labels") or []
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise CorruptModel("decoder.vocabulary is not a list of pieces.")
    n_classes = decoder.get("num_classes")
    if pieces and n_classes not in (None, -1, len(pieces)):
        raise CorruptModel(f"decoder.vocabulary has {len(pieces)} pieces, but num_classes is {n_classes}.")
    if not bpe:
        if not pieces:
            raise CorruptModel("A character model needs decoder.vocabulary, which is missing.")
        return tuple(pieces), None
    tokenizer = _mapping(config, "tokenizer")
    if is_multilingual(config):
        return tuple(pieces), None
    if tokenizer.get("type") != "bpe":
        raise UnsupportedModel(f"tokenizer.type is {tokenizer.get('type')!r}; exported is SentencePiece (bpe).")
    reference = tokenizer.get("model_path")
    if not isinstance(reference, str):
        raise CorruptModel("tokenizer.model_path is missing.")
    return tuple(pieces), reference


def _features(section: Mapping[str, Any], nemo_version: str) -> FeatureSpec:
    for key, value in section.items():
        if key in FIXED_PREPROCESSING:
            if value not in FIXED_PREPROCESSING[key]:
                raise UnsupportedModel(f"preprocessor.{key} is {value!r}; served: {FIXED_PREPROCESSING[key][0]!r}.")
        elif key not in FREE_PREPROCESSING:
            raise UnsupportedModel(f"preprocessor.{key} is an option that is not known here.")
    rate = section.get("sample_rate", 16000)
    new = _version(nemo_version) >= NEW_FEATURES
    try:
        window = section.get("n_window_size") or int(section.get("window_size", 0.02) * rate)
        if section.get("highfreq") not in (None, 0) and section["highfreq"] * 2 != rate:
            raise UnsupportedModel(f"preprocessor.highfreq is {section['highfreq']!r}; served: half the sample rate.")
        return FeatureSpec(
            sample_rate=rate,
            window_samples=window,
            hop_samples=section.get("n_window_stride") or int(section.get("window_stride", 0.01) * rate),
            n_fft=section.get("n_fft") or 2 ** math.ceil(math.log2(window)),
            preemphasis=section.get("preemph", 0.97) or 0.0,
            n_mels=section.get("features", 64),
            log_zero_guard=section.get("log_zero_guard_value", 2**-24),
            deviation_epsilon=NORMALISATION_EPSILON,
            stft_pad_mode="constant" if new else "reflect",
            valid_frames="floor" if new else "floor_plus_one",
        )
    except (TypeError, ValueError, OverflowError, ValidationError) as error:
        raise CorruptModel(f"The preprocessor's configuration makes no sense: {error}.") from error


def _version(text: str) -> tuple[int, int]:
    """Major and minor; a model that does not say is from before NeMo wrote its version, 1.0."""
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
