"""Transcript → RTTM, the format in which diarisation is scored (NIST, Rich Transcription 2009 evaluation plan)."""

from __future__ import annotations

import re

from hindi_stt.types import Transcript

__all__ = ["to_rttm"]


def to_rttm(transcript: Transcript, file: str) -> str:
    """Write RTTM.

    Args:
        transcript: The transcript of a recording whose speakers were told apart.
        file: Name of the recording; the format has no white space in names, which become underscores.

    Returns:
        A line for each turn of a speaker.
    """
    return "".join(
        f"SPEAKER {_plain(file)} 1 {turn.start_s:.3f} {turn.end_s - turn.start_s:.3f} <NA> <NA> "
        f"{_plain(turn.speaker)} <NA> <NA>\n"
        for turn in transcript.turns
    )


def _plain(name: str) -> str:
    return re.sub(r"\s+", "_", name.strip()) or "_"
