"""Buffered inference: words of an utterance in progress from a model that wants to see the whole of it.

Every `step_s` the model runs on a window that ends now. Its last `right_s` have too little to their right to be
trusted: they give the unstable tail. What lies before them, up to the window before, is settled and is never computed
again; the `left_s` before that are only there to be looked at. The settled log-probs of all windows, in a row, and the
tail are decoded together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from hindi_stt.errors import HindiSTTError
from hindi_stt.options import Options
from hindi_stt.pipeline import Pipeline
from hindi_stt.streaming.line import Line
from hindi_stt.types import Float32, LogProbs, Segment, Word

__all__ = ["Context", "PartialWords", "Partials"]

# Silence after which a word is over.
_WORD_OVER_S: Final = 0.2
# Two windows may place one word's edges a frame apart.
_SAME_TIME_S: Final = 0.04


@dataclass(frozen=True, slots=True)
class Context:
    """In seconds: between two windows; what is settled in each begins behind left_s and ends right_s before now.

    edge_s: a word that ends within so much of now may go on, and is not shown yet. How the defaults were chosen:
    docs/streaming.md.
    """

    step_s: float = 0.32
    left_s: float = 3.2
    right_s: float = 0.96
    edge_s: float = 0.12


@dataclass(frozen=True, slots=True)
class PartialWords:
    """added: words that have just become stable; unstable: what follows them for now. Seconds of the stream."""

    added: tuple[Word, ...]
    unstable: tuple[Word, ...]


class Partials:
    """The partial words of one stream, utterance after utterance. Positions are in samples of the stream."""

    def __init__(self, pipeline: Pipeline, line: Line, options: Options, context: Context) -> None:
        manifest = pipeline.bundle.manifest
        self._pipeline = pipeline
        self._line = line
        self._options = options
        self._decode = pipeline.decoder(options)
        self._rate = pipeline.sample_rate
        self._frame = manifest.acoustic.subsampling * manifest.features.hop_samples
        self._frame_shift_s = manifest.frame_shift_s
        self._step = round(context.step_s * self._rate)
        self._left = round(context.left_s * self._rate) // self._frame * self._frame
        self._right = round(context.right_s * self._rate)
        self._edge_s = context.edge_s
        # Numerals and marks join words or depend on the next one: the last stable word waits for it.
        text = options.text
        self._joins = text.numerals != "off" or text.punctuation != "off"
        self._n_classes = manifest.acoustic.n_classes
        self.reset(0)

    def reset(self, start: int) -> None:
        """Begin with a new utterance, not before `start`."""
        self._origin = start
        self._settled = np.empty((0, self._n_classes), np.float32)
        self._heard = start
        self._stable_end_s = -1.0

    def go_on(self, end: int) -> None:
        """What was said up to `end` is final, and what follows is another utterance."""
        self._stable_end_s = end / self._rate

    def due(self, now: int) -> bool:
        """Whether it is time to look again."""
        return now - self._heard >= self._step

    async def update(self, start: int, samples: Float32) -> PartialWords | None:
        """What is new in the clip in progress, float32 [n] from `start`; None where the line has failed.

        What went wrong, if it still is, is told when the utterance is final.
        """
        self._forget(start)
        now = start + len(samples)
        settled_end = self._origin + len(self._settled) * self._frame
        window = max(self._origin, settled_end - self._left)
        try:
            # Called at once, within this step.
            features = await self._line.in_thread(lambda: self._pipeline.features(samples[window - start :]))
            log_probs = await self._line.log_probs(features, final=False)
        except HindiSTTError:
            return None
        self._heard = now
        done = (settled_end - window) // self._frame
        keep = max(done, (now - self._right - window) // self._frame)
        self._settled = np.concatenate([self._settled, log_probs.values[done:keep]])
        return await self._line.in_thread(lambda: self._words(log_probs.values[keep:], now / self._rate))

    def _forget(self, start: int) -> None:
        """Drop what lies before the clip in progress."""
        if not len(self._settled):
            self._origin = max(self._origin, start)
            return
        n = min(len(self._settled), -(-max(0, start - self._origin) // self._frame))
        self._settled = self._settled[n:]
        self._origin += n * self._frame
        if not len(self._settled):
            self._origin = max(self._origin, start)

    def _words(self, tail: Float32, now_s: float) -> PartialWords:
        offset_s = self._origin / self._rate
        settled_end_s = offset_s + len(self._settled) * self._frame_shift_s
        hypothesis = self._decode(LogProbs(np.concatenate([self._settled, tail]), self._frame_shift_s))
        heard = [
            replace(word, start_s=word.start_s + offset_s, end_s=word.end_s + offset_s) for word in hypothesis.words
        ]
        # A settled word may go on until the next one begins, or until nothing has followed for a while.
        followed = [word.end_s for word, following in pairwise(heard) if following.start_s < settled_end_s]
        before_silence = [word.end_s for word in heard[-1:] if word.end_s + _WORD_OVER_S <= settled_end_s]
        over_s = max(followed + before_silence, default=-1.0)
        written = self._write(heard)
        fresh = [word for word in written if word.start_s >= self._stable_end_s - _SAME_TIME_S]
        n_stable = sum(word.end_s <= over_s for word in fresh)
        if self._joins:
            n_stable = max(0, n_stable - 1)
        added = tuple(fresh[:n_stable])
        if added:
            self._stable_end_s = added[-1].end_s
        unstable = tuple(word for word in fresh[n_stable:] if word.end_s <= now_s - self._edge_s)
        return PartialWords(added, unstable)

    def _write(self, words: list[Word]) -> tuple[Word, ...]:
        if not words:
            return ()
        segment = Segment(words[0].start_s, words[-1].end_s, tuple(words))
        return self._pipeline.write([segment], self._options)[0].words
