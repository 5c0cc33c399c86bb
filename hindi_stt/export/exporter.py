"""Exports a NeMo model to a verified bundle, step by step."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from nemo.collections.asr.models import EncDecCTCModel

from hindi_stt.bundle.manifest import Bundle, Source
from hindi_stt.evaluation.consistency import made_up_features
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.metrics import compare, error_rate
from hindi_stt.evaluation.run import Run
from hindi_stt.export.archive import unpack
from hindi_stt.export.config import ModelConfig, read_config
from hindi_stt.export.int8 import quantize
from hindi_stt.export.nemo_model import load_model, nemo_config
from hindi_stt.export.onnx_model import OnnxExport, export_onnx
from hindi_stt.export.rebuild import rebuild
from hindi_stt.export.report import Report, Speech, choose_precision, judge
from hindi_stt.export.sources import LocalSource
from hindi_stt.export.verify import Fidelity, NemoAcoustic, measure_fidelity, transcribe_with
from hindi_stt.export.writer import BundleContent, Identity, set_default_precision, write_bundle
from hindi_stt.inference.acoustic import LocalAcoustic, weights_bytes
from hindi_stt.types import Features

__all__ = ["Options", "export"]

N_TIMINGS = 7
TIMED_S = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    """Options of one export.

    Attributes:
        identity: Name, language and licence of the bundle; see `Identity`.
        precisions: The ONNX files to write, of "fp32" and "int8".
        half: Round the weights to float16 and store them in that form.
        utterances: Real speech to verify with.
        threads: Threads of ONNX Runtime during verification.
    """

    identity: Identity
    precisions: tuple[str, ...] = ("fp32", "int8")
    half: bool = False
    utterances: Sequence[Utterance] = ()
    threads: int = 1


def export(source: LocalSource, folder: Path, options: Options) -> tuple[Bundle, Report]:
    """Export a NeMo model into a folder and verify the result against NeMo.

    If anything fails, the folder is left without a bundle.

    Args:
        source: The .nemo file.
        folder: Where the bundle goes.
        options: See `Options`.

    Returns:
        The bundle and the verification report.

    Raises:
        UnsafeArchive: The archive holds code or paths outside its folder.
        CorruptModel: The archive is damaged, or its parts do not match.
        UnsupportedModel: The architecture cannot be exported.
        LanguageNotInModel: A model for several languages does not have the one of the identity.
        VerificationFailed: The fp32 model differs from NeMo by more than the tolerance.
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hindi-stt-export-") as work:
        archive = unpack(source.path, Path(work, "nemo"))
        config = read_config(archive.config, options.identity.language)
        nemo = load_model(archive, config)
        tokenizer = archive.artifact(config.tokenizer) if config.tokenizer else None
        # NeMo's exporter changes the model in places, so it gets one of its own.
        exported = export_onnx(load_model(archive, config))
        bundle = write_bundle(_content(source, options, config, nemo, exported, tokenizer), Path(work, "bundle"))
        export_s = time.monotonic() - start
        bundle, report = _verify(source, options, bundle, nemo, exported, export_s)
        report.write(bundle.folder)
        shutil.copytree(bundle.folder, folder, dirs_exist_ok=True)
    return Bundle.open(folder), report


def _content(
    source: LocalSource,
    options: Options,
    config: ModelConfig,
    nemo: EncDecCTCModel,
    exported: OnnxExport,
    tokenizer: Path | None,
) -> BundleContent:
    pieces = tuple(nemo.cfg.decoder.vocabulary)
    models: dict[str, onnx.ModelProto] = {"fp32": exported.model}
    if "int8" in options.precisions:
        models["int8"] = quantize(exported.model)
    return BundleContent(
        identity=options.identity,
        source=Source(file=source.path.name, sha256=source.sha256, framework=f"nemo {config.nemo_version}".strip()),
        config=config,
        models={name: models[name] for name in options.precisions},
        pieces=pieces,
        filterbank=nemo.preprocessor.featurizer.filter_banks[0].numpy().astype(np.float32),
        tokenizer=tokenizer,
        nemo_config=nemo_config(config, pieces),
        half=options.half,
    )


