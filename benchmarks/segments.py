"""What cutting costs and where it cuts, beside other detectors of voice: python -m benchmarks.segments FOLDER [WHEEL]

FOLDER: real clips, joined; WHEEL: an unpacked silero-vad wheel, whose ONNX file then judges where the cuts are. Speeds
are of one core, in seconds of audio per second; webrtcvad is measured where it is installed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import soundfile

from hindi_stt.audio.segmentation import Clip, Segmenter

RATE = 16_000
BLOCK = 16 * RATE
WINDOW, CONTEXT = 512, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("wheel", type=Path, nargs="?")
    arguments = parser.parse_args()
    clips = [soundfile.read(path, dtype="float32") for path in sorted(arguments.folder.glob("cv_*.flac"))]
    speech = np.concatenate([samples for samples, _ in clips])
    seconds = len(speech) / RATE
    print(f"{seconds:.0f} s of speech\n\n| detector | seconds of audio per second |\n| --- | --- |")
    print(f"| segments.py | {seconds / cpu_s(lambda: cut(speech)):.0f} |")
    try:
        import webrtcvad
    except ImportError:
        pass
    else:
        detector, content = webrtcvad.Vad(2), (speech * 32767).astype("<i2").tobytes()
        frames = [content[i : i + 960] for i in range(0, len(content) - 960, 960)]
        print(f"| WebRTC | {seconds / cpu_s(lambda: [detector.is_speech(f, RATE) for f in frames]):.0f} |")
    if arguments.wheel is None:
        return
    judge = Judge(arguments.wheel / "silero_vad" / "data" / "silero_vad_16k_sequence.onnx")
    print(f"| Silero, whole windows at once | {seconds / cpu_s(lambda: judge(speech)):.0f} |\n")
    print("| noise | clips | hard cuts | cuts where Silero hears speech |\n| --- | --- | --- | --- |")
    rng = np.random.default_rng(0)
    for snr_db in (None, 20, 10, 5):
        level = 0 if snr_db is None else np.sqrt(np.mean(speech**2)) * 10 ** (-snr_db / 20)
        noisy = (speech + level * rng.standard_normal(len(speech))).astype(np.float32)
        found, voice = cut(noisy), judge(speech)
        soft = [clip.end for clip in found[:-1] if not clip.continues]
        inside = np.mean([voice[min(end // WINDOW, len(voice) - 1)] > 0.5 for end in soft]) if soft else 0
        name = "none" if snr_db is None else f"{snr_db} dB"
        print(f"| {name} | {len(found)} | {sum(clip.continues for clip in found)} | {inside:.0%} |")


def cut(samples: np.ndarray) -> list[Clip]:
    segmenter = Segmenter(RATE, 16.0)
    found = [clip for i in range(0, len(samples), BLOCK) for clip in segmenter.push(samples[i : i + BLOCK])]
    return [*found, *segmenter.flush()]


def cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


class Judge:
    """Silero's probability of speech for each window of 512 samples."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(str(path), options)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Probabilities [windows] of one recording at 16 kHz."""
        padded = np.concatenate([np.zeros(CONTEXT, np.float32), samples])
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW + CONTEXT)[::WINDOW]
        h = c = np.zeros((1, 1, 128), np.float32)
        parts = []
        for i in range(0, len(windows), 500):
            feed = {"input": np.ascontiguousarray(windows[i : i + 500]), "h": h, "c": c}
            part, h, c = self._session.run(None, feed)
            parts.append(part)
        return np.concatenate(parts)


if __name__ == "__main__":
    main()
