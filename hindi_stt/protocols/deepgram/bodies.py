"""Words and models as Deepgram's answers have them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hindi_stt.types import Word

__all__ = ["alternative", "created_now", "model_info", "words_json"]


def words_json(words: Sequence[Word], *, punctuated: bool, speakers: Sequence[int | None] = ()) -> list[dict[str, Any]]:
    """Write words.

    Args:
        words: The words.
        punctuated: Also give each as it is written, with its punctuation.
        speakers: The number of each word's speaker, from 0; empty where speakers are not told apart.

    Returns:
        A JSON object each: `word` has no punctuation at its ends.
    """
    return [
        {
            "word": _bare(word.text),
            "start": round(word.start_s, 3),
            "end": round(word.end_s, 3),
            "confidence": round(word.confidence, 4),
            **({} if speaker is None else {"speaker": speaker}),
            **({"punctuated_word": word.text} if punctuated else {}),
        }
        for word, speaker in zip(words, speakers or [None] * len(words), strict=True)
    ]


def alternative(words: Sequence[Word], *, punctuated: bool, speakers: Sequence[int | None] = ()) -> dict[str, Any]:
    """Write a transcript: its text, the mean of its words' confidences, and the words.

    Args:
        words: The words.
        punctuated: As in `words_json`.
        speakers: As in `words_json`.

    Returns:
        The JSON object.
    """
    confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
    return {
        "transcript": " ".join(word.text for word in words),
        "confidence": round(confidence, 4),
        "words": words_json(words, punctuated=punctuated, speakers=speakers),
    }


def model_info(tag: str) -> Mapping[str, str]:
    """Describe a model.

    Args:
        tag: Its tag, NAME:VERSION.

    Returns:
        Its name, version and kind.
    """
    name, _, version = tag.partition(":")
    return {"name": name, "version": version, "arch": "ctc"}


def created_now() -> str:
    """The time, as ISO 8601 has it in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bare(text: str) -> str:
    """A word without punctuation at its ends; of nothing but punctuation, all of it."""
    start, end = 0, len(text)
    while start < end and unicodedata.category(text[start]).startswith("P"):
        start += 1
    while end > start and unicodedata.category(text[end - 1]).startswith("P"):
        end -= 1
    return text[start:end] or text
