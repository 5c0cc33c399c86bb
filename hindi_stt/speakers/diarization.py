"""Who speaks the words of a recording: windows are embedded clip by clip, and grouped when all clips are there.

Words get the speaker of the stretch of speech that they are in: a change of speaker is always between two words. No
samples are kept: two hours of speech are some 10,000 embeddings, 8 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from hindi_stt.render.speaker_labels import speaker_name
from hindi_stt.speakers.bandwidth import Bandwidth
from hindi_stt.speakers.clip_speech import embed_clip
from hindi_stt.speakers.clustering import cluster
from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.known import match_known
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.speakers.turns import Stretch, cut_segments, find_turns, groups_of_words, pieces_of
from hindi_stt.speakers.vectors import unit
from hindi_stt.types import Float32, Segment, SpeakerTurn, Word

__all__ = ["LEAST_GROUPED_S", "Diarization"]

LEAST_GROUPED_S: Final = 0.8
"""Windows with less sound, in seconds, say too little to group speakers by; they go to whom they are most like."""


class Diarization:
    """The speakers of one recording.

    Args:
        embedder: Returns the speaker model; called in the thread that uses it, where it is loaded when it is missing.
        options: What is asked for.
        sample_rate: Of the samples that are added, in Hz.

    Attributes:
        warnings: Known speakers who were not heard, after `label`.
    """

    def __init__(self, embedder: Callable[[], Embedder], options: SpeakerOptions, sample_rate: int) -> None:
        self._embedder = embedder
        self._options = options
        self._sample_rate = sample_rate
        self._stretches: list[Stretch] = []
        self._overlaps: list[tuple[float, float]] = []
        self._bandwidth = Bandwidth()
        self.warnings: tuple[str, ...] = ()

    def add(self, samples: Float32, offset_s: float, words: Sequence[Word]) -> None:
        """Embed the speech of a clip.

        Args:
            samples: The clip, mono, float32 [n].
            offset_s: Start of the clip in the recording, in seconds.
            words: Its words, with times from the clip's start. Of a clip without words no speaker is made.
        """
        speech = embed_clip(self._embedder(), samples, self._sample_rate, offset_s)
        self._bandwidth.include(speech.bandwidth)
        self._stretches += [replace(stretch, has_words=bool(words)) for stretch in speech.stretches]
        self._overlaps += speech.overlaps

    def label(self, segments: Sequence[Segment]) -> tuple[list[Segment], tuple[SpeakerTurn, ...]]:
        """Tell the speaker of each segment; one with several speakers becomes several, cut between words.

        Args:
            segments: Of the whole recording, with times from its start.

        Returns:
            The segments with their speakers, who are numbered in the order in which they first speak, and the turns of
            all speech, also of what was not recognised, which overlap where two speak at a time.
        """
        words = [word for segment in segments for word in segment.words]
        if not words:
            return [], ()
        stretches = sorted(self._stretches, key=lambda stretch: (stretch.start_s, stretch.end_s))
        likeness, known = self._likeness(stretches)
        pieces = pieces_of(stretches, likeness)
        groups = groups_of_words(words, pieces)
        if (spoken := sorted(set(groups))) != list(range(likeness[0].shape[1] if likeness else 1)):
            # Who has no word is no speaker of the transcript.
            pieces = pieces_of(stretches, [alike[:, spoken] for alike in likeness])
            groups = groups_of_words(words, pieces)
            known = {new: known[group] for new, group in enumerate(spoken) if group in known}
        order = enumerate(dict.fromkeys(groups))
        called = {group: known.get(group) or speaker_name(number) for number, group in order}
        names = [called[group] for group in groups]
        missing = [one.name for one in self._options.known if one.name not in called.values()]
        self.warnings = tuple(f"known_speaker_names: {name!r} was not heard" for name in missing)
        turns = find_turns(pieces, words, groups, self._overlaps)
        return cut_segments(segments, names), tuple(
            SpeakerTurn(start, end, called[group]) for start, end, group in turns
        )

    def _likeness(self, stretches: Sequence[Stretch]) -> tuple[list[Float32], dict[int, str]]:
        """How much the windows of each stretch are like the groups, float32 [windows, groups], and who is known."""
        windows = [(window, stretch.has_words) for stretch in stretches for window in stretch.windows]
        if not windows:
            return [], {}
        embeddings = unit(np.stack([window.embedding for window, _ in windows]))
        spoken = np.array([has_words for _, has_words in windows])
        long = spoken & np.array([window.duration_s >= LEAST_GROUPED_S for window, _ in windows])
        for wider in (spoken, np.ones_like(spoken)):
            if long.sum() < max(2, self._options.num_speakers or 0):
                long = wider
        embedder = self._embedder()
        same_speaker = embedder.same_speaker_narrow if self._bandwidth.narrow else embedder.same_speaker
        grouped = cluster(
            embeddings[long],
            same_speaker=same_speaker,
            num_speakers=self._options.num_speakers,
            max_speakers=self._options.max_speakers,
        )
        means = unit(np.stack([embeddings[long][grouped == group].mean(axis=0) for group in range(grouped.max() + 1)]))
        ends = np.cumsum([len(stretch.windows) for stretch in stretches])[:-1]
        known = match_known(means, self._options.known, same_speaker)
        return np.split(embeddings @ means.T, ends), known
