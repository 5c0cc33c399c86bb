"""Where a clip has speech, where its speaker changes, and where two speak at a time, by a segmentation model.

The model tells up to a few speakers of some seconds of audio apart, by numbers that mean nothing in the next chunk.
Who they are is found by embeddings and clustering.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.errors import BundleInvalid, InferenceFailed
from hindi_stt.speakers.session import open_session
from hindi_stt.speakers.speech import Speech, runs
from hindi_stt.types import Float32

__all__ = ["Segmentation"]

# A clip up to this many chunks long is one chunk: a short rest would have too little around it.
_LONGEST_CHUNK: Final = 1.2
# Probability from which there is speech, and from which two speak at a time.
_SPEECH: Final = 0.5
_OVERLAP: Final = 0.5
# In seconds: a pause up to this is part of speech; speech and overlaps that are shorter than these are none; a speaker
# of a chunk who takes over for a shorter time does not.
_GAP_S: Final = 0.35
_LEAST_S: Final = 0.1
_LEAST_TURN_S: Final = 0.3


# First and one past the last output frame, and the number of the speaker.
_Piece = tuple[int, int, int]


class Segmentation:
    """A loaded segmentation model. Thread-safe.

    Args:
        bundle: A speaker bundle that has one.

    Raises:
        BundleInvalid: The model cannot be loaded, or does not fit the manifest.
    """

    def __init__(self, bundle: SpeakerBundle) -> None:
        spec, model = bundle.manifest.segmentation, bundle.segmentation_model
        if spec is None or model is None:
            raise BundleInvalid(f"{bundle.folder} has no segmentation model.")
        self._spec = spec
        self._session = open_session(model)
        self._chunk = round(spec.chunk_s * spec.sample_rate)
        self._least = spec.frame_samples + spec.hop_samples
        n_speakers = 1 + max(speaker for speakers in spec.classes for speaker in speakers)
        # [classes, speakers]: whether the speaker of the chunk speaks.
        self._speaks = np.zeros((len(spec.classes), n_speakers), np.float32)
        for row, speakers in zip(self._speaks, spec.classes, strict=True):
            row[list(speakers)] = 1
        self._several = self._speaks.sum(axis=1) > 1
        self._silence = self._speaks.sum(axis=1) == 0
        try:
            found = self._run(np.zeros(self._chunk, np.float32)).shape
        except InferenceFailed as error:
            raise BundleInvalid(f"{model} cannot be used as a segmentation model: {error}") from error
        expected = 1 + (self._chunk - spec.frame_samples) // spec.hop_samples
        if found != (expected, len(spec.classes)):
            raise BundleInvalid(f"{model} gives {found}, but the manifest says {(expected, len(spec.classes))}.")

    def __call__(self, samples: Float32) -> Speech:
        """Find speech.

        Args:
            samples: A clip, mono, float32 [n], at the sample rate of the manifest.

        Returns:
            Stretches of one speaker each, as far as the model hears, and where two speak at a time.

        Raises:
            InferenceFailed: The model cannot process them.
        """
        if not len(samples):
            return Speech()
        classes, chunk = self._classes(samples)
        speech = 1 - classes[:, self._silence].sum(axis=1)
        # Speakers of different chunks are different ones.
        speaker = (classes @ self._speaks).argmax(axis=1) + chunk * self._speaks.shape[1]
        several = classes[:, self._several].sum(axis=1)
        stretches = _stretches(speech > _SPEECH, speaker, self._frames(_GAP_S), self._frames(_LEAST_TURN_S))
        return Speech(
            self._in_samples(stretches, len(samples)), self._in_samples(runs(several > _OVERLAP), len(samples))
        )

    def _frames(self, duration_s: float) -> int:
        return round(duration_s * self._spec.sample_rate / self._spec.hop_samples)

    def _in_samples(self, spans: Sequence[tuple[int, int]], n_samples: int) -> tuple[tuple[int, int], ...]:
        hop, least = self._spec.hop_samples, self._frames(_LEAST_S)
        return tuple((start * hop, min(end * hop, n_samples)) for start, end in spans if end - start >= least)

    def _classes(self, samples: Float32) -> tuple[Float32, NDArray[np.int64]]:
        """Probabilities [frames, classes] for the whole clip, a frame every hop, and the chunk that each is of."""
        whole = len(samples) <= _LONGEST_CHUNK * self._chunk
        n_chunks = 1 if whole else -(-len(samples) // self._chunk)
        length = max(len(samples), self._least) if whole else self._chunk
        samples = np.pad(samples, (0, max(0, length - len(samples))))
        starts = np.linspace(0, len(samples) - length, n_chunks).round().astype(int)
        chunks = np.stack([self._run(samples[start : start + length]) for start in starts])
        hop, frame = self._spec.hop_samples, self._spec.frame_samples
        middles = np.arange(-(-len(samples) // hop)) * hop + hop // 2
        owner = np.abs(middles[:, None] - (starts + length / 2)).argmin(axis=1)
        places = np.rint((middles - starts[owner] - frame // 2) / hop).astype(int).clip(0, chunks.shape[1] - 1)
        return chunks[owner, places], owner

    def _run(self, samples: Float32) -> Float32:
        try:
            (log_probs,) = self._session.run([self._spec.output], {self._spec.samples_input: samples[None]})
        except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
            raise InferenceFailed(f"The segmentation model failed: {type(error).__name__}.") from error
        return np.asarray(np.exp(log_probs[0]), np.float32)


def _stretches(
    speech: NDArray[np.bool_], speaker: NDArray[np.int64], gap: int, least_turn: int
) -> list[tuple[int, int]]:
    """Stretches of one speaker each, in frames: across pauses up to `gap`, and turns shorter than `least_turn`."""
    found: list[_Piece] = []
    for start, end in runs(speech):
        cuts = (start + 1 + np.flatnonzero(np.diff(speaker[start:end]))).tolist()
        for first, last in pairwise([start, *cuts, end]):
            who = int(speaker[first])
            if not found or first - found[-1][1] > gap:
                found.append((first, last, who))
            elif who == found[-1][2] or last - first < least_turn:
                found[-1] = (found[-1][0], last, found[-1][2])
            elif found[-1][1] - found[-1][0] < least_turn:
                found[-1] = (found[-1][0], last, who)
            else:
                found.append((first, last, who))
    return [(start, end) for start, end, _ in found]
