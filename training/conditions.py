"""The clips on which the model is measured: sentences, words, voices and noise that training never saw."""

import csv
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import augment, collection, voices
from .alphabet import CHARACTERS, normalise
from .augment import RATE
from .make_text import evaluation_sentences, held_sentences

BABBLE_VOICES = 5


@dataclass(frozen=True)
class Clip:
    """A recording and what is said in it."""

    samples: np.ndarray  # float32 at 16 kHz
    text: str
    voice: str
    source: str  # "everyday": written by hand; "software": held-out sentences of help and catalogues; "words"; "real"


class Bench:
    """Makes every condition's clips from one seed, with espeak-ng's own data, where the held-out variants are."""

    def __init__(self, work: Path, limit: int | None = None):
        self.synthesiser = voices.Synthesiser()
        everyday = [(text, "everyday") for text in sorted(evaluation_sentences())]
        software = [(text, "software") for text in held_sentences(work)]
        self.sentences = (everyday + software)[:limit]
        self.words = (work / "text" / "held_words.txt").read_text(encoding="utf-8").split()
        names = sorted(path.name for path in (voices.SYSTEM_DATA / "voices" / "!v").iterdir() if " " not in path.name)
        self.seen = ["hi", *(f"hi+{name}" for name in names if name not in (*voices.HELD_OUT, *voices.ODD))]
        self.held = [f"hi+{name}" for name in voices.HELD_OUT]
        self.limit = limit

    def speak(self, text: str, voice: str, draw: random.Random) -> np.ndarray:
        """A sentence at a usual rate and pitch, at 16 kHz."""
        spoken = self.synthesiser.speak(text, voice, draw.randint(130, 190), draw.randint(35, 65))
        return augment.warp(spoken, self.synthesiser.rate, 1.0)

    def spoken(self, voice_names: list[str], seed: int, times: int = 1) -> Iterator[Clip]:
        """Every sentence, `times` times over, each time by another of the voices."""
        for turn in range(times):
            for number, (text, source) in enumerate(self.sentences):
                draw = random.Random(seed * 100_003 + turn * 10_007 + number)
                voice = (
                    voice_names[(number + turn * 3) % len(voice_names)]
                    if len(voice_names) < 10
                    else draw.choice(voice_names)
                )
                yield Clip(self.speak(text, voice, draw), text, voice, source)

    def condition(self, name: str) -> Iterator[Clip]:
        """The clips of one line of the model card's table."""
        if name == "seen_clean":
            yield from self.spoken(self.seen, 1)
        elif name in ("held_clean", "held_white_10db", "held_babble_10db", "held_telephone"):
            for number, clip in enumerate(self.spoken(self.held, 2, times=2 if name == "held_clean" else 1)):
                yield Clip(self.through(clip.samples, name, number), clip.text, clip.voice, clip.source)
        elif name in ("words_seen", "words_held"):
            pool, count = (self.seen, 3) if name == "words_seen" else (self.held, 3)
            for number in range(0, len(self.words[: self.limit]), count):
                draw = random.Random(number)
                text = " ".join(self.words[number : number + count])
                yield Clip(self.speak(text, draw.choice(pool), draw), text, "", "words")
        elif name in ("long_seen", "long_held"):
            yield from self.long(self.seen if name == "long_seen" else self.held, 40)

    def long(self, voice_names: list[str], count: int) -> Iterator[Clip]:
        """30 to 60 seconds: sentences with pauses of 0.3 to 1.2 s between."""
        for number in range(count if self.limit is None else 4):
            draw = random.Random(7000 + number)
            voice, parts, texts, length, goal = draw.choice(voice_names), [], [], 0, draw.uniform(30, 54) * RATE
            while length < goal:
                text, _ = draw.choice(self.sentences)
                parts += [self.speak(text, voice, draw), np.zeros(int(RATE * draw.uniform(0.3, 1.2)), np.float32)]
                texts.append(text)
                length += len(parts[-1]) + len(parts[-2])
            yield Clip(np.concatenate(parts), " ".join(texts), voice, "mixed")

    def through(self, samples: np.ndarray, name: str, seed: int) -> np.ndarray:
        """A condition's noise or band. The crowd of babble speaks in held-out voices."""
        numpy = np.random.default_rng(50_000 + seed)
        if name == "held_white_10db":
            return augment.mix(samples, augment.noise(len(samples), "white", numpy), 10)
        if name == "held_babble_10db":
            draw = random.Random(60_000 + seed)
            crowd = np.zeros(len(samples), np.float32)
            for _ in range(BABBLE_VOICES):
                voice = self.speak(draw.choice(self.sentences)[0], draw.choice(self.held), draw)
                crowd += np.roll(np.resize(voice, len(samples)), draw.randrange(len(samples)))
            return augment.mix(samples, crowd, 10)
        if name == "held_telephone":
            return telephone(samples)
        return samples


def collected(folder: Path) -> Iterator[Clip]:
    """The clips of a collection (`collection.py`) as they are, at 16 kHz."""
    for recording in collection.read(folder):
        samples, rate = recording.read()
        yield Clip(augment.warp(samples, rate, 1.0), recording.transcript, "", recording.kind.split("_")[0])


def telephone(samples: np.ndarray) -> np.ndarray:
    """300 to 3400 Hz at 8 kHz, by another road than the training's: brick-wall filters."""
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(frequency < 300) | (frequency > 3400)] = 0
    return np.fft.irfft(spectrum, n=len(samples)).astype(np.float32)


def real(folder: Path) -> Iterator[Clip]:
    """Recordings of people, listed in FOLDER/transcripts.tsv; punctuation and anything not Devanagari is dropped."""
    with (folder / "transcripts.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            command = ["ffmpeg", "-v", "error", "-i", str(folder / row["file"]), "-ac", "1", "-ar", str(RATE)]
            decoded = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, check=True).stdout
            text = " ".join(re.sub(f"[^{CHARACTERS} ]", " ", normalise(row["text"])).split())
            yield Clip(
                np.frombuffer(decoded, "<i2").astype(np.float32) / 32768, text, row["file"].split("_")[0], "real"
            )
