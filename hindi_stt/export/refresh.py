"""A bundle of an earlier version, with the graph passes that came after it; the .nemo file is not needed.

The weights stay as they are stored. The fp32 form gets the later passes, the int8 form is made from it anew, and both
are verified against NeMo's own model, rebuilt from the bundle, before anything is written.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import onnx

from hindi_stt.bundle.folder import write_manifest
from hindi_stt.bundle.manifest import REPORT_FILE, WEIGHTS_ROLE, Asset, Bundle, sha256_of
from hindi_stt.errors import BundleInvalid
from hindi_stt.evaluation.consistency import made_up_features
from hindi_stt.export.int8 import quantize
from hindi_stt.export.onnx_model import LATER_PASSES, check
from hindi_stt.export.rebuild import rebuild
from hindi_stt.export.report import judge
from hindi_stt.export.shared_weights import save_with_weights
from hindi_stt.export.verify import NemoAcoustic, measure_fidelity
from hindi_stt.inference.acoustic import weights_bytes

__all__ = ["refresh"]

NEEDED: Final = "fp32"


def refresh(bundle: Bundle, folder: Path, *, threads: int = 1) -> tuple[Bundle, dict[str, Any]]:
    """Write the bundle anew into a folder, with every pass of this version.

    Args:
        bundle: With an fp32 form, which everything is made from.
        folder: To write into; the bundle's own stays as it is.
        threads: For the verification.

    Returns:
        The new bundle and its report, which is the old one with what was measured again.

    Raises:
        BundleInvalid: There is no fp32 form, or weights are missing from it.
        VerificationFailed: The new fp32 form is not its NeMo model; nothing is written.
    """
    if NEEDED not in bundle.manifest.precisions:
        raise BundleInvalid(f"{bundle.folder} has no {NEEDED} form, from which the others are made.")
    with tempfile.TemporaryDirectory(prefix="hindi-stt-refresh-") as work:
        made = Path(work, "bundle")
        shutil.copytree(bundle.folder, made)
        nodes = _write_models(bundle, made)
        refreshed = _with_checksums(bundle, made)
        reference = NemoAcoustic(rebuild(made), bundle.manifest.frame_shift_s)
        clips = made_up_features(refreshed)
        fidelity = {
            p: measure_fidelity(refreshed, p, reference, clips, threads=threads) for p in bundle.manifest.precisions
        }
        judge(fidelity[NEEDED], None)
        report = _report(refreshed, nodes) | {"fidelity": {p: dataclasses.asdict(f) for p, f in fidelity.items()}}
        (made / REPORT_FILE).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        shutil.copytree(made, folder, dirs_exist_ok=True)
    return Bundle.open(folder), report


def _write_models(bundle: Bundle, folder: Path) -> dict[str, int]:
    """Write each precision's ONNX file; returns the number of nodes before and after each pass of the fp32 form."""
    model = onnx.load(str(bundle.path("acoustic", NEEDED)))
    nodes = {"before": len(model.graph.node)}
    for step in LATER_PASSES:
        model = step(model)
        nodes[step.__name__] = len(model.graph.node)
    for precision in bundle.manifest.precisions:
        file = bundle.path("acoustic", precision)
        form = check(model if precision == NEEDED else quantize(model))
        kept = onnx.load(str(file), load_external_data=False).metadata_props
        onnx.helper.set_model_props(form, {entry.key: entry.value for entry in kept})
        form.graph.name = bundle.manifest.name
        weights = [
            a.file for a in bundle.manifest.assets if a.role == WEIGHTS_ROLE and a.name == f"{precision}:{a.file}"
        ]
        if weights:
            save_with_weights(form, folder / file.name, folder / weights[0])
        else:
            onnx.save(form, str(folder / file.name))
    return nodes


def _with_checksums(bundle: Bundle, folder: Path) -> Bundle:
    assets: list[Asset] = [
        asset.model_copy(update={"sha256": sha256_of(folder / asset.file)}) for asset in bundle.manifest.assets
    ]
    write_manifest(bundle.manifest.model_copy(update={"assets": tuple(assets)}), folder)
    return Bundle.open(folder)


def _report(bundle: Bundle, nodes: dict[str, int]) -> dict[str, Any]:
    file = bundle.folder / REPORT_FILE
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    sizes = {p: weights_bytes(bundle.with_precision(p)) for p in bundle.manifest.precisions}
    return report | {"bytes": sizes, "nodes": report.get("nodes", {}) | nodes}
