"""What beam search, language models and hotwords bring on held-out speech, and what they cost beside model and peers.

python -m benchmarks.decoding [--medium BUNDLE] [--peers PYTHON]; needs espeak-ng. Errors are of the embedded model;
costs are milliseconds per 10 s of audio on one core, all contenders taking turns in one run.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from tqdm import tqdm

from benchmarks.timing import pin_to_one_core
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.decoding import BeamDecoder, BeamLimits, Decoder, GreedyDecoder, Hotword
from hindi_stt.decoding.arpa import write_arpa
from hindi_stt.decoding.decoders import vocabulary_of
from hindi_stt.decoding.hotwords import DEFAULT_WEIGHT, HotwordBounds, build_tree
from hindi_stt.decoding.ngram import NGramModel, NGrams
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.evaluation.metrics import compare, error_rate
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.lm.estimate import estimate
from hindi_stt.lm.tune import tune
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import LogProbs
from tests.support import domain_text
from tests.support.synthesis import speak

PEERS = ("pyctcdecode", "pyctcdecode, our pruning", "flashlight-text")
ROUNDS = 5
N_COST_CLIPS = 40
DEVELOPMENT_SEED = domain_text.SEED + 1000
SPELLINGS = 8


class Bench:
    """The embedded model, the corpus's language models, and the sentences as log-probs."""

    def __init__(self) -> None:
        self.bundle = Bundle.open(EMBEDDED)
        self.vocabulary = vocabulary_of(self.bundle)
        self.pipeline = Pipeline(self.bundle, Settings(model=""))
        self.acoustic = LocalAcoustic(self.bundle, threads=1)
        self.greedy = GreedyDecoder(self.bundle.tokens, self.bundle.manifest.acoustic.blank_id)
        corpus = domain_text.corpus()
        self.ngrams = {
            domain: estimate([self.vocabulary.words(s.text) for s in corpus if s.domain == domain], 5)
            for domain in ("clinic", "bank")
        }
        self.all_ngrams = estimate([self.vocabulary.words(s.text) for s in corpus], 5)

    def listen(self, sentences: Sequence[domain_text.Sentence], label: str) -> list[LogProbs]:
        """The sentences, spoken and through the acoustic model."""
        clips = []
        for number, sentence in enumerate(tqdm(sentences, desc=label, leave=False)):
            (result,) = self.acoustic([clip.features for clip in self.pipeline.prepare(speak(sentence.text, number))])
            if not isinstance(result, LogProbs):
                raise result
            clips.append(result)
        return clips

    def references(self, sentences: Sequence[domain_text.Sentence]) -> list[str]:
        """What is said in them, in the form of the model's output."""
        return [" ".join(self.vocabulary.words(sentence.text)) for sentence in sentences]

    def beam(self, ngrams: NGrams | None = None, hotwords: Sequence[Hotword] = ()) -> BeamDecoder:
        """A beam of the default width."""
        model = NGramModel(ngrams) if ngrams else None
        tree, limits = build_tree(hotwords, self.vocabulary, HotwordBounds(max_hotwords=10_000)), BeamLimits()
        limits = limits.for_hotwords() if tree else limits
        return BeamDecoder(self.vocabulary, language_model=model, hotwords=tree, limits=limits)


def tuned(bench: Bench) -> None:
    """Weights of both models, chosen together on the tuning sentences."""
    sentences = domain_text.tuning()
    clips = bench.listen(sentences, "tuning sentences")
    best = tune([[clip] for clip in clips], bench.references(sentences), bench.all_ngrams, bench.vocabulary)[0]
    print(f"\nTuned on {len(sentences)} sentences: alpha {best.alpha:g}, beta {best.beta:g}.\n")
    bench.all_ngrams = bench.all_ngrams.with_weights(best.alpha, best.beta)
    bench.ngrams = {name: ngrams.with_weights(best.alpha, best.beta) for name, ngrams in bench.ngrams.items()}


