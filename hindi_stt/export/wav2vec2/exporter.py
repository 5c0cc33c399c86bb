"""Exports the folder of a Wav2Vec2ForCTC model to a bundle, and verifies it against transformers."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

import onnx

from hindi_stt.bundle.folder import asset_of, write_manifest
from hindi_stt.bundle.manifest import (
    REPORT_FILE,
    AcousticSpec,
    Asset,
    Bundle,
    Identity,
    Manifest,
    Source,
    sha256_of,
)
from hindi_stt.errors import UnsupportedModel
from hindi_stt.evaluation.consistency import made_up_features
from hindi_stt.export.fidelity import Fidelity, measure_fidelity
from hindi_stt.export.onnx_files import save_onnx
from hindi_stt.export.report import judge
from hindi_stt.export.wav2vec2.config import Wav2Vec2Model, read_model
from hindi_stt.export.wav2vec2.graph import (
    INPUTS,
    OPSET,
    OUTPUT,
    TransformersAcoustic,
    export_onnx,
    load_model,
    quantize,
)

__all__ = ["export"]

_TOOLS: Final = ("transformers", "torch", "onnx", "onnxruntime")
# The largest Wav2Vec2ForCTC models for Hindi have 317 million. What is larger was never tried, and needs 16 GB or more.
_MAX_PARAMETERS: Final = 500_000_000
# Seconds of the clips that the bundle is verified with.
_DURATIONS_S: Final = (1, 2, 3, 5, 8, 12)


def export(
    source: Path, folder: Path, identity: Identity, *, precisions: tuple[str, ...] = ("fp32", "int8"), threads: int = 1
) -> tuple[Bundle, dict[str, Fidelity]]:
    """Export a model into a folder and verify the result. If anything fails, the folder is left without a bundle.

    fp32 stays the default precision: what int8 changes in texts has to be measured on real speech first.

    Args:
        source: The model's folder.
        folder: Where the bundle goes.
        identity: Name, language and licence of the bundle.
        precisions: The ONNX files to write, of "fp32" and "int8".
        threads: Threads of ONNX Runtime during the verification.

    Returns:
        The bundle, and how far each precision is from transformers.

    Raises:
        UnsupportedModel: The model or one of its options cannot be exported.
        UnsafeArchive: The weights hold code.
        CorruptModel: A file is missing or damaged, or the files do not fit each other.
        VerificationFailed: The fp32 model differs from transformers by more than the tolerance.
    """
    start_s = time.monotonic()
    model = read_model(source)
    loaded = load_model(source, model)
    n_parameters = sum(parameter.numel() for parameter in loaded.parameters())
    if n_parameters > _MAX_PARAMETERS:
        raise UnsupportedModel(
            f"The model has {n_parameters / 1e6:.0f} million parameters; models above 500 million were never exported."
        )
    exported = export_onnx(loaded, model)
    models = {"fp32": exported}
    if "int8" in precisions:
        models["int8"] = quantize(exported)
    with tempfile.TemporaryDirectory(prefix="hindi-stt-export-") as work:
        chosen = {name: models[name] for name in precisions}
        (made := Path(work, "bundle")).mkdir()  # the folder around it is for this user alone, and a copy would be, too
        bundle = _write(model, chosen, identity, made)
        reference = TransformersAcoustic(loaded, bundle.manifest.frame_shift_s)
        clips = made_up_features(bundle, _DURATIONS_S)
        fidelity = {p: measure_fidelity(bundle, p, reference, clips, threads=threads) for p in precisions}
        if "fp32" in fidelity:
            judge(fidelity["fp32"], None, "transformers")
        report = {
            "source": source.name,
            "n_parameters": n_parameters,
            "export_s": time.monotonic() - start_s,
            "fidelity": {name: dataclasses.asdict(found) for name, found in fidelity.items()},
        }
        (bundle.folder / REPORT_FILE).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        shutil.copytree(bundle.folder, folder, dirs_exist_ok=True)
    return Bundle.open(folder), fidelity


def _write(model: Wav2Vec2Model, models: dict[str, onnx.ModelProto], identity: Identity, folder: Path) -> Bundle:
    assets: list[Asset] = []
    for precision, graph in models.items():
        assets += save_onnx(graph, folder, precision)
    vocabulary = model.vocabulary
    tokens = "".join(f"{piece} {i}\n" for i, piece in enumerate(vocabulary.pieces))
    (folder / "tokens.txt").write_text(tokens, encoding="utf-8")
    assets.append(asset_of(folder / "tokens.txt", "tokens", "ctc"))
    manifest = Manifest(
        name=identity.name,
        language=identity.language,
        licence=identity.licence,
        description=identity.description,
        source=Source(
            file=model.weights.name,
            sha256=sha256_of(model.weights),
            framework=f"transformers {version('transformers')}",
        ),
        tools={**{tool: version(tool) for tool in _TOOLS}, "opset": str(OPSET)},
        features=model.features,
        acoustic=AcousticSpec(
            features_input=INPUTS[0],
            length_input=INPUTS[1],
            log_probs_output=OUTPUT,
            n_classes=len(vocabulary.pieces),
            blank_id=vocabulary.blank_id,
            subsampling=math.prod(stride for _, stride in model.convolutions),
            batched=model.masked,
            convolutions=model.convolutions,
            special_ids=vocabulary.special_ids,
        ),
        assets=tuple(assets),
        default_precision="fp32" if "fp32" in models else next(iter(models)),
    )
    write_manifest(manifest, folder)
    return Bundle.open(folder)
