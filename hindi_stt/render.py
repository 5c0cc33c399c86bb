"""Transcript → the response formats."""

from __future__ import annotations

from typing import Any

from hindi_stt.types import Transcript

__all__ = ["to_json", "to_text"]


def to_text(transcript: Transcript) -> str:
    """The words alone."""
    return transcript.text


def to_json(transcript: Transcript, model: str) -> dict[str, Any]:
    """Text, words and facts; times and durations in seconds, rounded to the millisecond."""
    return {
        "text": transcript.text,
        "language": transcript.language,
        "duration": round(transcript.duration_s, 3),
        "words": [
            {
                "word": word.text,
                "start": round(word.start_s, 3),
                "end": round(word.end_s, 3),
                "confidence": round(word.confidence, 4),
            }
            for word in transcript.words
        ],
        "model": model,
        "warnings": list(transcript.warnings),
    }
