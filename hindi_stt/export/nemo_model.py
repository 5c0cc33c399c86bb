"""Builds a NeMo CTC model from an unpacked and checked archive, without running code from the archive."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import torch
from nemo.collections.asr.models import EncDecCTCModel, EncDecCTCModelBPE
from omegaconf import OmegaConf

from hindi_stt.errors import CorruptModel, UnsafeArchive, UnsupportedModel
from hindi_stt.export.archive import Archive
from hindi_stt.export.config import ModelConfig
from hindi_stt.export.language_head import LanguageHead
from hindi_stt.types import Float32

__all__ = [
    "build_nemo_model",
    "computed_by_configuration",
    "load_model",
    "nemo_config",
    "read_pieces",
    "state_arrays",
]


def load_model(archive: Archive, config: ModelConfig) -> EncDecCTCModel:
    """Load the archive's model on the CPU in evaluation mode; of a hybrid its CTC branch, as a plain CTC model.

    Of a head for several languages it has the part of `config.language_head`.

    Args:
        archive: The unpacked .nemo file.
        config: What `read_config` read from it.

    Returns:
        The NeMo model.

    Raises:
        UnsafeArchive: The checkpoint holds code.
        CorruptModel: The parts of the archive do not match each other.
        UnsupportedModel: This NeMo cannot build the model, or its STFT window is not a Hann window.
    """
    tokenizer = archive.artifact(config.tokenizer) if config.tokenizer else None
    pieces = read_pieces(tokenizer) if tokenizer else config.vocabulary
    if config.vocabulary and tuple(config.vocabulary) != pieces:
        raise CorruptModel(
            f"The tokenizer's {len(pieces)} pieces are not the {len(config.vocabulary)} of decoder.vocabulary."
        )
    model = build_nemo_model(nemo_config(config, pieces), tokenizer, pieces)
    _load_weights(model, _read_weights(archive.weights), config)
    window = model.preprocessor.featurizer.window.numpy()
    if not np.allclose(window, np.hanning(config.features.window_samples), atol=1e-6):
        raise UnsupportedModel("The model's STFT window is not the Hann window that its configuration names.")
    return model.eval()


def nemo_config(config: ModelConfig, pieces: tuple[str, ...]) -> dict[str, Any]:
    """Return the smallest configuration from which NeMo builds the model again.

    Args:
        config: What `read_config` read.
        pieces: The subword tokens without the blank.

    Returns:
        A model configuration as plain data.
    """
    encoder = dict(config.encoder)
    encoder.pop("use_pytorch_sdpa", None)  # the same attention, written in a way that the graph passes do not know
    decoder = {**config.decoder, "num_classes": len(pieces), "vocabulary": list(pieces)}
    return {
        "sample_rate": config.features.sample_rate,
        "nemo_version": config.nemo_version,
        "preprocessor": config.preprocessor,
        "encoder": encoder,
        "decoder": decoder,
    }


def build_nemo_model(config: dict[str, Any], tokenizer: Path | None, pieces: tuple[str, ...]) -> EncDecCTCModel:
    """Build a NeMo model with freshly initialised weights.

    Args:
        config: See `nemo_config`.
        tokenizer: A SentencePiece model; None for a character model.
        pieces: The subword tokens without the blank.

    Returns:
        The model.

    Raises:
        UnsupportedModel: This NeMo cannot build it.
    """
    cfg = OmegaConf.create(config)
    try:
        if tokenizer is None:
            return EncDecCTCModel(cfg=cfg)
        with tempfile.TemporaryDirectory() as folder:
            vocabulary = Path(folder, "vocab.txt")
            vocabulary.write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
            paths = {"model_path": str(tokenizer), "vocab_path": str(vocabulary)}
            cfg = OmegaConf.merge(cfg, {"tokenizer": {"dir": folder, "type": "bpe", **paths}})
            return EncDecCTCModelBPE(cfg=cfg)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        raise UnsupportedModel(f"NeMo cannot build this model: {error}") from error


def read_pieces(tokenizer: Path) -> tuple[str, ...]:
    """Read the pieces of a SentencePiece model.

    Args:
        tokenizer: Path of the SentencePiece model.

    Returns:
        The pieces in the order of their ids.

    Raises:
        CorruptModel: The file is not a SentencePiece model.
    """
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(tokenizer.read_bytes())
    except RuntimeError as error:
        raise CorruptModel(f"{tokenizer.name} is not a SentencePiece model.") from error
    return tuple(processor.id_to_piece(i) for i in range(processor.get_piece_size()))


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnsafeArchive(f"{path.name} holds more than tensors: loading it would run code.") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise CorruptModel(f"{path.name} cannot be read: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise CorruptModel(f"{path.name} is not a state dict.")
    return state


def _load_weights(model: EncDecCTCModel, state: dict[str, torch.Tensor], config: ModelConfig) -> None:
    if config.hybrid:
        state = {key: value for key, value in state.items() if not key.startswith("decoder.")}
        state = {key.replace("ctc_decoder.", "decoder.", 1): value for key, value in state.items()}
    own = model.state_dict()
    state = {key: value for key, value in state.items() if key.startswith(("encoder.", "decoder.", "preprocessor."))}
    if config.language_head is not None:
        state = _of_one_language(state, config.language_head)
    # A table of positions that older versions saved; it is computed.
    state = {key: value for key, value in state.items() if not key.endswith("pos_enc.pe")}
    missing = [key for key in own if key not in state and not computed_by_configuration(key)]
    strange = [key for key in state if key not in own and not computed_by_configuration(key)]
    if missing or strange:
        raise CorruptModel(
            f"The weights do not fit the configuration: {len(missing)} missing ({', '.join(missing[:3])}), "
            f"{len(strange)} unknown ({', '.join(strange[:3])})."
        )
    for key, value in state.items():
        if key in own and own[key].shape != value.shape:
            raise CorruptModel(f"{key} is {list(value.shape)}, the configuration says {list(own[key].shape)}.")
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise CorruptModel(f"{key} has values that are not finite.")
    model.load_state_dict(state, strict=False)


def _of_one_language(state: dict[str, torch.Tensor], head: LanguageHead) -> dict[str, torch.Tensor]:
    """The state with the head's rows of one language and the blank: the softmax over them is the fork's."""
    sliced = dict(state)
    for key, value in state.items():
        if key.startswith("decoder."):
            if not value.shape or value.shape[0] != head.n_rows:
                raise CorruptModel(f"{key} is {list(value.shape)}, the configuration says {head.n_rows} rows.")
            sliced[key] = value[head.rows].clone()
    return sliced


def computed_by_configuration(key: str) -> bool:
    """Whether a state-dict entry follows from the configuration alone."""
    return key.startswith(("preprocessor.", "spec_augmentation.", "loss."))


def state_arrays(model: EncDecCTCModel) -> dict[str, Float32]:
    """Return the state dict as float32 arrays, in NeMo's shapes."""
    return {key: value.float().numpy() for key, value in model.state_dict().items()}
