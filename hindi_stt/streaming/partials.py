"""Buffered inference: words of an utterance in progress from a model that wants to see the whole of it.

Every `step_s` the model runs on a window that ends now and reaches back over the utterance, `window_s` at most. What
has left the window keeps the log-probs of its last run; those of the window's first `left_s`, which have little to
their left, too. All of them, in a row, are decoded together.

A hypothesis about the latest words is often wrong, seldom wrong the same way twice, and usually unsure where it is
wrong. So a word is shown when the hypotheses in a row that have it together believe in it, and is stable when `agree`
have it, believe in it still more, and it ends `right_s` before now, as all words before it do (local agreement: Liu et
al., 2020). Belief is the sum of -ln(1 - confidence): the negative logarithm of the probability that all of them are
wrong, if they erred independently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hindi_stt.errors import HindiSTTError
from hindi_stt.streaming.backend import InferenceBackend
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, Float32, LogProbs, Segment, Word

__all__ = ["Context", "PartialWords", "Partials"]

# Two windows may place one word's start some frames apart.
_SAME_TIME_S: Final = 0.16
_EPSILON_S: Final = 0.04
_LEAST_DOUBT: Final = 0.001
# The pause that is put behind a window: its length, and how often the quietest piece of the utterance is in it.
_PAUSE_S: Final = 0.3
_PAUSE_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Context:
    """Parameters of partial results; see the module and docs/streaming.md for how the defaults were chosen.

    Attributes:
        step_s: Seconds between hypotheses.
        window_s: Seconds of audio in each hypothesis.
        left_s: Seconds of log-probs at the window's start that are taken from the window before.
        right_s: A stable word ends at least this many seconds before the present.
        edge_s: A word that ends within this many seconds of the present may be incomplete, and is ignored.
        show: Belief that a word needs to be shown.
        show_first: The same for the first words of an utterance, which are shown earlier so that a speaker sees a
            reaction.
        agree: Hypotheses that must agree on a word before it is stable.
        settle: Belief that a word needs to be stable.
    """

    step_s: float = 0.3
    window_s: float = 8.0
    left_s: float = 0.64
    right_s: float = 2.4
    edge_s: float = 0.12
    show: float = 5.0
    show_first: float = 0.8
    agree: int = 7
    settle: float = 16.0


@dataclass(frozen=True, slots=True)
class PartialWords:
    """New words of an utterance in progress, in seconds of the stream.

    Attributes:
        stable: Words that have just become stable.
        unstable: The words behind them, which may still change.
    """

    stable: tuple[Word, ...]
    unstable: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class _WordEvidence:
    """A word, how many hypotheses in a row have had it, and what they believe."""

    word: Word
    count: int
    belief: float


class Partials:
    """The partial results of one stream, utterance after utterance. Positions are in samples of the stream.

    Args:
        pipeline: Features and decoding.
        backend: Runs the model.
        options: Transcription options.
        context: Parameters of partial results.
    """

    def __init__(self, pipeline: Pipeline, backend: InferenceBackend, options: Options, context: Context) -> None:
        manifest = pipeline.bundle.manifest
        self._pipeline = pipeline
        self._backend = backend
        self._options = options
        self._context = context
        self._decode = pipeline.decoders.for_clips(options.decoding)
        self._rate = pipeline.sample_rate
        self._frame = manifest.acoustic.subsampling * manifest.features.hop_samples
        self._frame_shift_s = manifest.frame_shift_s
        self._step = round(context.step_s * self._rate)
        self._window = round(context.window_s * self._rate)
        self._left_frames = round(context.left_s / self._frame_shift_s)
        # Numerals and marks join words or depend on the next one: the last stable word waits for it.
        self._text = text = pipeline.writer.before_final(options.text)
        self._joins = text.numerals != "off" or text.punctuation != "off"
        self._n_classes = manifest.acoustic.n_classes
        self.reset(0)

    def reset(self, start: int) -> None:
        """Begin with a new utterance, not before `start`."""
        self._origin = self._updated_at = start
        self._values = np.empty((0, self._n_classes), np.float32)
        self._before: list[_WordEvidence] = []
        self._shown: list[Word] = []
        self._begun = False
        self._stable_end_s = -1.0

    def continue_from(self, end: int) -> None:
        """Begin a new utterance at `end`; everything before it is final."""
        self._stable_end_s = end / self._rate

    def due(self, now: int) -> bool:
        """Whether it is time to look again."""
        return now - self._updated_at >= self._step

    async def update(self, start: int, samples: Float32) -> PartialWords | None:
        """Transcribe the clip in progress again.

        An error of the backend is not reported here; if it persists, it is raised when the utterance is final.

        Args:
            start: Position of the clip's first sample in the stream.
            samples: The clip so far, float32 [n].

        Returns:
            The new words; None where the backend has failed or has no capacity.
        """
        self._forget(start)
        now = start + len(samples)
        # On the frames of the windows before, and without a gap behind them.
        first = max(0, -(-(now - self._window - self._origin) // self._frame))
        first = min(first, max(0, len(self._values) - self._left_frames))
        position = self._origin + first * self._frame - start
        self._updated_at = now
        try:
            async with self._backend.partial():
                features = await self._backend.in_thread(lambda: self._features(samples, position))
                log_probs = await self._backend.log_probs(features, final=False)
        except HindiSTTError:
            return None
        kept = self._left_frames if first else 0
        n_frames = (now - self._origin) // self._frame - first
        self._values = np.concatenate([self._values[: first + kept], log_probs.values[kept:n_frames]])
        return await self._backend.in_thread(lambda: self._words(now / self._rate))

    def _features(self, samples: Float32, position: int) -> Features:
        """Compute features of the clip's last samples, followed by the pause with which the utterance will end.

        Features are normalised over the whole clip: without the pause all of them would differ from the final ones.

        Args:
            samples: The clip so far, float32 [n].
            position: The first sample to use.

        Returns:
            Features, float32 [mels, frames].
        """
        size = round(_PAUSE_S * self._rate / _PAUSE_PARTS)
        blocks = samples[: len(samples) // size * size].reshape(-1, size)
        quietest = blocks[np.einsum("ij,ij->i", blocks, blocks).argmin()] if len(blocks) else blocks.ravel()
        return self._pipeline.features(np.concatenate([samples[position:], *[quietest] * _PAUSE_PARTS]))

    def _forget(self, start: int) -> None:
        """Drop what lies before the clip in progress."""
        n = min(len(self._values), -(-max(0, start - self._origin) // self._frame))
        self._values = self._values[n:]
        self._origin = self._origin + n * self._frame if len(self._values) else max(self._origin, start)

    def _words(self, now_s: float) -> PartialWords:
        context = self._context
        candidates = self._counted(now_s)
        words = [found.word for found in candidates]
        shown_s = over_s = -1.0
        for found in candidates:
            if self._is_stable(found.word):
                continue
            if found.belief < (context.show if self._begun or shown_s >= 0 else context.show_first):
                break
            settled = found.count >= context.agree and found.belief >= context.settle
            if settled and found.word.end_s <= now_s - context.right_s and over_s == shown_s:
                over_s = found.word.end_s
            shown_s = found.word.end_s
        fresh = [word for word in self._write(words) if not self._is_stable(word)]
        n_stable = sum(word.end_s <= over_s for word in fresh)
        if self._joins:
            n_stable = max(0, n_stable - 1)
        stable = tuple(fresh[:n_stable])
        if stable:
            self._stable_end_s = stable[-1].end_s
        unstable = [word for word in fresh[n_stable:] if word.end_s <= shown_s]
        # A word that is missing from one hypothesis often comes back: it is removed when another one takes its place.
        shown = [word for word in self._shown if not self._is_stable(word)]
        if shown and (not unstable or unstable[-1].end_s < shown[-1].end_s - _EPSILON_S):
            unstable = shown
        self._shown = unstable
        self._begun = self._begun or bool(stable or unstable)
        return PartialWords(stable, tuple(unstable))

    def _is_stable(self, word: Word) -> bool:
        """Whether it is, or stands for, one of the words that are stable already."""
        return (word.start_s + word.end_s) / 2 <= self._stable_end_s

    def _counted(self, now_s: float) -> list[_WordEvidence]:
        """The words of this hypothesis that have ended, and how long they have been there."""
        offset_s = self._origin / self._rate
        hypothesis = self._decode(LogProbs(self._values, self._frame_shift_s))
        candidates = []
        for word in hypothesis.words:
            moved = replace(word, start_s=word.start_s + offset_s, end_s=word.end_s + offset_s)
            if moved.end_s <= now_s - self._context.edge_s:
                same = (
                    (before.count, before.belief)
                    for before in self._before
                    if before.word.text == moved.text and abs(before.word.start_s - moved.start_s) <= _SAME_TIME_S
                )
                count, belief = max(same, default=(0, 0.0))
                candidates.append(
                    _WordEvidence(moved, 1 + count, belief - math.log(max(_LEAST_DOUBT, 1 - moved.confidence)))
                )
        self._before = candidates
        return candidates

    def _write(self, words: list[Word]) -> tuple[Word, ...]:
        if not words:
            return ()
        segment = Segment(words[0].start_s, words[-1].end_s, tuple(words))
        return self._pipeline.writer([segment], self._text)[0].words
