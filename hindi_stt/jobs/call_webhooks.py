"""What a webhook says of a call that has ended: both sides, with times, speakers by track."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from hindi_stt import render
from hindi_stt.jobs.timestamps import utc_text
from hindi_stt.types import Segment, Transcript

__all__ = ["call_body", "call_of", "conversation"]

_transcript: Final = TypeAdapter(Transcript)


def call_of(job: RowMapping) -> dict[str, Any] | None:
    """Return what a job's options say of a call.

    Args:
        job: The row of the job.

    Returns:
        `CallFacts` as JSON; None for a job of recordings.
    """
    found: dict[str, Any] | None = json.loads(job["options"]).get("call")
    return found


def call_body(job: RowMapping, result: str) -> str:
    """Write the body of the webhook.

    Args:
        job: The row of a call's job.
        result: Its transcript as JSON.

    Returns:
        JSON.
    """
    call = call_of(job) or {}
    transcript = _transcript.validate_json(result)
    data = {
        "id": call.get("id", ""),
        "job": job["id"],
        "protocol": call.get("protocol", ""),
        "started_at": utc_text(call.get("started", job["created"])),
        "ended_at": utc_text(job["finished"]),
        "duration": round(transcript.duration_s, 3),
        "facts": call.get("facts", {}),
        "text": transcript.text,
        "segments": conversation(transcript.segments, call.get("tracks", [])),
        "warnings": list(transcript.warnings),
    }
    event = {"type": "call.ended", "timestamp": utc_text(job["finished"]), "data": data}
    return json.dumps(event, ensure_ascii=False)


def conversation(segments: tuple[Segment, ...], tracks: list[str]) -> list[dict[str, Any]]:
    """Write the segments of a call.

    Args:
        segments: In the order of time; their channels are tracks.
        tracks: Label of each track.

    Returns:
        A JSON object each: speaker, start and end in seconds, text and words.
    """
    return [
        {
            "speaker": tracks[segment.channel] if segment.channel is not None and segment.channel < len(tracks) else "",
            "start": round(segment.start_s, 3),
            "end": round(segment.end_s, 3),
            "text": segment.text,
            "words": [render.word_json(word) for word in segment.words],
        }
        for segment in segments
    ]
