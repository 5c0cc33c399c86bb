"""Chooses the score below which a clip counts as one without speech.

`python -m training.speech_bound BUNDLE [--speech MANIFEST …] [--write]` hears sound without speech, synthesised speech
and the recordings of the manifests (as `hindi-stt evaluate` takes them), in every precision, greedily and with the
bundle's language model. The bound is the highest under which no right word of a recording is lost, with a margin, and
of the synthesised words, of which most are single and many all but drowned, at most one right one in a thousand.
--write puts it into the bundle's manifest, which makes it another version;
--bound measures one that is given, on another seed for instance.
"""

from __future__ import annotations

import argparse
import io
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import soundfile
from tqdm import tqdm

from hindi_stt.bundle.manifest import MANIFEST_FILE, Bundle
from hindi_stt.decoding import Decoder, DecodingOptions, speech_score
from hindi_stt.errors import HindiSTTError
from hindi_stt.evaluation.manifest import read_manifest
from hindi_stt.evaluation.normalise import apply_form
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline

from .augment import RATE
from .nonspeech import examples
from .spoken import babble, spoken

MARGIN = 0.01
LOST_SHARE = 0.001
GREEDY = DecodingOptions(decoder="greedy")


@dataclass(frozen=True)
class Measured:
    """One clip as one precision and decoder transcribed it, words present.

    source: "noise", "babble", "synthesised" or "recorded"; score: the highest of the clip's words; n_right: words that
    are right.
    """

    source: str
    kind: str
    decoder: str
    duration_s: float
    score: float
    n_words: int
    n_right: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--speech", type=Path, nargs="*", default=[], metavar="MANIFEST")
    parser.add_argument("--noise", type=int, default=680, help="recordings without speech")
    parser.add_argument("--sentences", type=int, default=60, help="synthesised sentences, in six conditions each")
    parser.add_argument("--words", type=int, default=180, help="synthesised single words, in six conditions each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bound", type=float, help="measure this bound instead of choosing one")
    parser.add_argument("--write", action="store_true", help="write the bound into the bundle's manifest")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    clips = list(measured(Bundle.open(arguments.bundle), recordings(arguments)))
    bound = chosen(clips) if arguments.bound is None else arguments.bound
    figures = report(clips, bound)
    print(json.dumps(figures, ensure_ascii=False, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if arguments.write:
        path = arguments.bundle / MANIFEST_FILE
        manifest = json.loads(path.read_text(encoding="utf-8")) | {"min_speech_score": bound}
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def recordings(arguments: argparse.Namespace) -> Iterator[tuple[str, str, str, bytes | Path]]:
    """Source, kind, text and audio of every recording."""
    for example in examples(arguments.noise, arguments.seed):
        yield "noise", example.kind.split("_")[0], "", _wav(example.samples)
    for one in babble(30, arguments.seed):
        yield "babble", one.kind, "", _wav(one.samples)
    for one in spoken(arguments.sentences, arguments.words, arguments.seed):
        yield "synthesised", one.kind, one.text, _wav(one.samples)
    for manifest in arguments.speech:
        for utterance in read_manifest(manifest):
            yield "recorded", utterance.file.name.split("_")[0], utterance.text, utterance.file


def _wav(samples: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def measured(bundle: Bundle, found: Iterable[tuple[str, str, str, bytes | Path]]) -> Iterator[Measured]:
    """Every clip that has words, once for each precision and decoder. Raises what the model raises."""
    unbounded = Bundle(bundle.folder, bundle.manifest.model_copy(update={"min_speech_score": None}), bundle.version)
    pipeline = Pipeline(unbounded, Settings(model=""))
    acoustics = {name: LocalAcoustic(unbounded, threads=1, precision=name) for name in bundle.manifest.precisions}
    greedy, default = (pipeline.decoders.for_clips(options) for options in (GREEDY, DecodingOptions()))
    for source, kind, text, audio in tqdm(found, unit="recording", disable=None):
        for clip in pipeline.prepare(audio):
            for precision, acoustic in acoustics.items():
                (log_probs,) = acoustic([clip.features])
                if isinstance(log_probs, HindiSTTError):
                    raise log_probs
                best_path = speech_score(log_probs, greedy(log_probs))
                decoders: dict[str, Decoder] = {"greedy": greedy, "default": default}
                for name, decode in decoders.items():
                    hypothesis = decode(log_probs)
                    if hypothesis.words:
                        yield Measured(
                            source,
                            kind,
                            f"{precision} {name}",
                            clip.features.duration_s,
                            max(best_path, speech_score(log_probs, hypothesis)),
                            len(hypothesis.words),
                            _right(text, hypothesis.text),
                        )


def _right(said: str, hypothesis_text: str) -> int:
    """Words recognised as they were said; alternative spellings of Hindi count as equal."""
    reference, hypothesis = apply_form(said, "lenient"), apply_form(hypothesis_text, "lenient")
    return jiwer.process_words(reference, hypothesis).hits if reference and hypothesis else 0


def chosen(clips: list[Measured]) -> float:
    """The bound, in thousandths: see above."""
    bounds = [clip.score - MARGIN for clip in clips if clip.source == "recorded" and clip.n_right]
    for decoder in {clip.decoder for clip in clips}:
        right = [(c.score, c.n_right) for c in clips if (c.source, c.decoder) == ("synthesised", decoder) and c.n_right]
        may_go = LOST_SHARE * sum(n_right for _, n_right in right)
        lost = 0
        for score, n_right in sorted(right):
            lost += n_right
            if lost > may_go:
                bounds.append(score)
                break
    return max(0.0, math.floor(min(bounds) * 1000) / 1000)


def report(clips: list[Measured], bound: float) -> dict[str, object]:
    """Quantiles of the scores, and what the bound does, by source, precision and decoder; noise also by kind."""
    sources: dict[str, list[Measured]] = defaultdict(list)
    for clip in clips:
        sources[f"{clip.source}, {clip.decoder}"].append(clip)
        if clip.source == "noise" and clip.decoder == "fp32 default":
            sources[f"noise, {clip.decoder}, {clip.kind}"].append(clip)
    return {"bound": bound} | {name: _figures(group, bound) for name, group in sources.items()}


def _figures(clips: list[Measured], bound: float) -> dict[str, object]:
    scores = np.array([clip.score for clip in clips])
    below = [clip for clip in clips if clip.score < bound]
    quantiles = np.quantile(scores, [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
    return {
        "clips_with_words": len(clips),
        "score_quantiles_0_1_5_25_50_75_95_100": [round(float(value), 3) for value in quantiles],
        "clips_below_share": round(len(below) / len(clips), 4),
        "seconds_below_share": round(sum(c.duration_s for c in below) / sum(c.duration_s for c in clips), 4),
        "words_below": [sum(clip.n_words for clip in below), sum(clip.n_words for clip in clips)],
        "right_words_below": [sum(clip.n_right for clip in below), sum(clip.n_right for clip in clips)],
        "lowest_scores_with_right_words": sorted(round(clip.score, 3) for clip in clips if clip.n_right)[:5],
    }


if __name__ == "__main__":
    main()
