"""Transcript → paragraphs: a new one where the speaker changes, after a long pause, and for length."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hindi_stt.render.cues import SENTENCE_ENDS
from hindi_stt.types import Transcript, Word

__all__ = ["PARAGRAPH_PAUSE_S", "Paragraph", "paragraphs", "paragraphs_json", "paragraphs_text"]

# Within a speaker's train of thought, pauses between sentences are mostly shorter.
PARAGRAPH_PAUSE_S: Final = 2.0
# A paragraph may end with a sentence from so many words on; at the most it has so many, whether a sentence ends or not.
_LONG_WORDS: Final = 60
_LONGEST_WORDS: Final = 120


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words of one speaker, at least one.

    Attributes:
        words: The words.
        channel: The channel on which they were spoken, from 0; None where the channels were mixed.
        speaker: Who spoke them; None where speakers were not told apart.
    """

    words: tuple[Word, ...]
    channel: int | None
    speaker: str | None = None

    @property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(word.text for word in self.words)


def paragraphs(transcript: Transcript) -> tuple[Paragraph, ...]:
    """Divide a transcript into paragraphs.

    Args:
        transcript: The transcript.

    Returns:
        The paragraphs, which hold every word in the order of the segments.
    """
    spoken = (((segment.channel, segment.speaker), word) for segment in transcript.segments for word in segment.words)
    found: list[Paragraph] = []
    for (channel, speaker), turn in itertools.groupby(spoken, key=lambda pair: pair[0]):
        for words in _at_pauses([word for _, word in turn]):
            found += [Paragraph(part, channel, speaker) for part in _of_length(words)]
    return tuple(found)


def paragraphs_json(transcript: Transcript) -> list[dict[str, Any]]:
    """Render paragraphs as JSON: start and end in seconds, the text, and channel and speaker if they are known."""
    return [
        {
            "start": round(paragraph.words[0].start_s, 3),
            "end": round(paragraph.words[-1].end_s, 3),
            "text": paragraph.text,
            **({} if paragraph.channel is None else {"channel": paragraph.channel}),
            **({} if paragraph.speaker is None else {"speaker": paragraph.speaker}),
        }
        for paragraph in paragraphs(transcript)
    ]


def paragraphs_text(transcript: Transcript) -> str:
    """Render paragraphs as text, with an empty line between two, and the speaker before each where it is known."""
    return "\n\n".join(
        (f"{paragraph.speaker}: " if paragraph.speaker else "") + paragraph.text for paragraph in paragraphs(transcript)
    )


def _at_pauses(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    start = 0
    for i in range(1, len(words)):
        if words[i].start_s - words[i - 1].end_s >= PARAGRAPH_PAUSE_S:
            yield words[start:i]
            start = i
    yield words[start:]


def _of_length(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    while len(words) > _LONG_WORDS:
        ends = (i for i in range(_LONG_WORDS, min(len(words), _LONGEST_WORDS)) if _ends_sentence(words[i - 1]))
        cut = next(ends, None)
        if cut is None:
            if len(words) <= _LONGEST_WORDS:
                break
            # No sentence ends: after the longest pause.
            cut = max(range(_LONG_WORDS, _LONGEST_WORDS + 1), key=lambda i: (words[i].start_s - words[i - 1].end_s, -i))
        yield tuple(words[:cut])
        words = words[cut:]
    yield tuple(words)


def _ends_sentence(word: Word) -> bool:
    return word.text.endswith(SENTENCE_ENDS)
