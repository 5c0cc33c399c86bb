"""Who speaks the words of a live stream: told at the end of each utterance, from all that was said until then.

The windows of all utterances so far are grouped anew each time, and the groups keep the names of the speakers whose
windows they have. What was sent does not change: a speaker who was taken for another one, before there was enough of
the voice, is told apart from the next utterance on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from hindi_stt.render.speaker_labels import speaker_name
from hindi_stt.speakers.bandwidth import Bandwidth
from hindi_stt.speakers.clip_speech import ClipSpeech, embed_clip
from hindi_stt.speakers.diarization import LEAST_GROUPED_S
from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.live_groups import group_windows
from hindi_stt.speakers.memory import WindowMemory
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.speakers.turns import Stretch, cut_segments, groups_of_words, pieces_of
from hindi_stt.speakers.vectors import unit
from hindi_stt.types import Float32, Segment, Word

__all__ = ["LiveDiarization"]

# Windows that are kept of one speaker, and of all: how many are grouped at the end of each utterance.
_MOST_OF_ONE: Final = 40
_MOST_WINDOWS: Final = 400


class LiveDiarization:
    """The speakers of one track of live audio. `listen` is thread-safe, the rest is for one task at a time.

    Args:
        embedder: Returns the speaker model; called in the thread that uses it, where it is loaded when it is missing.
        options: What is asked for.

    Attributes:
        options: What holds from the next utterance on. A number of speakers is the most that are told apart, since not
            all may have spoken.
    """

    def __init__(self, embedder: Callable[[], Embedder], options: SpeakerOptions) -> None:
        self.options = options
        self._embedder = embedder
        self._bandwidth = Bandwidth()
        self._memory = WindowMemory(_MOST_OF_ONE, _MOST_WINDOWS)
        self._stretches: list[Stretch] = []
        # Numbers from 0, in the order in which they were first told, by the label of the memory.
        self._numbers: dict[int, int] = {}
        self._last = 0

    def listen(self, samples: Float32, sample_rate: int, offset_s: float) -> ClipSpeech:
        """Find the speech of a clip and compute its embeddings. Blocks, and changes nothing.

        Args:
            samples: The clip, mono, float32 [n].
            sample_rate: Of the samples, in Hz.
            offset_s: Start of the clip in the stream, in seconds.

        Returns:
            What `add` takes.

        Raises:
            HindiSTTError: The model cannot be loaded, or cannot process the clip.
        """
        return embed_clip(self._embedder(), samples, sample_rate, offset_s)

    def add(self, speech: ClipSpeech, *, has_words: bool) -> None:
        """Take the speech of the next clip.

        Args:
            speech: What `listen` found.
            has_words: Whether words were recognised in the clip. Of one without words no speaker is made.
        """
        self._bandwidth.include(speech.bandwidth)
        self._stretches += [replace(stretch, has_words=has_words) for stretch in speech.stretches]
        if has_words:
            for stretch in speech.stretches:
                self._memory.add([one.embedding for one in stretch.windows if one.duration_s >= LEAST_GROUPED_S])

    def label(self, segments: Sequence[Segment]) -> list[Segment]:
        """Tell the speaker of each segment of an utterance; one with several speakers becomes several.

        Args:
            segments: Of the utterance, whose clips have been added, with times in seconds of the stream.

        Returns:
            The segments with their speakers, cut between words.
        """
        words = [word for segment in segments for word in segment.words]
        if not words:
            self._stretches = []
            return []
        names = [speaker_name(number) for number in self._numbers_of(words)]
        # The next utterance may begin with words that were held back.
        self._stretches = [stretch for stretch in self._stretches if stretch.end_s > words[-1].end_s]
        return cut_segments(segments, names)

    def _numbers_of(self, words: Sequence[Word]) -> list[int]:
        stretches = sorted(self._stretches, key=lambda stretch: (stretch.start_s, stretch.end_s))
        if not stretches:  # the speaker model has found no speech where the recogniser has
            return [self._last] * len(words)
        labels, means = self._groups(stretches)
        present = list(labels)
        heard = [np.stack([window.embedding for window in stretch.windows]) for stretch in stretches]
        likeness = [unit(own) @ means.T for own in heard]
        while True:
            groups = groups_of_words(words, pieces_of(stretches, likeness))
            # Who is new and has no word is no speaker of the transcript.
            kept = [i for i, label in enumerate(labels) if label in self._numbers or i in groups]
            if len(kept) == len(labels):
                break
            labels, likeness = [labels[i] for i in kept], [alike[:, kept] for alike in likeness]
        for group in dict.fromkeys(groups):
            self._give_number(labels[group], present)
        found = [self._numbers[labels[group]] for group in groups]
        self._last = found[-1]
        return found

    @property
    def _most(self) -> int:
        return self.options.num_speakers or self.options.max_speakers

    def _give_number(self, label: int, present: Sequence[int]) -> None:
        """Number a speaker who has none: the next one, or else that of one who turned out to be nobody."""
        if label in self._numbers:
            return
        nobody = [other for other in self._numbers if other not in present]
        if len(self._numbers) < self._most or not nobody:
            self._numbers[label] = len(self._numbers)
        else:
            self._numbers[label] = self._numbers.pop(nobody[-1])

    def _groups(self, stretches: Sequence[Stretch]) -> tuple[list[int], Float32]:
        """The labels of the speakers who may speak here, and the means of their windows, float32 [n, dimension]."""
        memory = self._memory
        if not len(memory):  # as little as there is
            for stretch in stretches:
                memory.add([window.embedding for window in stretch.windows])
        embedder = self._embedder()
        same_speaker = embedder.same_speaker_narrow if self._bandwidth.narrow else embedder.same_speaker
        embeddings = memory.embeddings
        groups = group_windows(
            embeddings,
            memory.labels,
            memory.stretches,
            same_speaker=same_speaker,
            window_similarity=embedder.window_similarity,
            max_speakers=self._most,
        )
        labels = memory.match(groups)
        memory.condense()
        means = unit(np.stack([embeddings[groups == group].mean(axis=0) for group in range(len(labels))]))
        sizes = np.bincount(groups)
        known = [i for i, label in enumerate(labels) if label in self._numbers]
        new = sorted((i for i in range(len(labels)) if i not in known), key=lambda i: -sizes[i])
        kept = sorted(known + new[: max(0, self._most - len(known))])
        return [labels[i] for i in kept], means[kept]