def _verify(
    source: LocalSource, options: Options, bundle: Bundle, nemo: EncDecCTCModel, exported: OnnxExport, export_s: float
) -> tuple[Bundle, Report]:
    """Measure the bundle against NeMo, choose its default precision, and return both with the report."""
    precisions = bundle.manifest.precisions
    # Rounded weights are compared with NeMo running the same ones; the effect of rounding is measured separately.
    rounded = options.half and "fp32" in precisions
    original = NemoAcoustic(nemo, bundle.manifest.frame_shift_s)
    reference = NemoAcoustic(rebuild(bundle.folder), original.frame_shift_s) if rounded else original
    clips = made_up_features(bundle)

    def fidelity_of(precision: str, acoustic: NemoAcoustic) -> Fidelity:
        return measure_fidelity(bundle, precision, acoustic, clips, threads=options.threads)

    fidelity = {precision: fidelity_of(precision, reference) for precision in precisions}
    speech = _speech(bundle, original, reference, options) if options.utterances else None
    if "fp32" in fidelity:
        judge(fidelity["fp32"], speech)
    milliseconds = _milliseconds(bundle, clips)
    precision, reason = choose_precision(speech, milliseconds, available=tuple(precisions))
    bundle = set_default_precision(bundle, precision)
    report = Report(
        source=source.path.name,
        n_parameters=sum(parameter.numel() for parameter in nemo.parameters()),
        exporter=exported.exporter,
        nodes=dict(exported.nodes),
        bytes={p: weights_bytes(bundle.with_precision(p)) for p in precisions},
        export_s=export_s,
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        fidelity=fidelity,
        rounding=fidelity_of("fp32", original) if rounded else None,
        milliseconds_per_10_s=milliseconds,
        speech=speech,
        default_precision=precision,
        reason=reason,
    )
    return bundle, report


def _speech(bundle: Bundle, original: NemoAcoustic, reference: NemoAcoustic, options: Options) -> Speech:
    """NeMo's text, and each precision's, on the given recordings."""
    utterances = options.utterances
    acoustics: Mapping[str, LocalAcoustic] = {
        p: LocalAcoustic(bundle, threads=options.threads, precision=p) for p in bundle.manifest.precisions
    }
    expected = transcribe_with(bundle, reference, utterances, "NeMo")
    unrounded = expected if original is reference else transcribe_with(bundle, original, utterances, "NeMo, unrounded")
    runs = {name: transcribe_with(bundle, acoustic, utterances, name) for name, acoustic in acoustics.items()}
    fp32, int8 = runs.get("fp32"), runs.get("int8")
    known = [i for i, utterance in enumerate(utterances) if utterance.text]
    references = [utterances[i].text for i in known]

    def scored(texts: Sequence[str]) -> list[str]:
        return [texts[i] for i in known]

    return Speech(
        n_clips=len(utterances),
        speech_s=expected.speech_s,
        texts_differ=_n_different(expected, fp32) if fp32 else 0,
        rounding_changes=_n_different(expected, unrounded),
        int8_text_wer=error_rate(fp32.texts, int8.texts, "raw").wer if fp32 and int8 and any(fp32.texts) else None,
        error_rates={name: error_rate(references, scored(run.texts), "normalised") for name, run in runs.items()}
        if known
        else {},
        int8_rise=compare(references, scored(fp32.texts), scored(int8.texts), "normalised")
        if known and fp32 and int8
        else None,
    )


def _n_different(a: Run, b: Run) -> int:
    return sum(x != y for x, y in zip(a.texts, b.texts, strict=True))


def _milliseconds(bundle: Bundle, clips: Sequence[Features]) -> dict[str, float]:
    """Least CPU time for 10 s of sound on one thread; the precisions take turns, so that both meet the same machine."""
    acoustics = {p: LocalAcoustic(bundle, threads=1, precision=p) for p in bundle.manifest.precisions}
    n_frames = round(TIMED_S * bundle.manifest.features.sample_rate / bundle.manifest.features.hop_samples)
    longest = max(clips, key=lambda clip: clip.n_frames)
    clip = Features(np.ascontiguousarray(longest.values[:, :n_frames]), TIMED_S)
    times: dict[str, list[float]] = {p: [] for p in acoustics}
    for _ in range(N_TIMINGS):
        for precision, acoustic in acoustics.items():
            start = time.process_time()
            acoustic([clip])
            times[precision].append((time.process_time() - start) * 1000)
    return {precision: min(values) for precision, values in times.items()}
