"""The response formats: what `response_format` takes over HTTP, in jobs, and on the command line.

A format that is text is an entry of TEXT_FORMATS, and nothing else: the routes, jobs, the OpenAPI document, content
negotiation and the command line read it from here. Subtitles are in CAPTION_FORMATS, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hindi_stt.render.paragraphs import paragraphs_text
from hindi_stt.render.subtitles import to_srt, to_vtt
from hindi_stt.render.transcripts import to_text
from hindi_stt.types import Transcript

__all__ = [
    "CAPTION_FORMATS",
    "FORMATS",
    "FORMAT_BY_MEDIA_TYPE",
    "TEXT_FORMATS",
    "TextFormat",
    "has_paragraphs",
    "write_text",
]


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A response format that is text.

    Attributes:
        write: Makes the text of a transcript.
        media_type: Media type in Content-Type and Accept headers.
        extension: File extension, without a dot.
        example: Example for the OpenAPI document.
        joins: Whether the texts of several recordings may follow one another on standard output, each behind the name
            of its recording; otherwise the command line wants a folder for them.
        write_paragraphs: Makes the text of a transcript divided into paragraphs; None where the format has none.
    """

    write: Callable[[Transcript], str]
    media_type: str
    extension: str
    example: str
    joins: bool = False
    write_paragraphs: Callable[[Transcript], str] | None = None


# By the name that `response_format` takes.
TEXT_FORMATS: Final[Mapping[str, TextFormat]] = {
    "text": TextFormat(
        lambda transcript: to_text(transcript) + "\n",
        "text/plain",
        "txt",
        "आज मौसम",
        joins=True,
        write_paragraphs=lambda transcript: paragraphs_text(transcript) + "\n",
    ),
    "srt": TextFormat(to_srt, "application/x-subrip", "srt", "1\n00:00:00,240 --> 00:00:00,920\nआज मौसम\n\n"),
    "vtt": TextFormat(to_vtt, "text/vtt", "vtt", "WEBVTT\n\n00:00:00.240 --> 00:00:00.920\nआज मौसम\n\n"),
}

# Subtitles, which have punctuation unless a request says otherwise.
CAPTION_FORMATS: Final = frozenset({"srt", "vtt"})

# All that `response_format` takes; the first is the default.
FORMATS: Final = ("json", *TEXT_FORMATS, "verbose_json", "diarized_json")

# The format of each type that an Accept header may name.
FORMAT_BY_MEDIA_TYPE: Final[Mapping[str, str]] = {
    "application/json": "json",
    **{form.media_type: name for name, form in TEXT_FORMATS.items()},
}


def has_paragraphs(response_format: str) -> bool:
    """Tell whether a format can show paragraphs.

    Args:
        response_format: One of FORMATS.

    Returns:
        Whether it is JSON, or text that has a form with paragraphs.
    """
    form = TEXT_FORMATS.get(response_format)
    return form is None or form.write_paragraphs is not None


def write_text(form: TextFormat, transcript: Transcript, *, paragraphs: bool) -> str:
    """Write a transcript in a format that is text.

    Args:
        form: The format.
        transcript: The transcript.
        paragraphs: Divide it into paragraphs where the format has them.

    Returns:
        The text.
    """
    write = form.write_paragraphs if paragraphs and form.write_paragraphs is not None else form.write
    return write(transcript)
