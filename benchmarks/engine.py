"""The engine alone, a core alone: samples in, text out, against other runtimes on the same ONNX file, in one run.

[HINDI_STT_TEST_SPEECH=…] python -m benchmarks.engine [--bundle BUNDLE] [--before BUNDLE] [--rounds N], in the oracle
environment, which has onnx-asr and sherpa-onnx. Clips of 2 to 15 s; contenders take turns on each clip; what counts is
each one's best time of a clip, since other work on the machine can only make it slower. With --before, a bundle of an
earlier version takes part, and the peers run its fp32 file, so that their figures can be compared with earlier ones.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import io
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx_asr
import onnxruntime as ort
import sherpa_onnx
import soundfile
from tqdm import tqdm

from benchmarks.timing import pin_to_one_core
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.decoding.greedy import GreedyDecoder
from hindi_stt.features import FeatureExtractor
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.types import Float32, LogProbs, Waveform
from loadtests.clips import mixed_clips

PRECISIONS = ("int8", "fp32")
PEERS = ("onnx-asr", "sherpa-onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=Path("build/medium-random"))
    parser.add_argument("--before", type=Path, help="the same model as an earlier version exported it")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    pin_to_one_core()
    bundle = Bundle.open(arguments.bundle)
    before = Bundle.open(arguments.before) if arguments.before else None
    clips = [soundfile.read(io.BytesIO(clip.content), dtype="float32")[0] for clip in mixed_clips(arguments.clips)]
    with tempfile.TemporaryDirectory() as folder:
        contenders = {
            **{f"ours, {precision}": ours(bundle, precision) for precision in PRECISIONS},
            **({f"before, {precision}": ours(before, precision) for precision in PRECISIONS} if before else {}),
            "onnx-asr": peer_onnx_asr(before or bundle, Path(folder)),
            "sherpa-onnx": peer_sherpa(before or bundle),
        }
        best = {name: np.full(len(clips), np.inf) for name in contenders}
        for _ in tqdm(range(arguments.rounds), desc="rounds"):
            for i, clip in enumerate(clips):
                for name, transcribe in contenders.items():
                    start = time.perf_counter()
                    transcribe(clip)
                    best[name][i] = min(best[name][i], time.perf_counter() - start)
    report(best, sum(len(clip) for clip in clips) / 16_000)


def ours(bundle: Bundle, precision: str) -> Callable[[Float32], str]:
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    acoustic = LocalAcoustic(bundle, threads=1, precision=precision)
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