def errors(bench: Bench, held: Sequence[domain_text.Sentence], clips: Sequence[LogProbs]) -> None:
    own = {domain: bench.beam(ngrams) for domain, ngrams in bench.ngrams.items()}
    other = {"clinic": own["bank"], "bank": own["clinic"]}
    both = bench.beam(bench.all_ngrams)
    runs: dict[str, Callable[[domain_text.Sentence], Decoder]] = {
        "greedy": lambda _: bench.greedy,
        "beam 16": lambda _: bench.beam(),
        "beam 16 + 5-gram of its domain": lambda s: own[s.domain],
        "beam 16 + 5-gram of both domains": lambda _: both,
        "beam 16 + 5-gram of the other domain": lambda s: other[s.domain],
    }
    references = bench.references(held)
    parts = {"all": held, "seen templates": [s for s in held if not s.unseen], "unseen": [s for s in held if s.unseen]}
    print("| decoder | WER, all | against greedy | 95 % | templates of the corpus | templates it never uses |")
    print("| --- | --- | --- | --- | --- | --- |")
    base: list[str] = []
    for label, choose in runs.items():
        texts = [choose(s)(clip).text for s, clip in zip(held, clips, strict=True)]
        base = base or texts
        rates = []
        for part in parts.values():
            chosen = [i for i, s in enumerate(held) if s in part]
            rates.append(error_rate([references[i] for i in chosen], [texts[i] for i in chosen], "raw").wer)
        first = error_rate(references, base, "raw").wer
        low, high = compare(references, base, texts, "raw").interval
        print(
            f"| {label} | {rates[0]:.1%} | {rates[0] / first - 1:+.0%} | {low / first:+.0%} … {high / first:+.0%} | "
            f"{rates[1]:.1%} | {rates[2]:.1%} |"
        )


def names(bench: Bench, held: Sequence[domain_text.Sentence], held_clips: Sequence[LogProbs]) -> None:
    """Rare names found, and hotwords recognised where they were not said, in sentences with and without names."""
    print("\n| names | decoder | weight | found | false, of words elsewhere | WER |")
    print("| --- | --- | --- | --- | --- | --- |")
    for label, seed, weights in (
        ("for choosing", DEVELOPMENT_SEED, (1.0, 3.0, 5.0, 8.0)),
        ("held out", domain_text.SEED, (DEFAULT_WEIGHT,)),
    ):
        said, rare = domain_text.with_names(seed=seed), domain_text.rare_names(seed=seed)
        clips = bench.listen(said, f"names {label}")
        sentences, everything = [*said, *held], [*clips, *held_clips]
        decoders = [("greedy", None, bench.greedy)]
        for weight, ngrams in itertools.product(weights, (None, bench.all_ngrams)):
            name = "beam 16 + 5-gram" if ngrams else "beam 16"
            decoders.append((name, weight, bench.beam(ngrams, [Hotword(text, weight) for text in rare])))
        for name, weight, decode in decoders:
            recognised = [decode(clip).text.split() for clip in everything]
            found = sum(s.name in words for s, words in zip(said, recognised, strict=False))
            false = sum(
                w in rare and w != s.name for s, words in zip(sentences, recognised, strict=True) for w in words
            )
            elsewhere = sum(w != s.name for s, words in zip(sentences, recognised, strict=True) for w in words)
            wer = error_rate(bench.references(said), [" ".join(w) for w in recognised[: len(said)]], "raw").wer
            print(
                f"| {label} | {name} | {f'{weight:g}' if weight else '–'} | {found / len(said):.0%} | "
                f"{false / elsewhere:.2%} | {wer:.1%} |",
                flush=True,
            )


