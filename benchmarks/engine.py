"""The engine alone, a core alone: samples in, text out, against other runtimes on the same ONNX file, in one run.

[HINDI_STT_TEST_SPEECH=…] python -m benchmarks.engine [--bundle BUNDLE] [--before BUNDLE] [--rounds N] [--forms FORM …],
in the oracle environment, which has onnx-asr and sherpa-onnx; OpenVINO's forms are measured where its package is
installed too, int8 where the bundle has it (export_model.py --openvino-int8). Clips of 2 to 15 s; contenders take turns
on each clip; what counts is each one's best time of a clip, since other work on the machine can only make it slower.
The sums of each round are printed besides, and at the end load time and memory of each form, in a process of its own.
With --before, a bundle of an earlier version takes part, and the peers run its fp32 file, so that their figures can be
compared with earlier ones.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx_asr
import onnxruntime as ort
import psutil
import sherpa_onnx
import soundfile
from tqdm import tqdm

from benchmarks.timing import pin_to_one_core
from hindi_stt.bundle.forms import OPENVINO, Form, forms_of, has_openvino
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding.greedy import GreedyDecoder
from hindi_stt.features import FeatureExtractor
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.types import Features, Float32, LogProbs, Waveform
from loadtests.clips import mixed_clips

PEERS = ("onnx-asr", "sherpa-onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("build/medium-random"))
    parser.add_argument("--before", type=Path, help="the same model as an earlier version exported it")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--forms", nargs="*", help="default: all that the bundle and the installation have")
    parser.add_argument("--footprint", metavar="FORM", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    pin_to_one_core()
    bundle = Bundle.open(arguments.bundle)
    before = Bundle.open(arguments.before) if arguments.before else None
    if arguments.footprint:
        print(footprint(bundle, Form.parse(arguments.footprint)))
        return
    have = [form for form in forms_of(bundle.manifest) if form.backend != OPENVINO or has_openvino()]
    forms = [Form.parse(name) for name in arguments.forms] if arguments.forms else have
    earlier = [form for form in forms if before and form in forms_of(before.manifest)]
    clips = [soundfile.read(io.BytesIO(clip.content), dtype="float32")[0] for clip in mixed_clips(arguments.clips)]
    with tempfile.TemporaryDirectory() as folder:
        contenders = {
            **{f"ours, {form}": ours(bundle, form) for form in forms},
            **({f"before, {form}": ours(before, form) for form in earlier} if before else {}),
            "onnx-asr": peer_onnx_asr(before or bundle, Path(folder)),
            "sherpa-onnx": peer_sherpa(before or bundle),
        }
        rounds: dict[str, list[float]] = {name: [] for name in contenders}
        best = {name: np.full(len(clips), np.inf) for name in contenders}
        for _ in tqdm(range(arguments.rounds), desc="rounds"):
            for sums in rounds.values():
                sums.append(0.0)
            for i, clip in enumerate(clips):
                for name, transcribe in contenders.items():
                    start = time.perf_counter()
                    transcribe(clip)
                    elapsed_s = time.perf_counter() - start
                    best[name][i] = min(best[name][i], elapsed_s)
                    rounds[name][-1] += elapsed_s
    report(best, sum(len(clip) for clip in clips) / 16_000)
    for name, sums in rounds.items():
        print(f"{name}: seconds of each round {' '.join(f'{value:.2f}' for value in sums)}")
    for form in forms:
        command = [
            sys.executable,
            "-m",
            "benchmarks.engine",
            "--bundle",
            str(arguments.bundle),
            "--footprint",
            str(form),
        ]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


def footprint(bundle: Bundle, form: Form) -> str:
    """Load time of a model, and memory of the process before and after it and twenty lengths of clips."""
    process = psutil.Process()
    before = process.memory_info().rss
    start = time.perf_counter()
    acoustic = LocalAcoustic(bundle, threads=1, form=form)
    load_s = time.perf_counter() - start
    loaded = process.memory_info().rss
    rng = np.random.default_rng(0)
    for n in range(200, 1600, 70):
        acoustic([Features(rng.standard_normal((bundle.manifest.features.n_mels, n)).astype(np.float32), n / 100)])
    run, mib = process.memory_info().rss, 2**20
    return f"{form}: loaded in {load_s:.2f} s, {(loaded - before) // mib} MiB, {(run - before) // mib} after 20 lengths"


def ours(bundle: Bundle, form: Form) -> Callable[[Float32], str]:
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    acoustic = LocalAcoustic(bundle, threads=1, form=form)
    decode = GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)

    def transcribe(samples: Float32) -> str:
        (log_probs,) = acoustic([extract(Waveform(samples, 16_000, 16_000))])
        assert isinstance(log_probs, LogProbs)
        return decode(log_probs).text

    return transcribe


def peer_onnx_asr(bundle: Bundle, folder: Path) -> Callable[[Float32], str]:
    shutil.copy(bundle.path("acoustic", "fp32"), folder / "model.onnx")
    shutil.copy(bundle.path("tokens"), folder / "vocab.txt")
    shutil.copy(bundle.path("runtime_config"), folder / "config.json")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnx_asr.load_model("nemo-conformer-ctc", folder, providers=["CPUExecutionProvider"], sess_options=options)
    return lambda samples: model.recognize(samples, sample_rate=16_000)


def peer_sherpa(bundle: Bundle) -> Callable[[Float32], str]:
    recogniser = sherpa_onnx.OfflineRecognizer.from_nemo_ctc(
        model=str(bundle.path("acoustic", "fp32")), tokens=str(bundle.path("tokens")), num_threads=1
    )

    def transcribe(samples: Float32) -> str:
        stream = recogniser.create_stream()
        stream.accept_waveform(16_000, samples)
        recogniser.decode_stream(stream)
        return stream.result.text

    return transcribe


def report(best: dict[str, np.ndarray], audio_s: float) -> None:
    print("| engine | × real time, one core | against onnx-asr | against sherpa-onnx |\n| --- | --- | --- | --- |")
    totals = {name: float(times.sum()) for name, times in best.items()}
    for name, total in totals.items():
        ratios = " | ".join(f"{totals[peer] / total:.2f}×" for peer in PEERS)
        print(f"| {name} | {audio_s / total:.1f} | {ratios} |")


if __name__ == "__main__":
    main()
