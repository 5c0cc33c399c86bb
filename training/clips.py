"""A clip of training speech: spoken by espeak-ng or taken from a collection, then changed as recordings differ.

Everything follows from one seed. What is drawn how often is set by shares of the sources: `espeak`, which speaks while
training runs, and the collections `spoken` (natural synthesis) and `real` (recordings of people) in the work folder.
"""

import random
import re
from itertools import chain
from pathlib import Path

import numpy as np

from . import augment, collection, spoken_text, voices
from .alphabet import plain
from .augment import RATE
from .collection import Recording
from .make_text import evaluation_sentences, held_sentences

# How often a clip's text comes from each kind: natural text teaches the language, random words teach the sounds.
KINDS = {"everyday": 0.26, "grammar": 0.24, "catalogue": 0.17, "help": 0.05, "dictionary": 0.08, "words": 0.20}
WRITTEN = 0.4  # how often espeak-ng says a sentence of the natural synthesiser's text, where there is one
LONGEST_S = 15.5
COLLECTIONS = ("spoken", "real")
NATURAL_STRENGTH = 0.7  # of rooms, noise, telephones: stored clips are already as different as people
CHANNELS = (0.18, 0.12)  # how often a clip goes through a telephone and through a codec, at full strength
NATURAL_CHANNELS = (0.32, 0.26)  # of stored clips, which come from few microphones
JOINED_BELOW_S, JOINED = 6.0, 0.45  # how often a short stored clip is followed by another one
CUT = {"spoken": 0.35, "real": 0.7}  # how often a clip that can be cut between words is
FEWEST_WORDS = 2  # what remains of it at least


def parse_shares(text: str) -> dict[str, float]:
    """Parse shares of the sources, `espeak=0.3,spoken=0.5,real=0.2`, as clips; they need not add up to one.

    Args:
        text: the shares.

    Returns:
        Share by source.

    Raises:
        ValueError: A source is not known, or a share is not a number above zero.
    """
    shares = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name not in ("espeak", *COLLECTIONS):
            raise ValueError(f"no source {name!r}: choose among espeak, {', '.join(COLLECTIONS)}")
        shares[name] = float(value)
        if not shares[name] > 0:
            raise ValueError(f"the share of {name} must be above zero")
    return shares


