"""Streams of samples through a model in this process, and what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import numpy as np
import soundfile

from hindi_stt.errors import Overloaded
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.streaming import (
    Event,
    LocalBackend,
    Stream,
    TurnDetection,
    Utterance,
)
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs
from tests.conftest import DATA

RATE = 16_000


def speech(*parts: str | float) -> np.ndarray:
    """Recordings by name, and seconds of silence; int16, so that a WAV file holds exactly these samples."""
    sounds = [
        np.zeros(int(part * RATE), np.int16)
        if isinstance(part, float)
        else soundfile.read(DATA / part, dtype="int16")[0]
        for part in parts
    ]
    return np.concatenate(sounds)


TALK = speech("family.flac", 1.5, "rain.flac", 0.6, "family.flac", 2.0)


def packets(samples: np.ndarray, sizes: Iterable[int]) -> list[np.ndarray]:
    edges = np.cumsum([0, *sizes])
    return [part for part in np.split(samples, edges[edges < len(samples)]) if len(part)]


def listen(
    pipeline: Pipeline,
    acoustic: LocalAcoustic,
    parts: Iterable[np.ndarray],
    *,
    end_pointing: bool = True,
    backend: LocalBackend | None = None,
    turns: TurnDetection | None = None,
    **fields: str,
) -> list[Event]:
    """The events of a stream of int16 packets that ends with a commit."""

    async def run() -> list[Event]:
        options = pipeline.options(fields)
        told_apart = options.speakers.diarize
        stream = Stream(
            pipeline,
            backend or LocalBackend(acoustic),
            options,
            end_pointing=end_pointing,
            min_s=0,
            turns=turns,
            speakers=LiveDiarization(pipeline.speakers.embedder, options.speakers) if told_apart else None,
        )
        events: list[Event] = []
        for part in parts:
            events += [event async for event in stream.push(part.astype(np.float32) / 32_768)]
            events += [event async for event in stream.partial()]
        return events + [event async for event in stream.commit()]

    return asyncio.run(run())


class Busy(LocalBackend):
    """A backend with no room for partials."""

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        if not final:
            raise Overloaded("busy")
        return await super().log_probs(features, final=final)


class Stuck(LocalBackend):
    """A backend whose partials never come."""

    def __init__(self, acoustic: LocalAcoustic) -> None:
        super().__init__(acoustic)
        self.asked = self.dropped = 0

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        if not final:
            self.asked += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.dropped += 1
        return await super().log_probs(features, final=final)


def utterances(events: list[Event]) -> list[Utterance]:
    return [event for event in events if isinstance(event, Utterance)]


def every(samples: np.ndarray, seconds: float) -> list[np.ndarray]:
    return packets(samples, [int(seconds * RATE)] * (int(len(samples) / RATE / seconds) + 1))


def voiced(samples: np.ndarray) -> np.ndarray:
    """Without the quiet end, so that the last sample is one of speech."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() / 50)
    return samples[: loud[-1] + 1]


RAIN = voiced(speech("rain.flac"))
FAMILY = voiced(speech("family.flac"))


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.int16)
