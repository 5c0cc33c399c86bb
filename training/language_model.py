"""Step 4, the language model: `python -m training.language_model WORK BUNDLE OUTPUT`.

Pairs of words out of the training text, and every listed word, as the model of a bundle that decodes with it unless a
request says otherwise. Its weights are chosen on sentences and words that a first model is built without, spoken and
roughed up as training's clips are; the second, of everything, takes them over.
"""

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.lm import add_to_bundle
from hindi_stt.decoding.decoders import vocabulary_of
from hindi_stt.decoding.ngram import NGrams, write_ngrams
from hindi_stt.errors import HindiSTTError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.lm.estimate import estimate
from hindi_stt.lm.tune import tune
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import LogProbs
from tests.support.wav import wav

from .alphabet import plain
from .clips import ClipMaker

NAME = "everyday"
ORDER = 2  # of three words, it is twice as large and no better
HELD_EVERY = 40  # one sentence and one word of so many are held back for the choice of weights
SENTENCES, WORDS = 900, 150  # clips of the choice; a clip of words has three
ROUGHNESS = 0.5


def texts(work: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """The training text as (kind, sentence) without commas, and the listed words."""
    lines = (work / "text" / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [(kind, plain(text)) for kind, text in (line.split("\t") for line in lines)]
    return pairs, (work / "text" / "words.txt").read_text(encoding="utf-8").split()


def build(sentences: list[str], words: list[str]) -> NGrams:
    """The language model of these sentences that knows these words, too."""
    return estimate((sentence.split() for sentence in sentences), ORDER, words)


def tuned(work: Path, bundle: Bundle) -> tuple[float, float, float]:
    """Weights of the language model and of its unknown words, chosen on held-back text in trained voices."""
    draw = random.Random(31)
    pairs, words = texts(work)
    draw.shuffle(pairs)
    draw.shuffle(words)
    held = [text for kind, text in pairs[::HELD_EVERY] if kind != "grammar"]  # whose sentences are all alike
    held_words = set(words[::HELD_EVERY])
    kept = [text for at, (_, text) in enumerate(pairs) if at % HELD_EVERY]
    spoken = held[:SENTENCES] + [" ".join(draw.sample(sorted(held_words), 3)) for _ in range(WORDS)]
    ngrams = build(kept, [word for word in words if word not in held_words])
    results = tune(log_probs_of(work, bundle, spoken), spoken, ngrams, vocabulary_of(bundle))
    for weights in results[:5]:
        print(weights)
    return results[0].alpha, results[0].beta, results[0].unknown


def log_probs_of(work: Path, bundle: Bundle, spoken: list[str]) -> list[list[LogProbs]]:
    """What the bundle's model makes of each text in some voice, on some line, in some noise."""
    maker = ClipMaker(work, seed=41)
    pipeline, acoustic = Pipeline(bundle, Settings(model="")), LocalAcoustic(bundle, threads=1)
    clips = []
    for text in tqdm(spoken, desc="listening"):
        voice = maker.random.choices(maker.voices, maker.weights)[0]
        samples = maker.utterance(text, voice, maker.random.randint(120, 200), maker.random.randint(35, 65), 1.0)
        samples = np.clip(maker.rough(samples, ROUGHNESS), -1, 1)
        results = acoustic([clip.features for clip in pipeline.prepare(wav(samples.astype(np.float32), 16000))])
        clips.append([result for result in results if not isinstance(result, HindiSTTError)])
    return clips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("bundle", type=Path, help="an exported bundle")
    parser.add_argument("output", type=Path, help="folder of the bundle with the language model")
    arguments = parser.parse_args()
    bundle = Bundle.open(arguments.bundle)
    weights = tuned(arguments.work, bundle)
    pairs, words = texts(arguments.work)
    ngrams = build([text for _, text in pairs], words).with_weights(*weights)
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        write_ngrams(Path(file.name), ngrams)
        print(add_to_bundle(bundle, Path(file.name), NAME, arguments.output, default=True).tag)


if __name__ == "__main__":
    main()
