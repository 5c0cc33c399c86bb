"""From ONNX files that others published to a bundle, by ONNX Runtime alone."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from hindi_stt.bundle.folder import asset_of, write_manifest
from hindi_stt.bundle.manifest import (
    REPORT_FILE,
    WEIGHTS_ROLE,
    AcousticSpec,
    Asset,
    Bundle,
    FeatureSpec,
    Identity,
    Manifest,
    Source,
    sha256_of,
)
from hindi_stt.catalogue.file_kinds import refuse_page_file
from hindi_stt.catalogue.graph_probe import Graph, Probe
from hindi_stt.catalogue.join_graphs import join_graphs
from hindi_stt.catalogue.languages import LanguageClasses, read_language_classes
from hindi_stt.catalogue.layouts import Layout, external_files, find_layout
from hindi_stt.catalogue.mel_filters import slaney_filterbank
from hindi_stt.catalogue.presets import FEATURES_FILE, PRESETS, get_preset, parse_features, read_features
from hindi_stt.catalogue.vocabulary import read_vocabulary
from hindi_stt.errors import CorruptModel, FeaturesUnknown, UnsupportedModel, VerificationFailed, needing_room
from hindi_stt.evaluation.consistency import MAX_BATCH_DELTA, Consistency, check_consistency

__all__ = ["Identity", "import_onnx"]

# Of the graph's metadata: the fields of FeatureSpec as JSON, as this project's exporter writes them.
_FEATURES_KEY: Final = "features"
_CTC_MODELS: Final = ("EncDecCTCModel", "EncDecCTCModelBPE", "EncDecHybridRNNTCTCModel", "EncDecHybridRNNTCTCBPEModel")


def import_onnx(
    folder: Path, output: Path, identity: Identity, *, preset: str = "", threads: int = 1
) -> tuple[Bundle, tuple[str, ...]]:
    """Make a bundle from published ONNX files, and verify that it agrees with itself.

    Args:
        folder: The files, in one of the layouts of `layouts.py`.
        output: Where the bundle goes; a folder that does not exist.
        identity: Name, language, licence and description of the bundle; of a model for several languages, the bundle
            has the classes of this one.
        preset: Feature parameters by name, where the files do not tell them.
        threads: Threads of ONNX Runtime during verification.

    Returns:
        The bundle, and warnings about files that were not taken.

    Raises:
        SourceUnavailable: The folder has no model.
        NotAModelFile: A file is a web page, or the pointer of a file in Git LFS.
        CorruptModel: A file is damaged, or the files contradict each other.
        UnsupportedModel: It is a model of another kind.
        LanguageNotInModel: A model for several languages does not have the one of `identity`.
        FeaturesUnknown: Neither the files nor `preset` tell the feature parameters.
        ExportEnvironmentMissing: An encoder/decoder pair, without the package onnx to join it.
        VerificationFailed: Probabilities of a precision do not sum to 1, or a clip's depend on other clips.
        StorageFull: The disk is full.
    """
    layout = find_layout(folder)
    for path in _files(layout):
        refuse_page_file(path)
    with tempfile.TemporaryDirectory(prefix="hindi-stt-import-") as work, needing_room("the bundle"):
        language = _language(layout, identity.language)
        models, max_steps = _joined(layout, language, Path(work))
        graphs, warnings = _open_graphs(models)
        warnings += [f"{name} is not a part of the bundle." for name in layout.unused]
        features = _features(folder, layout, graphs, preset)
        probe = _probe(graphs, features, layout, warnings)
        vocabulary = _vocabulary(layout, language, probe)
        made = Path(work, "bundle")
        made.mkdir()
        batched = language is None and all(graph.runs_batches(features.n_mels) for graph in graphs.values())
        acoustic = _acoustic(next(iter(graphs.values())), probe, vocabulary[1], max_steps, batched=batched)
        assets = _write_assets(made, graphs, vocabulary[0], features)
        graphs.clear()  # of a large model, each open graph takes gigabytes
        write_manifest(_manifest(layout, identity, features, acoustic, assets), made)
        report = _verified(made, threads)
        _write_report(made, layout, report, warnings)
        shutil.move(made, output)
    return Bundle.open(output), tuple(warnings)


def _files(layout: Layout) -> list[Path]:
    """The files of a model; of weights beside the graph those with a common name."""
    graphs = [*layout.models.values(), *filter(None, [layout.decoder])]
    beside = [path for graph in graphs for path in external_files(graph)]
    named = [layout.vocabulary, *filter(None, [layout.language_masks])]
    return [path for path in (*graphs, *beside, *named) if path.is_file()]


def _language(layout: Layout, language: str) -> LanguageClasses | None:
    if layout.language_masks is None:
        return None
    return read_language_classes(layout.language_masks, layout.vocabulary, language)


def _joined(layout: Layout, language: LanguageClasses | None, work: Path) -> tuple[dict[str, Path], int | None]:
    """The graphs by precision, those of a pair as one, and the most encoded frames of a clip."""
    if layout.decoder is None:
        return dict(layout.models), None
    joined = join_graphs(layout.models["fp32"], layout.decoder, work / "model.onnx", language)
    return {"fp32": joined.path}, joined.max_steps


def _vocabulary(layout: Layout, language: LanguageClasses | None, probe: Probe) -> tuple[tuple[str, ...], int]:
    """The piece of each class, and the class of the blank."""
    if language is None:
        return read_vocabulary(layout.vocabulary, probe.n_classes)
    return language.pieces, len(language.pieces) - 1


def _open_graphs(models: Mapping[str, Path]) -> tuple[dict[str, Graph], list[str]]:
    """The graphs that ONNX Runtime opens; one that it does not is left out if there is another."""
    graphs: dict[str, Graph] = {}
    failures: list[CorruptModel] = []
    for precision, path in models.items():
        try:
            graphs[precision] = Graph(path)
        except CorruptModel as error:
            failures.append(error)
    if not graphs:
        raise failures[0]
    return graphs, [f"Left out: {error.message}" for error in failures]


def _probe(graphs: dict[str, Graph], features: FeatureSpec, layout: Layout, warnings: list[str]) -> Probe:
    """Run each graph; they must agree with each other, and with what the files say."""
    probes: dict[str, Probe] = {}
    for precision, graph in list(graphs.items()):
        try:
            probes[precision] = graph.probe(features.n_mels)
        except CorruptModel as error:  # an operator of this precision that the CPU lacks, for instance
            if len(graphs) == 1:
                raise
            warnings.append(f"Left out: {error.message}")
            del graphs[precision]
    if len(set(probes.values())) != 1:
        raise CorruptModel(f"{' and '.join(g.path.name for g in graphs.values())} have other classes or frames.")
    probe = next(iter(probes.values()))
    said = [layout.config.get("subsampling_factor"), *(g.metadata.get("subsampling_factor") for g in graphs.values())]
    for factor in said:
        if factor is not None and str(factor) != str(probe.subsampling):
            raise CorruptModel(f"The files say subsampling_factor {factor}, but the graph has {probe.subsampling}.")
    return probe


def _features(folder: Path, layout: Layout, graphs: Mapping[str, Graph], preset: str) -> FeatureSpec:
    """From the preset, from features.json, or from the metadata; checked against whatever else is said."""
    graph = next(iter(graphs.values()))
    _refuse_other_features(graph)
    if preset:
        spec, where = get_preset(preset), f"the preset {preset}"
    elif (folder / FEATURES_FILE).is_file():
        spec, where = read_features(folder / FEATURES_FILE), FEATURES_FILE
    elif text := graph.metadata.get(_FEATURES_KEY):
        spec, where = parse_features(text, f"{graph.path.name}, metadata {_FEATURES_KEY}"), "the metadata"
    else:
        bands = graph.n_mels or layout.config.get("features_size", "an unknown number of")
        raise FeaturesUnknown(
            f"{folder} does not tell how the features are computed, but for {bands} mel bands: above all whether the "
            f"model was trained before NeMo 2.5 (names without -2.5) or later. Presets: {', '.join(PRESETS)}."
        )
    for said in (graph.n_mels, layout.config.get("features_size"), graph.metadata.get("feat_dim")):
        if said is not None and str(said) != str(spec.n_mels):
            raise CorruptModel(f"{where} has {spec.n_mels} mel bands, but the model takes {said}.")
    return spec


def _refuse_other_features(graph: Graph) -> None:
    normalize = graph.metadata.get("normalize_type")
    if normalize not in {None, "per_feature"}:
        raise UnsupportedModel(f"{graph.path.name}: features are normalised {normalize!r}; served is 'per_feature'.")
    kind = graph.metadata.get("model_type")
    if kind is not None and kind not in _CTC_MODELS:
        raise UnsupportedModel(f"{graph.path.name} says model_type {kind!r}; served are {', '.join(_CTC_MODELS)}.")
    if graph.metadata.get("is_giga_am") == "1":
        raise UnsupportedModel(f"{graph.path.name} is a GigaAM model, whose features are others than NeMo's.")


def _write_assets(
    folder: Path, graphs: Mapping[str, Graph], pieces: Sequence[str], features: FeatureSpec
) -> tuple[Asset, ...]:
    tokens = "".join(f"{piece} {i}\n" for i, piece in enumerate(pieces))
    (folder / "tokens.txt").write_text(tokens, encoding="utf-8")
    np.save(folder / "filterbank.npy", slaney_filterbank(features.sample_rate, features.n_fft, features.n_mels))
    named = [("tokens", "ctc", "tokens.txt"), ("filterbank", "mel", "filterbank.npy")]
    for precision, graph in graphs.items():
        _take(graph.path, folder / f"model.{precision}.onnx")
        named.append(("acoustic", precision, f"model.{precision}.onnx"))
        for path in external_files(graph.path):  # the graph names them, so they keep their names
            _take(path, folder / path.name)
            named.append((WEIGHTS_ROLE, f"{precision}:{path.name}", path.name))
    return tuple(asset_of(folder / file, role, name) for role, name, file in named)


def _take(file: Path, target: Path) -> None:
    """Copy a file; one that was made here, beside the target's folder, is moved."""
    if file.parent == target.parent.parent:
        file.rename(target)
    else:
        shutil.copyfile(file, target)


