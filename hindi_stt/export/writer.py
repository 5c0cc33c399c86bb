"""The bundle's folder: every asset, and the manifest that names them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import yaml

from hindi_stt.bundle.folder import asset_of, write_manifest
from hindi_stt.bundle.manifest import (
    BLANK,
    WEIGHTS_ROLE,
    AcousticSpec,
    Asset,
    Bundle,
    Identity,
    Manifest,
    Source,
)
from hindi_stt.export.config import ModelConfig
from hindi_stt.export.onnx_files import MAX_INLINE_BYTES, save_onnx, size_of_weights
from hindi_stt.export.onnx_model import INPUTS, OPSET, OUTPUT, check
from hindi_stt.export.passes.half import store_half
from hindi_stt.export.shared_weights import save_with_weights, weights_file
from hindi_stt.types import WORD_MARK, Float32

__all__ = ["BundleContent", "Identity", "set_default_precision", "write_bundle"]

TOOLS: Final = ("nemo_toolkit", "torch", "onnx", "onnxruntime")


@dataclass(frozen=True, slots=True)
class BundleContent:
    """Everything that goes into a bundle.

    Attributes:
        identity: Name, language and licence.
        source: Where the model came from.
        config: What `read_config` read.
        models: ONNX model by precision.
        pieces: The subword tokens without the blank.
        filterbank: Mel filters, float32 [mels, bins].
        tokenizer: The SentencePiece model; None for a character model.
        nemo_config: See `nemo_model.nemo_config`.
        half: Store the weights as float16.
        extra_tools: Versions of further tools that took part, by name.
    """

    identity: Identity
    source: Source
    config: ModelConfig
    models: Mapping[str, onnx.ModelProto]
    pieces: tuple[str, ...]
    filterbank: Float32
    tokenizer: Path | None
    nemo_config: dict[str, Any]
    half: bool = False
    extra_tools: dict[str, str] = field(default_factory=dict)


def write_bundle(content: BundleContent, folder: Path) -> Bundle:
    """Write a bundle into a folder, and open it.

    Args:
        content: Everything that goes into it.
        folder: A folder without a bundle; created if missing.

    Returns:
        The opened bundle.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = content.config
    assets: list[Asset] = []
    for precision, model in content.models.items():
        assets += _save_onnx(content, precision, model, folder)
    np.save(folder / "filterbank.npy", content.filterbank)
    tokens = "".join(f"{_token(piece)} {i}\n" for i, piece in enumerate((*content.pieces, BLANK)))
    runtime = {
        "model_type": "nemo-conformer-ctc",
        "features_size": config.features.n_mels,
        "subsampling_factor": config.subsampling,
    }
    for role, name, file, text in (
        ("tokens", "ctc", "tokens.txt", tokens),
        ("nemo_config", "yaml", "nemo_config.yaml", yaml.safe_dump(content.nemo_config, allow_unicode=True)),
        ("runtime_config", "onnx-asr", "config.json", json.dumps(runtime, indent=2) + "\n"),
        ("runtime_tokens", "onnx-asr", "vocab.txt", tokens),
    ):
        (folder / file).write_text(text, encoding="utf-8")
        assets.append(asset_of(folder / file, role, name))
    assets.append(asset_of(folder / "filterbank.npy", "filterbank", "mel"))
    if content.tokenizer is not None:
        shutil.copyfile(content.tokenizer, folder / "tokenizer.model")
        assets.append(asset_of(folder / "tokenizer.model", "tokenizer", "sentencepiece"))
    manifest = Manifest(
        name=content.identity.name,
        language=content.identity.language,
        licence=content.identity.licence,
        description=content.identity.description,
        source=content.source,
        tools={**{tool: version(tool) for tool in TOOLS}, "opset": str(OPSET), **content.extra_tools},
        features=config.features,
        acoustic=AcousticSpec(
            features_input=INPUTS[0],
            length_input=INPUTS[1],
            log_probs_output=OUTPUT,
            n_classes=len(content.pieces) + 1,
            blank_id=len(content.pieces),
            subsampling=config.subsampling,
        ),
        assets=tuple(assets),
        default_precision="fp32" if "fp32" in content.models else next(iter(content.models)),
    )
    write_manifest(manifest, folder)
    return Bundle.open(folder)


def set_default_precision(bundle: Bundle, precision: str) -> Bundle:
    """Change a bundle's default precision in its manifest.

    Args:
        bundle: The bundle.
        precision: One of its precisions.

    Returns:
        The bundle, opened again.
    """
    write_manifest(bundle.manifest.model_copy(update={"default_precision": precision}), bundle.folder)
    return Bundle.open(bundle.folder)


def _token(piece: str) -> str:
    """Character models write the space between words as itself, everything else as SentencePiece's mark."""
    return WORD_MARK if piece == " " else piece


def _save_onnx(content: BundleContent, precision: str, model: onnx.ModelProto, folder: Path) -> list[Asset]:
    """Checked, and with the metadata by which sherpa-onnx knows a NeMo CTC model."""
    model = store_half(model) if content.half else model
    if size_of_weights(model) <= MAX_INLINE_BYTES:
        model = check(model)
    config = content.config
    metadata = {
        "model_type": "EncDecCTCModelBPE" if content.tokenizer else "EncDecCTCModel",
        "vocab_size": str(len(content.pieces)),
        "subsampling_factor": str(config.subsampling),
        "normalize_type": config.features.normalize,
        "version": "1",
        "language": content.identity.language,
        "licence": content.identity.licence,
        "precision": precision,
        "source_sha256": content.source.sha256,
        # So that the file alone is enough for `hindi-stt models get FOLDER`.
        "features": config.features.model_dump_json(),
    }
    model.graph.name = content.identity.name
    if config.language_head is None:
        return save_onnx(model, folder, precision, metadata, max_inline_bytes=MAX_INLINE_BYTES)
    onnx.helper.set_model_props(model, metadata)
    file, weights = folder / f"model.{precision}.onnx", folder / weights_file(precision)
    save_with_weights(model, file, weights)
    return [
        asset_of(file, "acoustic", precision),
        asset_of(weights, WEIGHTS_ROLE, f"{precision}:{weights.name}"),
    ]
