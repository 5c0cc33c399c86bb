"""Transcript → text and JSON."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from hindi_stt.render.speaker_labels import speaker_number
from hindi_stt.types import Segment, Transcript, Word

__all__ = [
    "speaker_letter",
    "to_diarized_json",
    "to_json",
    "to_text",
    "to_verbose_json",
    "verbose_segments",
    "word_json",
    "word_log_probs",
    "words_json",
]

_LEAST_CONFIDENCE: Final = 1e-6


def to_text(transcript: Transcript) -> str:
    """The words alone."""
    return transcript.text


def to_json(transcript: Transcript, model: str) -> dict[str, Any]:
    """Render a transcript as our JSON form; times and durations in seconds, rounded to the millisecond.

    Args:
        transcript: The transcript.
        model: Tag of the model that made it.

    Returns:
        Text, language, duration, words, model and warnings.
    """
    return {
        "text": transcript.text,
        "language": transcript.language,
        "duration": round(transcript.duration_s, 3),
        "words": words_json(transcript.segments),
        "model": model,
        "warnings": list(transcript.warnings),
    }


def to_verbose_json(transcript: Transcript, *, words: bool, segments: bool) -> dict[str, Any]:
    """Render a transcript as OpenAI's verbose_json; avg_logprob is the mean of the words' `word_log_probs`.

    Fields for which a CTC model has no value are neutral: no token ids, temperature and no_speech_prob 0.

    Args:
        transcript: The transcript.
        words: Include words.
        segments: Include segments.

    Returns:
        The JSON object.
    """
    body: dict[str, Any] = {
        "task": "transcribe",
        "language": transcript.language,
        "duration": round(transcript.duration_s, 3),
        "text": transcript.text,
    }
    if words:
        body["words"] = [
            {**_timed(word), **_voice(segment)} for segment in transcript.segments for word in segment.words
        ]
    if segments:
        body["segments"] = verbose_segments(transcript)
    return body


def verbose_segments(transcript: Transcript) -> list[dict[str, Any]]:
    """OpenAI's segments; those of split channels say theirs, and those of known speakers who it is."""
    return [{**_verbose(i, segment), **_voice(segment)} for i, segment in enumerate(transcript.segments)]


def to_diarized_json(transcript: Transcript) -> dict[str, Any]:
    """Render a transcript as OpenAI's diarized_json: a segment for each turn of a speaker.

    Args:
        transcript: The transcript.

    Returns:
        The JSON object; speakers without a name are A, B and so on in the order in which they first speak.
    """
    return {
        "task": "transcribe",
        "duration": round(transcript.duration_s, 3),
        "text": transcript.text,
        "segments": [
            {
                "type": "transcript.text.segment",
                "id": f"seg_{i:03d}",
                "start": round(segment.start_s, 3),
                "end": round(segment.end_s, 3),
                "text": segment.text,
                "speaker": speaker_letter(segment.speaker or ""),
            }
            for i, segment in enumerate(transcript.segments, 1)
        ],
    }


def speaker_letter(speaker: str) -> str:
    """The letter that OpenAI calls Speaker 1 by; a name as it is."""
    number = speaker_number(speaker)
    return speaker if number is None else chr(ord("A") + number)


def word_json(word: Word) -> dict[str, Any]:
    """A word, its times in seconds and its confidence."""
    return {**_timed(word), "confidence": round(word.confidence, 4)}


def words_json(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """The words of segments, each with its channel and its speaker, as far as they are known."""
    return [{**word_json(word), **_voice(segment)} for segment in segments for word in segment.words]


def word_log_probs(words: Iterable[Word]) -> list[dict[str, Any]]:
    """OpenAI's logprobs, one entry a word: the natural logarithm of its confidence."""
    return [
        {"token": word.text, "bytes": list(word.text.encode()), "logprob": round(_log_prob(word), 4)} for word in words
    ]


def _timed(word: Word) -> dict[str, Any]:
    return {"word": word.text, "start": round(word.start_s, 3), "end": round(word.end_s, 3)}


def _voice(segment: Segment) -> dict[str, Any]:
    """The channel and the speaker, as far as they are known."""
    known = {"channel": segment.channel, "speaker": segment.speaker}
    return {name: value for name, value in known.items() if value is not None}


def _verbose(i: int, segment: Segment) -> dict[str, Any]:
    text = segment.text.encode()
    return {
        "id": i,
        "seek": 0,
        "start": round(segment.start_s, 3),
        "end": round(segment.end_s, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(sum(map(_log_prob, segment.words)) / max(1, len(segment.words)), 4),
        "compression_ratio": round(len(text) / len(zlib.compress(text)), 4),
        "no_speech_prob": 0.0,
    }


def _log_prob(word: Word) -> float:
    return math.log(max(word.confidence, _LEAST_CONFIDENCE))