def _acoustic(graph: Graph, probe: Probe, blank: int, max_steps: int | None, *, batched: bool) -> AcousticSpec:
    return AcousticSpec(
        features_input=graph.features_input,
        length_input=graph.length_input,
        log_probs_output=graph.output,
        n_classes=probe.n_classes,
        blank_id=blank,
        subsampling=probe.subsampling,
        batched=batched,
        max_frames=max_steps * probe.subsampling if max_steps else None,
    )


def _manifest(
    layout: Layout, identity: Identity, features: FeatureSpec, acoustic: AcousticSpec, assets: tuple[Asset, ...]
) -> Manifest:
    source = next(iter(layout.models.values()))
    precisions = [asset.name for asset in assets if asset.role == "acoustic"]
    return Manifest(
        name=identity.name,
        language=identity.language,
        licence=identity.licence,
        description=identity.description,
        source=Source(file=source.name, sha256=sha256_of(source), framework="nemo, published as ONNX"),
        tools={"onnxruntime": version("onnxruntime")},
        features=features,
        acoustic=acoustic,
        default_precision="fp32" if "fp32" in precisions else precisions[0],
        assets=assets,
    )


def _verified(folder: Path, threads: int) -> Sequence[Consistency]:
    """Check that the bundle agrees with itself; where a batch changes a clip, its clips are run alone from now on."""
    bundle = Bundle.open(folder)
    found = check_consistency(bundle, threads=threads)
    if any(one.max_batch_delta > MAX_BATCH_DELTA for one in found):
        acoustic = bundle.manifest.acoustic.model_copy(update={"batched": False})
        write_manifest(bundle.manifest.model_copy(update={"acoustic": acoustic}), folder)
        found = check_consistency(Bundle.open(folder), threads=threads)
    wrong = [one.precision for one in found if not one.sound]
    if wrong:
        raise VerificationFailed(f"{', '.join(wrong)}: probabilities do not sum to 1, or other clips change a clip's.")
    return found


def _write_report(folder: Path, layout: Layout, found: Sequence[Consistency], warnings: Sequence[str]) -> None:
    files = [*layout.models.values(), layout.vocabulary, *filter(None, [layout.decoder, layout.language_masks])]
    report = {
        "imported": {path.name: sha256_of(path) for path in files},
        "consistency": [dataclasses.asdict(one) for one in found],
        "warnings": list(warnings),
    }
    (folder / REPORT_FILE).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
