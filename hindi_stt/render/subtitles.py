"""Transcript → SubRip and WebVTT files."""

from __future__ import annotations

from hindi_stt.render.cues import Cue, cues, voice_label
from hindi_stt.types import Transcript

__all__ = ["to_srt", "to_vtt"]


def to_srt(transcript: Transcript) -> str:
    """Write SubRip subtitles.

    Args:
        transcript: The transcript; segments with a channel give cues that begin with `[channel] `, those with a
            speaker cues that begin with `Speaker 1: `.

    Returns:
        The file's text, with cues numbered from 1 in the order of their start.
    """
    return "".join(
        f"{number}\n{_times(cue, ',')}\n{_label(cue)}{_text(cue)}\n\n"
        for number, cue in enumerate(cues(transcript), start=1)
    )


def to_vtt(transcript: Transcript) -> str:
    """Write WebVTT subtitles (https://www.w3.org/TR/webvtt1/).

    Args:
        transcript: The transcript; segments with a channel give cues with a voice span, `<v Channel 0>`; those with a
            speaker `<v Speaker 1>`.

    Returns:
        The file's text. Cues are in the order of their start, as the specification demands.
    """
    return "WEBVTT\n\n" + "".join(
        f"{_times(cue, '.')}\n{_voice(cue)}{_escaped(_text(cue))}\n\n" for cue in cues(transcript)
    )


def _label(cue: Cue) -> str:
    return voice_label(cue.channel, cue.speaker)


def _voice(cue: Cue) -> str:
    """The start tag alone: the end tag may be left out where the voice span is the whole cue."""
    names = [f"Channel {cue.channel}"] if cue.channel is not None else []
    names += [_escaped(cue.speaker)] if cue.speaker is not None else []
    return f"<v {', '.join(names)}>" if names else ""


def _text(cue: Cue) -> str:
    return "\n".join(cue.lines)


def _times(cue: Cue, decimal_mark: str) -> str:
    return f"{_clock(cue.start_ms, decimal_mark)} --> {_clock(cue.end_ms, decimal_mark)}"


def _clock(time_ms: int, decimal_mark: str) -> str:
    minutes, milliseconds = divmod(time_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{decimal_mark}{milliseconds:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
