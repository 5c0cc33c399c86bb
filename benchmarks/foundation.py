"""What the line costs beside the model: features against librosa and against inference, HTTP against none of it.

python -m benchmarks.foundation [--medium BUNDLE]; every figure is a ratio within one run.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import httpx
import librosa
import numpy as np
import soundfile

from benchmarks.timing import medians_s, pin_to_one_core
from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.features import FeatureExtractor
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, Waveform
from tests.support.server import Server

SECONDS = 10
CLIP = Path(__file__).parent.parent / "tests" / "data" / "family.flac"
LIMITS = AudioLimits(120, 0.1, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--medium", type=Path, default=Path("build/medium-random"), help="bundle of the medium model")
    arguments = parser.parse_args()
    # The server is measured first: it wants all the cores, and what follows is pinned to one.
    rows = http_rows()
    pin_to_one_core()
    with tempfile.TemporaryDirectory() as folder:
        rows += feature_rows(ten_seconds(), Path(folder) / "clip.wav", arguments.medium)
    print("| measure | value | target |\n| --- | --- | --- |")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))


def ten_seconds() -> Waveform:
    samples = decode(CLIP, 16_000, LIMITS).samples
    return Waveform(np.resize(samples, SECONDS * 16_000), 16_000, 16_000)


def librosa_features(samples: np.ndarray) -> np.ndarray:
    """Features as the earlier service computed them."""
    emphasised = np.append(samples[0], samples[1:] - 0.97 * samples[:-1])
    mel = librosa.feature.melspectrogram(
        y=emphasised,
        sr=16_000,
        n_fft=512,
        hop_length=160,
        win_length=400,
        window="hann",
        n_mels=80,
        power=2.0,
        pad_mode="reflect",
    )
    log_mel = np.log(mel + 2**-24)
    return (log_mel - log_mel.mean(1, keepdims=True)) / (log_mel.std(1, ddof=1, keepdims=True) + 1e-5)


def feature_rows(waveform: Waveform, path: Path, medium: Path) -> list[tuple[str, str, str]]:
    soundfile.write(path, waveform.samples, 16_000)
    bundle = Bundle.open(medium)
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    features: Features = extract(waveform)
    acoustic = LocalAcoustic(bundle, threads=1, precision="int8")
    times = medians_s(
        {
            "features": lambda: extract(waveform),
            "librosa": lambda: librosa_features(waveform.samples),
            "file": lambda: extract(decode(path, 16_000, LIMITS)),
            "librosa file": lambda: librosa_features(librosa.load(path, sr=16_000, mono=True)[0]),
            "int8": lambda: acoustic([features]),
        },
        rounds=40,
    )
    ours = f"{times['features'] * 1000:.2f} ms for {SECONDS} s"
    return [
        ("features, faster than librosa by", f"{times['librosa'] / times['features']:.1f}× ({ours})", "≥ 2×"),
        ("file to features, faster than librosa by", f"{times['librosa file'] / times['file']:.1f}×", "—"),
        ("features, share of int8 inference (medium)", f"{100 * times['features'] / times['int8']:.1f} %", "≤ 3 %"),
    ]


def http_rows() -> list[tuple[str, str, str]]:
    content = CLIP.read_bytes()
    bundle = Bundle.open(EMBEDDED)
    pipeline, acoustic = Pipeline(bundle, Settings()), LocalAcoustic(bundle, threads=Settings().effective_threads)
    with tempfile.TemporaryDirectory() as folder, httpx.Client(timeout=30) as client:
        server = Server(Path(folder))
        try:
            server.wait_until_ready()
            url = f"{server.url}/transcribe"
            times = medians_s(
                {
                    "in process": lambda: pipeline.transcribe(io.BytesIO(content), acoustic),
                    "HTTP": lambda: client.post(url, files={"file": ("clip.flac", content)}).raise_for_status(),
                },
                rounds=60,
            )
        finally:
            server.stop()
    overhead_ms = (times["HTTP"] - times["in process"]) * 1000
    ratio = times["HTTP"] / times["in process"]
    return [("one request over HTTP, against the line in process", f"{ratio:.2f}× (+{overhead_ms:.1f} ms)", "—")]


if __name__ == "__main__":
    main()
