"""Synthesised speech for choosing the speech bound: sentences, and words one by one, as they are said to a menu.

Isolated words are the hardest speech to tell from noise: one chance to be sure of something, where a sentence has ten.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr

from tests.support import domain_text

from . import augment
from .augment import RATE
from .transmission import transmit

VOICES = ("hi", "hi+f2", "hi+m3", "hi+f5", "hi+m7", "hi+Andy")
ANSWERS = [
    "हाँ",
    "नहीं",
    "जी",
    "ठीक",
    "एक",
    "दो",
    "तीन",
    "चार",
    "पाँच",
    "छह",
    "सात",
    "आठ",
    "नौ",
    "दस",
    "शून्य",
    "सौ",
    "बस",
    "आगे",
    "वापस",
    "मदद",
]
CONDITIONS = ("clean", "white_10db", "g711", "amr", "opus", "quiet")
QUIET = np.float32(10 ** (-40 / 20))
PAD_S = 0.25
BABBLE_VOICES = 6


@dataclass(frozen=True)
class Spoken:
    """A recording, float32 [n] at 16 kHz, what is said in it, and what it went through."""

    samples: np.ndarray
    text: str
    kind: str


def spoken(n_sentences: int, n_words: int, seed: int) -> Iterator[Spoken]:
    """Sentences and single words, each in every condition, the voices taking turns.

    Args:
        n_sentences: how many of the domain text's tuning sentences.
        n_words: how many words of these, besides the usual answers to a menu.
        seed: of the choice of both, and of the noise.

    Yields:
        The recordings.
    """
    random = np.random.default_rng(seed)
    sentences = [sentence.text for sentence in domain_text.tuning()]
    words = sorted({word for sentence in sentences for word in sentence.split()} - set(ANSWERS))
    random.shuffle(sentences)
    random.shuffle(words)
    texts = [("sentence", text) for text in sentences[:n_sentences]]
    texts += [("word", text) for text in (*ANSWERS, *words[:n_words])]
    for number, (kind, text) in enumerate(texts):
        said = say(text, VOICES[number % len(VOICES)])
        for condition in CONDITIONS:
            yield Spoken(_through(said, condition, random), text, f"{kind} {condition}")


def babble(count: int, seed: int) -> Iterator[Spoken]:
    """Six voices at once: neither noise nor speech that anybody could write down, so it decides nothing."""
    random = np.random.default_rng(seed)
    sentences = [sentence.text for sentence in domain_text.tuning()]
    for _ in range(count):
        length = int(random.uniform(2, 15) * RATE)
        crowd = np.zeros(length, np.float32)
        for voice in random.choice(VOICES, BABBLE_VOICES):
            text = " ".join(random.choice(sentences, 3))
            crowd += np.roll(np.resize(say(text, voice), length), random.integers(length))
        yield Spoken(crowd * np.float32(0.1 / np.sqrt(np.mean(crowd**2))), "", "babble")


def say(text: str, voice: str) -> np.ndarray:
    """A text in espeak-ng's voice, with a quarter of a second of silence on both sides; float32 at 16 kHz."""
    command = ["espeak-ng", "-v", voice, "-s", "150", "--stdin", "--stdout"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    return np.pad(soxr.resample(samples, rate, RATE), int(PAD_S * RATE)).astype(np.float32)


def _through(samples: np.ndarray, condition: str, random: np.random.Generator) -> np.ndarray:
    if condition == "white_10db":
        return augment.mix(samples, augment.noise(len(samples), "white", random), 10)
    if condition == "quiet":
        return samples * QUIET
    return samples if condition == "clean" else transmit(samples, condition)
