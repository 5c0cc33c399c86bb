"""What each form of a model changes in its texts: `python -m benchmarks.drift [BUNDLE]`; needs espeak-ng; minutes.

The sentences of tests/support/evaluation_set.py in each of the voices that training never used, clean, and once each
in noise and over the telephone: some 35 minutes of speech. With --manifest recordings with texts instead, as for
`hindi-stt evaluate`. A form may be a default (`verified_forms` in bundle.json) only where the verdict says so:
docs/models.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from hindi_stt.bundle.forms import ONNX_RUNTIME, Form, forms_of
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.evaluation.manifest import read_manifest
from hindi_stt.evaluation.metrics import compare, error_rate
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.support import evaluation_set

BASE = Form(ONNX_RUNTIME, "fp32")
# Rise of the word error rate that a default form may have, and the upper end of its 95 % interval, as fractions.
MAX_RISE, MAX_RISE_BOUND = 0.003, 0.005


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, nargs="?", default=EMBEDDED, help="(default: the embedded one)")
    parser.add_argument("--manifest", type=Path, help="recordings with texts (default: synthesised speech)")
    parser.add_argument("--forms", nargs="*", help="default: all of the bundle's")
    arguments = parser.parse_args()
    bundle = Bundle.open(arguments.bundle)
    pipeline = Pipeline(bundle, Settings(model=""))
    forms = [Form.parse(name) for name in arguments.forms or map(str, forms_of(bundle.manifest))]
    acoustics = {form: LocalAcoustic(bundle, threads=1, form=form) for form in dict.fromkeys([BASE, *forms])}
    references: list[str] = []
    texts: dict[Form, list[str]] = {form: [] for form in acoustics}
    for source, text in recordings(arguments.manifest):
        references.append(text)
        for form, acoustic in acoustics.items():
            texts[form].append(pipeline.transcribe(source, acoustic).text)
    print("| form | WER | against onnxruntime-fp32, points (95 %) | its words written otherwise | may be a default |")
    print("| --- | --- | --- | --- | --- |")
    for form, heard in texts.items():
        rate = error_rate(references, heard, "normalised")
        difference = compare(references, texts[BASE], heard, "normalised")
        low, high = difference.interval
        changed = error_rate(texts[BASE], heard, "normalised").wer
        verdict = "yes" if difference.delta_wer <= MAX_RISE and high <= MAX_RISE_BOUND else "no"
        points = f"{100 * difference.delta_wer:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
        print(f"| {form} | {rate.wer:.2%} | {points} | {changed:.2%} | {verdict} |")
    print(f"\n{rate.n_utterances} clips, {rate.n_words} words")


def recordings(manifest: Path | None) -> Iterator[tuple[bytes | Path, str]]:
    """Sources of audio with what is said in them."""
    if manifest is not None:
        yield from ((utterance.file, utterance.text) for utterance in read_manifest(manifest) if utterance.text)
        return
    for condition in evaluation_set.CONDITIONS:
        shifts = range(len(evaluation_set.HELD_OUT_VARIANTS)) if condition == "clean" else range(1)
        for shift in shifts:
            yield from ((clip.wav, clip.text) for clip in evaluation_set.clips(condition, shift=shift))


if __name__ == "__main__":
    main()