class ClipMaker:
    """Draws clips. Two makers with one seed draw the same; one maker in a process, since espeak-ng is one."""

    def __init__(self, work: Path, seed: int, shares: dict[str, float] | None = None):
        """Reads the text, the voices and the collections of a work folder.

        Args:
            work: The work folder.
            seed: Decides everything that is drawn.
            shares: How often a clip comes from each source, see `parse_shares`; espeak-ng alone where it is None.

        Raises:
            FileNotFoundError: A source has a share but no clips.
        """
        self.shares = shares or {"espeak": 1.0}
        self.stored = {name: collection.read(work / name) for name in COLLECTIONS if name in self.shares}
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)
        self.texts: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for line in (work / "text" / "sentences.tsv").read_text(encoding="utf-8").splitlines():
            kind, text = line.split("\t")
            self.texts[kind].append(text)
        written = spoken_text.load(work / "spoken") if "spoken" in self.stored else {}
        self.written = list(chain.from_iterable(written.values()))
        self.words = (work / "text" / "words.txt").read_text(encoding="utf-8").split()
        self.measured = {*held_sentences(work), *evaluation_sentences()}
        voice_list = voices.prepare(work)
        self.voices, self.weights = [v for v, _ in voice_list], [w for _, w in voice_list]
        self.synthesiser = voices.Synthesiser(work / "espeak")
        self.crowd: list[np.ndarray] = []

    def text(self, *, shortest: bool) -> str:
        """Something to say: a sentence of one of the kinds, or random words."""
        if self.written and not shortest and self.random.random() < WRITTEN:
            return re.sub(f"[{spoken_text.END_MARKS}]", "", self.random.choice(self.written))
        kind = self.random.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "words":
            text = " ".join(self.random.choices(self.words, k=self.random.randint(1, 3 if shortest else 7)))
            return self.text(shortest=shortest) if text in self.measured else text
        text = self.random.choice(self.texts[kind])
        while shortest and len(text) > 40:
            text = self.random.choice(self.texts[kind])
        return text

    def utterance(self, text: str, voice: str, rate: int, pitch: int, factor: float) -> np.ndarray:
        """The text spoken, trimmed, warped by `factor` and brought to one loudness."""
        gap = self.random.randint(1, 12) if self.random.random() < 0.15 else 0
        samples = self.synthesiser.speak(
            text, voice, rate, pitch, pitch_range=self.random.randint(10, 90), word_gap=gap
        )
        loud = np.flatnonzero(np.abs(samples) > 0.004)
        if not len(loud):
            return np.zeros(0, np.float32)
        samples = samples[max(0, loud[0] - 400) : loud[-1] + 400]
        samples = augment.warp(samples, self.synthesiser.rate, factor)
        return samples * np.float32(0.1 / (np.sqrt(np.mean(samples**2)) + 1e-6))

    def silence(self, longest_s: float) -> np.ndarray:
        """Up to so many seconds, now and then a second more."""
        if self.random.random() < 0.06:
            longest_s += 1.0
        return np.zeros(int(RATE * self.random.uniform(0.0, longest_s)), np.float32)

    def clip(self, progress: float) -> tuple[np.ndarray, str]:
        """One clip at 16 kHz and its transcript. `progress` in 0..1: short and clean first, then everything."""
        (samples,), text = self.views(progress, 1)
        return samples, text

    def views(self, progress: float, count: int) -> tuple[list[np.ndarray], str]:
        """The same words of the same voice, so many times, each time with another room, noise and channel.

        Args:
            progress: How far training is, in 0..1: short and clean clips first, then everything.
            count: How many times.

        Returns:
            Clips of the same length, float32 [n] at 16 kHz, and their transcript.
        """
        source = self.random.choices(list(self.shares), list(self.shares.values()))[0]
        strength = min(0.9, 0.25 + progress)
        if source == "espeak":
            samples, text = self.synthetic(progress)
            return [self.rough(samples, strength) for _ in range(count)], text
        samples, text = self.natural(self.stored[source], CUT[source])
        return [self.rough(samples, NATURAL_STRENGTH * strength, NATURAL_CHANNELS) for _ in range(count)], text

    def natural(self, clips: list[Recording], cut: float) -> tuple[np.ndarray, str]:
        """One stored clip, or two or three of them, each with a speaker and a tempo of its own; `cut` as in `some`."""
        parts, said, seconds = [self.silence(0.4)], [], 0.0
        while True:
            clip = self.random.choice(clips)
            if said and seconds + clip.seconds > LONGEST_S:
                break
            samples, rate, text = self.some(clip, cut)
            parts += [self.changed(samples, rate), self.silence(0.5)]
            said.append(text)
            seconds += len(samples) / rate
            if seconds > JOINED_BELOW_S or self.random.random() > JOINED:
                break
        samples = np.concatenate(parts)
        self.remember(samples)
        return samples, " ".join(said)

    def some(self, clip: Recording, cut: float) -> tuple[np.ndarray, int, str]:
        """Samples, rate and transcript of a clip, or, that often, of some words of it that follow one another."""
        samples, rate = clip.read()
        n_words = len(clip.cuts) - 1
        if n_words <= FEWEST_WORDS or self.random.random() > cut:
            return samples, rate, clip.transcript
        count = self.random.randint(FEWEST_WORDS, n_words - 1)
        first = self.random.randint(0, n_words - count)
        begin, end = (int(clip.cuts[at] * rate) for at in (first, first + count))
        return samples[begin:end], rate, " ".join(clip.transcript.split()[first : first + count])

    def changed(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """A stored clip at 16 kHz and one loudness, with pitch, vocal tract and tempo a little off."""
        draw = self.random
        factor = draw.uniform(0.88, 1.14) if draw.random() < 0.6 else 1.0
        samples = augment.warp(samples, rate, factor)
        if draw.random() < 0.4:
            samples = augment.stretch(samples, draw.uniform(0.8, 1.25))
        return samples * np.float32(0.1 / (np.sqrt(np.mean(samples**2)) + 1e-6))

    def synthetic(self, progress: float) -> tuple[np.ndarray, str]:
        """One clean clip that espeak-ng speaks, and its transcript."""
        chance = self.random.random
        voice = self.random.choices(self.voices, self.weights)[0]
        rate, pitch = int(self.random.triangular(90, 230, 170)), self.random.randint(20, 80)
        factor = self.random.uniform(0.88, 1.14) if chance() < 0.6 else 1.0
        count = 1 if progress < 0.12 or chance() < 0.86 else self.random.randint(2, 4)
        longest_s = LONGEST_S
        if progress > 0.35 and chance() < 0.012:  # now and then far longer, so that attention learns the distances
            count, longest_s = self.random.randint(6, 14), 45.0
        parts, said, length = [self.silence(0.25)], [], 0
        for number in range(count):
            text = self.text(shortest=progress < 0.06)
            spoken = self.utterance(text, voice, rate, pitch, factor)
            if not len(spoken) or length + len(spoken) > longest_s * RATE:
                break
            parts += [spoken, self.silence(0.9 if number + 1 < count else 0.3)]
            length += sum(map(len, parts[-2:]))
            said.append(plain(text))
        if not said:
            return self.synthetic(progress)
        samples = np.concatenate(parts)
        self.remember(samples)
        return samples, " ".join(said)

    def remember(self, samples: np.ndarray) -> None:
        """Keeps a clip for the babble behind later ones."""
        if len(self.crowd) < 60:
            self.crowd.append(samples)
        else:
            self.crowd[self.random.randrange(60)] = samples

    def rough(self, samples: np.ndarray, strength: float, channels: tuple[float, float] = CHANNELS) -> np.ndarray:
        """Rooms, microphones, noise, telephones, codecs and levels; `strength` in 0..1 scales how often.

        Args:
            samples: float32 [n] at 16 kHz.
            strength: Scales how often.
            channels: How often a telephone and how often a codec, at strength 1.

        Returns:
            float32 of the same length.
        """
        chance, draw = self.random.random, self.numpy
        if chance() < 0.30 * strength:
            samples = augment.room(samples, draw)
        if chance() < 0.35 * strength:
            samples = augment.colour(samples, draw)
        roll = chance()
        if roll < 0.45 * strength:
            kind = self.random.choice(["white", "white", "pink", "brown", "hum"])
            samples = augment.mix(samples, augment.noise(len(samples), kind, draw), self.random.uniform(3, 25))
        elif roll < 0.65 * strength and len(self.crowd) > 8:
            samples = augment.mix(samples, self.babble(len(samples)), self.random.uniform(4, 22))
        elif chance() < 0.6:  # a recording's noise floor; the rest keep espeak-ng's digital silence
            samples = augment.mix(samples, augment.noise(len(samples), "white", draw), self.random.uniform(30, 70))
        if chance() < 0.06:
            samples = augment.clip_level(samples, draw)
        roll = chance()
        telephone, codec = channels
        if roll < telephone * strength:
            samples = augment.telephone(samples, draw)
        elif roll < (telephone + codec) * strength:
            samples = augment.codec(samples, draw)
        gain = 10 ** (self.random.uniform(-20, 12) / 20)
        samples = np.clip(samples * np.float32(gain), -1, 1)
        return np.round(samples * 32767) / np.float32(32767) if chance() < 0.7 else samples  # 16-bit files

    def babble(self, length: int) -> np.ndarray:
        """Three to seven earlier clips at once."""
        total = np.zeros(length, np.float32)
        for voice in self.random.sample(self.crowd, self.random.randint(3, 7)):
            repeated = np.resize(voice, length)
            total += np.roll(repeated, self.random.randrange(length))
        return total
