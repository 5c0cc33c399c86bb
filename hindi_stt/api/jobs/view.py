"""How the transcripts of a job are shown: the query of a request for results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping
from starlette.requests import Request

from hindi_stt import render
from hindi_stt.api.forms.values import boolean, one_of
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.jobs.backend import JobOptions
from hindi_stt.render.formats import CAPTION_FORMATS, FORMATS, TEXT_FORMATS, has_paragraphs, write_text
from hindi_stt.text.options import FIELDS
from hindi_stt.types import Transcript

__all__ = ["ResultView", "parse_view"]

_options: Final = TypeAdapter(JobOptions)
_transcript: Final = TypeAdapter(Transcript)


@dataclass(frozen=True, slots=True)
class ResultView:
    """What a request for results asks for.

    Attributes:
        recognizer: Has the punctuators.
        job: The job's options.
        response_format: One of `render.formats.FORMATS`.
        paragraphs: Divide texts into paragraphs.
        punctuation: Marks to add to a transcript that was made without; None: those of captions in captions.
    """

    recognizer: Recognizer
    job: JobOptions
    response_format: str
    paragraphs: bool
    punctuation: str | None

    def render(self, row: RowMapping) -> tuple[str, tuple[str, ...]] | dict[str, Any]:
        """Render the transcript of a file.

        Args:
            row: The file's, with its result.

        Returns:
            A JSON object; or a text, and the warnings that it has no place for.

        Raises:
            InvalidRequest: No model of the language has the punctuation.
        """
        transcript = self._punctuated(_transcript.validate_json(row["result"]))
        if (form := TEXT_FORMATS.get(self.response_format)) is not None:
            text = write_text(form, transcript, paragraphs=self.paragraphs)
            if not self.paragraphs or has_paragraphs(self.response_format):
                return text, transcript.warnings
            without = f"paragraphs=true: response_format={self.response_format} has no paragraphs"
            return text, (*transcript.warnings, without)
        body = render.to_json(transcript, row["model"])
        if self.paragraphs:
            body["paragraphs"] = render.paragraphs_json(transcript)
        if self.response_format == "verbose_json":
            body["segments"] = render.verbose_segments(transcript)
        if self.response_format == "diarized_json":
            body |= render.to_diarized_json(transcript)
        return body

    def _punctuated(self, transcript: Transcript) -> Transcript:
        options = self.job.options
        if options.text.punctuation != "off":
            return transcript
        pipelines = self.recognizer.pipelines.values()
        pipeline = next((one for one in pipelines if one.language == transcript.language), None)
        if pipeline is None:
            return transcript
        if self.punctuation is not None:
            text = options.text.updated({"punctuation": self.punctuation})
        elif self.response_format in CAPTION_FORMATS:
            text = pipeline.captioned(options, ()).text
        else:
            return transcript
        return replace(transcript, segments=pipeline.writer.punctuated(transcript.segments, text))


def parse_view(request: Request, recognizer: Recognizer, job: RowMapping) -> ResultView:
    """Parse the query of a request for results.

    Args:
        request: The request.
        recognizer: The worker's.
        job: The job's row.

    Returns:
        The view.

    Raises:
        InvalidRequest: A parameter has an unknown value; the message names it.
    """
    query = request.query_params
    return ResultView(
        recognizer,
        _options.validate_json(job["options"]),
        one_of(query, "response_format", FORMATS),
        "paragraphs" in query and boolean(query, "paragraphs"),
        one_of(query, "punctuation", FIELDS["punctuation"]) if "punctuation" in query else None,
    )
