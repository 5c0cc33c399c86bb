"""The nouns of the line from audio to transcript: small, frozen, and free of behaviour.

bytes ─audio─▶ Waveform ─features─▶ Features ─acoustic─▶ LogProbs ─decoding─▶ Hypothesis ─text─▶ Transcript
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "WORD_MARK",
    "Features",
    "Float32",
    "Hypothesis",
    "LogProbs",
    "Mask",
    "Nasals",
    "Nukta",
    "Numerals",
    "PreparedClip",
    "Punctuation",
    "Script",
    "Segment",
    "SpeakerTurn",
    "Token",
    "Transcript",
    "Waveform",
    "Word",
]

Float32 = NDArray[np.float32]

# SentencePiece writes it before a token that begins a word.
WORD_MARK: Final = "\u2581"

# How text is written: what settings and requests may say. docs/hindi-text.md describes each.
Numerals = Literal["off", "devanagari", "latin"]
Script = Literal["devanagari", "latin", "mixed"]
Punctuation = Literal["off", "pauses", "model"]
Mask = Literal["phone", "aadhaar", "card"]
Nukta = Literal["keep", "drop"]
Nasals = Literal["keep", "anusvara"]


@dataclass(frozen=True, slots=True)
class Waveform:
    """Mono audio.

    Attributes:
        samples: float32 [n], nominally in [-1, 1].
        sample_rate: In Hz.
        source_rate: Rate before resampling, in Hz.
    """

    samples: Float32
    sample_rate: int
    source_rate: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class Features:
    """What a model takes of one clip: normalised log-mel features, or samples as one channel.

    Attributes:
        values: float32 [channels, frames], every frame valid.
        duration_s: Seconds of audio that they describe.
    """

    values: Float32
    duration_s: float

    @property
    def n_frames(self) -> int:
        """Frames of features."""
        return int(self.values.shape[1])


@dataclass(frozen=True, slots=True)
class PreparedClip:
    """A clip of a recording, ready for the acoustic model.

    Attributes:
        features: Features of the clip.
        offset_s: Start in the recording, in seconds.
        overlap_s: Seconds at its start that are also the end of the clip before; 0 after a pause.
        continues: Whether it ends where nobody pauses, so that the next clip, if there is one, overlaps it.
        samples: Mono, float32 [n]; None unless speakers are told apart.
    """

    features: Features
    offset_s: float
    overlap_s: float = 0.0
    continues: bool = False
    samples: Float32 | None = None


@dataclass(frozen=True, slots=True)
class LogProbs:
    """Natural-log CTC probabilities of one clip.

    Attributes:
        values: float32 [frames, tokens + 1].
        frame_shift_s: Seconds per frame.
    """

    values: Float32
    frame_shift_s: float


@dataclass(frozen=True, slots=True)
class Token:
    """One decoded piece: its id and text, start and end in seconds from the clip's start, confidence in [0, 1]."""

    id: int
    piece: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: The word as it is written.
        start_s: Start in seconds from the clip's start.
        end_s: End in seconds from the clip's start.
        confidence: In [0, 1].
        sources: The words from which it was rewritten, as they were decoded; empty if nothing was rewritten.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float
    sources: tuple[str, ...] = ()

    @property
    def decoded(self) -> tuple[str, ...]:
        """The decoded words behind this one."""
        return self.sources or (self.text,)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The result of decoding one clip.

    Attributes:
        tokens: The tokens in order of time.
        words: The words in order of time.
        score: Natural-log probability of the path, plus that of the language model if there is one.
        rejected: Words that are not among `words`, because the clip was judged to hold no speech.
    """

    tokens: tuple[Token, ...]
    words: tuple[Word, ...]
    score: float
    rejected: tuple[Word, ...] = ()

    @property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech.

    Attributes:
        start_s: Start in seconds from the recording's start.
        end_s: End in seconds from the recording's start.
        words: Its words.
        channel: The channel on which it was spoken, from 0; None where the channels were mixed.
        speaker: Who spoke it, "Speaker 1" for instance; None where speakers were not told apart.
    """

    start_s: float
    end_s: float
    words: tuple[Word, ...]
    channel: int | None = None
    speaker: str | None = None

    @property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """Speech of one speaker: start and end in seconds from the recording's start, and who it is."""

    start_s: float
    end_s: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The answer for one recording: segments in time order, duration in seconds, and notes about the audio.

    `turns` has all speech by speaker, also what was not recognised, where speakers were told apart.
    """

    language: str
    duration_s: float
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all segments, in time order."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(segment.text for segment in self.segments if segment.words)
