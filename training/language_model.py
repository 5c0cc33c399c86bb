"""Step 4, the language model: `python -m training.language_model WORK BUNDLE OUTPUT`.

Pairs of words out of the open text (`open_text.py`), as the model of a bundle that decodes with it unless a request
says otherwise. Its weights are chosen on what is held back from training and from the text: sentences of the natural
synthesiser, recordings of people, and sentences that a first model is built without, spoken by espeak-ng and roughed
up as training's clips are. The second model, of everything, takes the weights over.
"""

import argparse
import random
import tempfile
from collections.abc import Iterable, Iterator
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

from . import open_text
from .clips import ClipMaker
from .conditions import Clip, collected
from .open_text import TIMES

NAME = "everyday"
ORDER = 2  # of three words, it is twice as large and no better
HELD_EVERY = 400  # one sentence of so many is held back for the choice of weights
SENTENCES = 200  # of them that espeak-ng speaks
ROUGHNESS = 0.5
# Collections on which the weights are chosen, and how often their clips count: recordings of people are few.
HELD_COLLECTIONS = {"spoken-held": 1, "real-held": 3}


def build(sentences: Iterable[tuple[str, str]]) -> NGrams:
    """The language model of (kind, sentence), each as often as `open_text.TIMES` says."""
    return estimate((text.split() for kind, text in sentences for _ in range(TIMES.get(kind, 1))), ORDER)


def tuned(work: Path, bundle: Bundle) -> tuple[float, float, float]:
    """Weights of the language model and of its unknown words, chosen on what is held back."""
    draw = random.Random(31)
    pairs = open_text.load(work)
    draw.shuffle(pairs)
    speakable = [text for kind, text in pairs[::HELD_EVERY] if kind != "grammar" and 3 <= len(text.split()) <= 12]
    kept = [pair for at, pair in enumerate(pairs) if at % HELD_EVERY]
    clips = list(spoken_by_espeak(work, speakable[:SENTENCES]))
    for name, times in HELD_COLLECTIONS.items():
        clips += list(collected(work / name)) * times if (work / name).exists() else []
    results = tune(log_probs_of(bundle, clips), [clip.text for clip in clips], build(kept), vocabulary_of(bundle))
    for weights in results[:5]:
        print(weights)
    return results[0].alpha, results[0].beta, results[0].unknown


def spoken_by_espeak(work: Path, sentences: list[str]) -> Iterator[Clip]:
    """Each sentence in some trained voice, in some noise."""
    maker = ClipMaker(work, seed=41)
    for text in sentences:
        voice = maker.random.choices(maker.voices, maker.weights)[0]
        samples = maker.utterance(text, voice, maker.random.randint(120, 200), maker.random.randint(35, 65), 1.0)
        yield Clip(np.clip(maker.rough(samples, ROUGHNESS), -1, 1), text, "", "espeak")


def log_probs_of(bundle: Bundle, clips: list[Clip]) -> list[list[LogProbs]]:
    """What the bundle's model makes of each clip."""
    pipeline, acoustic = Pipeline(bundle, Settings(model="")), LocalAcoustic(bundle, threads=1)
    found = []
    for clip in tqdm(clips, desc="transcribing"):
        samples = np.clip(clip.samples, -1, 1).astype(np.float32)
        results = acoustic([part.features for part in pipeline.prepare(wav(samples, 16000))])
        found.append([result for result in results if not isinstance(result, HindiSTTError)])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("bundle", type=Path, help="an exported bundle")
    parser.add_argument("output", type=Path, help="folder of the bundle with the language model")
    arguments = parser.parse_args()
    bundle = Bundle.open(arguments.bundle)
    weights = tuned(arguments.work, bundle)
    ngrams = build(open_text.load(arguments.work)).with_weights(*weights)
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        write_ngrams(Path(file.name), ngrams)
        print(add_to_bundle(bundle, Path(file.name), NAME, arguments.output, default=True).tag)


if __name__ == "__main__":
    main()
