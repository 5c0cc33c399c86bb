"""What int8 changes in a model's texts: `python -m benchmarks.drift [BUNDLE]`; needs espeak-ng, takes a minute.

The sentences of tests/support/evaluation_set.py in each of the voices that training never used, clean, and once each
in noise and over the telephone: some 35 minutes of speech.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.evaluation.metrics import compare, error_rate
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.support import evaluation_set


def main() -> None:
    parser = argparse.ArgumentParser(description="What int8 changes in a model's texts.")
    parser.add_argument("bundle", type=Path, nargs="?", default=EMBEDDED, help="(default: the embedded one)")
    bundle = Bundle.open(parser.parse_args().bundle)
    pipeline = Pipeline(bundle, Settings(model=""))
    acoustics = {name: LocalAcoustic(bundle, threads=1, precision=name) for name in ("fp32", "int8")}
    references: list[str] = []
    texts: dict[str, list[str]] = {name: [] for name in acoustics}
    for condition in evaluation_set.CONDITIONS:
        shifts = range(len(evaluation_set.HELD_OUT_VARIANTS)) if condition == "clean" else range(1)
        for shift in shifts:
            for clip in evaluation_set.clips(condition, shift=shift):
                references.append(clip.text)
                for name, acoustic in acoustics.items():
                    texts[name].append(pipeline.transcribe(clip.wav, acoustic).text)
    for name, hypotheses in texts.items():
        rate = error_rate(references, hypotheses, "normalised")
        low, high = rate.wer_interval
        print(f"{name}: WER {rate.wer:.2%} ({low:.2%} to {high:.2%}), {rate.n_utterances} clips, {rate.n_words} words")
    difference = compare(references, texts["fp32"], texts["int8"], "normalised")
    low, high = difference.interval
    changed = error_rate(texts["fp32"], texts["int8"], "normalised").wer
    print(f"int8 against fp32: {100 * difference.delta_wer:+.2f} points ({100 * low:+.2f} to {100 * high:+.2f})")
    print(f"words of fp32 that int8 writes otherwise: {changed:.2%}")


if __name__ == "__main__":
    main()
