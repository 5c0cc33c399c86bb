"""Transcript → the response formats."""

from __future__ import annotations

import math
import textwrap
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hindi_stt.types import Segment, Transcript, Word

__all__ = [
    "cues",
    "to_json",
    "to_srt",
    "to_text",
    "to_verbose_json",
    "to_vtt",
    "verbose_segments",
    "word_json",
    "word_log_probs",
]

# Two lines of a subtitle, as broadcasters set them, and the longest time that one stays.
LINE_LETTERS: Final = 42
CUE_LETTERS: Final = 2 * LINE_LETTERS
CUE_S: Final = 7.0
# A pause that ends a subtitle.
CUE_PAUSE_S: Final = 0.8
_LEAST_CONFIDENCE: Final = 1e-6


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
            {**word_json(word), **_channel(segment)} for segment in transcript.segments for word in segment.words
        ],
        "model": model,
        "warnings": list(transcript.warnings),
    }


def to_verbose_json(transcript: Transcript, *, words: bool, segments: bool) -> dict[str, Any]:
    """OpenAI's verbose_json. avg_logprob: mean of the words' `word_log_probs`.

    What this kind of model does not have is neutral: no token ids, temperature and no_speech_prob 0.
    """
    body: dict[str, Any] = {
        "task": "transcribe",
        "language": transcript.language,
        "duration": round(transcript.duration_s, 3),
        "text": transcript.text,
    }
    if words:
        body["words"] = [
            {**_timed(word), **_channel(segment)} for segment in transcript.segments for word in segment.words
        ]
    if segments:
        body["segments"] = verbose_segments(transcript)
    return body


def verbose_segments(transcript: Transcript) -> list[dict[str, Any]]:
    """OpenAI's segments; those of split channels say theirs."""
    return [{**_verbose(i, segment), **_channel(segment)} for i, segment in enumerate(transcript.segments)]


def to_srt(transcript: Transcript) -> str:
    """SubRip subtitles."""
    return "".join(
        f"{i}\n{_clock(start_s, ',')} --> {_clock(end_s, ',')}\n{text}\n\n"
        for i, (start_s, end_s, text) in enumerate(cues(transcript), start=1)
    )


def to_vtt(transcript: Transcript) -> str:
    """WebVTT subtitles (W3C)."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(start_s, '.')} --> {_clock(end_s, '.')}\n{_escaped(text)}\n\n"
        for start_s, end_s, text in cues(transcript)
    )


def cues(transcript: Transcript) -> Iterator[tuple[float, float, str]]:
    """Subtitles: start and end in seconds, and one or two lines of text."""
    for segment in transcript.segments:
        for words in _grouped(segment.words):
            text = " ".join(word.text for word in words)
            yield words[0].start_s, words[-1].end_s, "\n".join(textwrap.wrap(text, LINE_LETTERS))


def word_json(word: Word) -> dict[str, Any]:
    """A word, its times in seconds and its confidence."""
    return {**_timed(word), "confidence": round(word.confidence, 4)}


def word_log_probs(words: Iterable[Word]) -> list[dict[str, Any]]:
    """OpenAI's logprobs, one entry a word: the natural logarithm of its confidence."""
    return [
        {"token": word.text, "bytes": list(word.text.encode()), "logprob": round(_log_prob(word), 4)} for word in words
    ]


def _timed(word: Word) -> dict[str, Any]:
    return {"word": word.text, "start": round(word.start_s, 3), "end": round(word.end_s, 3)}


def _channel(segment: Segment) -> dict[str, int]:
    return {} if segment.channel is None else {"channel": segment.channel}


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


def _grouped(words: Iterable[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group:
            letters = sum(len(w.text) + 1 for w in group) + len(word.text)
            pause_s = word.start_s - group[-1].end_s
            if letters > CUE_LETTERS or word.end_s - group[0].start_s > CUE_S or pause_s > CUE_PAUSE_S:
                yield group
                group = []
        group.append(word)
    if group:
        yield group


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{mark}{milliseconds % 1000:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
