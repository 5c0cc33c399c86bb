"""Transcripts of the channels of one recording, a call for instance → one, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hindi_stt.types import Segment, Transcript, Word

__all__ = ["merge"]

# Who is silent for so long lets the other one speak: the gap that ends a turn.
_TURN_PAUSE_S: Final = 0.6
# Warnings that say the same for every channel.
_OF_THE_FILE: Final = ("incomplete_audio", "audio_tracks")


def merge(channels: Sequence[Transcript]) -> Transcript:
    """The turns of all channels (at least one, in their order) by their start, each with its channel."""
    turns = [
        Segment(words[0].start_s, words[-1].end_s, words, channel)
        for channel, transcript in enumerate(channels)
        for words in _turns(transcript)
    ]
    return Transcript(
        language=channels[0].language,
        duration_s=max(transcript.duration_s for transcript in channels),
        segments=tuple(sorted(turns, key=lambda turn: (turn.start_s, turn.channel))),
        warnings=tuple(dict.fromkeys(_warnings(channels))),
    )


def _warnings(channels: Sequence[Transcript]) -> Iterator[str]:
    for channel, transcript in enumerate(channels):
        for warning in transcript.warnings:
            yield warning if warning.startswith(_OF_THE_FILE) else f"{warning}: channel {channel}"


def _turns(transcript: Transcript) -> Iterator[tuple[Word, ...]]:
    turn: list[Word] = []
    for word in transcript.words:
        if turn and word.start_s - turn[-1].end_s > _TURN_PAUSE_S:
            yield tuple(turn)
            turn = []
        turn.append(word)
    if turn:
        yield tuple(turn)