def costs(
    bench: Bench, held: Sequence[domain_text.Sentence], clips: Sequence[LogProbs], args: argparse.Namespace
) -> None:
    held, clips = held[:N_COST_CLIPS], clips[:N_COST_CLIPS]
    features = [next(bench.pipeline.prepare(speak(s.text, i))).features for i, s in enumerate(held)]
    tens = sum(feature.duration_s for feature in features) / 10
    own = bench.beam(bench.all_ngrams)
    rare = bench.beam(bench.all_ngrams, [Hotword(name) for name in domain_text.rare_names()])
    texts: dict[str, list[str]] = {}

    def of(decode: Decoder) -> Callable[[], list[str]]:
        return lambda: [decode(clip).text for clip in clips]

    contenders: dict[str, Callable[[], list[str]]] = {
        "greedy": of(bench.greedy),
        "beam 16": of(bench.beam()),
        "beam 16 + 5-gram": of(own),
        "beam 16 + 5-gram + 60 hotwords": of(rare),
    }
    if (args.medium / "bundle.json").is_file():
        medium = LocalAcoustic(Bundle.open(args.medium), threads=1)
        contenders["inference, medium fp32"] = lambda: [str(medium([feature])) and "" for feature in features]
    seconds: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = {}
        if args.peers.is_file():
            write_setup(folder, bench, clips)
            peers = {name: stack.enter_context(peer(args.peers, name, folder)) for name in PEERS}
        for turn in tqdm(range(ROUNDS + 1), desc="turns", leave=False):
            for name, run in contenders.items():
                start = time.perf_counter()
                texts[name] = run()
                took = time.perf_counter() - start
                seconds.setdefault(name, []).extend([took] if turn else [])
            for name, ask in peers.items():
                answer = ask()
                texts[name] = answer["texts"]
                seconds.setdefault(name, []).extend([answer["seconds"]] if turn else [])
    medium_s = statistics.median(seconds.get("inference, medium fp32", [float("nan")]))
    print("\n| contender | ms per 10 s | of medium fp32 inference | WER |\n| --- | --- | --- | --- |")
    for name, values in seconds.items():
        median = statistics.median(values)
        wer = (
            "–" if name.startswith("inference") else f"{error_rate(bench.references(held), texts[name], 'raw').wer:.1%}"
        )
        print(f"| {name} | {median / tens * 1000:.1f} | {median / medium_s:.2%} | {wer} |")


@contextlib.contextmanager
def peer(python: Path, name: str, folder: Path) -> Iterator[Callable[[], dict[str, object]]]:
    """A peer in a process of its own, on the same core; a call decodes everything once."""
    script = Path(__file__).with_name("decoding_peers.py")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([python, script, name, folder], **pipes) as process:

        def ask() -> dict[str, object]:
            process.stdin.write("go\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        try:
            yield ask
        finally:
            process.stdin.close()


def write_setup(folder: Path, bench: Bench, clips: Sequence[LogProbs]) -> None:
    write_arpa(folder / "lm.arpa", bench.all_ngrams)
    words = NGramModel(bench.all_ngrams).words
    limits = BeamLimits()
    setup = {
        "tokens": bench.bundle.tokens,
        "words": words,
        "spellings": {word: spellings(word, bench.vocabulary)[:SPELLINGS] for word in words},
        "alpha": bench.all_ngrams.alpha,
        "beta": bench.all_ngrams.beta,
        "width": limits.width,
        "floor": limits.token_floor,
        "margin": limits.margin,
    }
    (folder / "setup.json").write_text(json.dumps(setup), encoding="utf-8")
    np.savez(folder / "clips.npz", *(clip.values for clip in clips))


def spellings(word: str, vocabulary: Vocabulary) -> list[list[int]]:
    """The cuts of a word into pieces, fewest pieces first: what a lexicon decoder has to be told."""
    cuts: list[list[list[int]]] = [[] for _ in range(len(word) + 2)]
    text = "▁" + word
    cuts[0] = [[]]
    for end in range(1, len(text) + 1):
        for id_, piece in enumerate(vocabulary.tokens):
            if id_ != vocabulary.blank_id and text.endswith(piece, 0, end) and len(piece) <= end:
                cuts[end] += [[*cut, id_] for cut in cuts[end - len(piece)]]
        cuts[end] = sorted(cuts[end], key=len)[: SPELLINGS * 4]
    return cuts[len(text)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--medium", type=Path, default=Path("build/medium-random"), help="bundle of the medium model")
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers/bin/python"), help="Python that has the peers")
    arguments = parser.parse_args()
    pin_to_one_core()
    bench = Bench()
    tuned(bench)
    held = domain_text.held_out()
    clips = bench.listen(held, "held-out sentences")
    errors(bench, held, clips)
    names(bench, held, clips)
    costs(bench, held, clips, arguments)


if __name__ == "__main__":
    main()
