"""Options of decoding and text on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from hindi_stt.decoding import DecodingOptions, parse_hotwords
from hindi_stt.decoding.options import DecoderName
from hindi_stt.text.options import FIELDS as TEXT_FIELDS
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline

__all__ = ["add_request_options", "request_options"]


def add_request_options(parser: argparse.ArgumentParser) -> None:
    """Add --decoder, --lm, --hotword and the options of text and speakers to a parser."""
    parser.add_argument(
        "--decoder",
        choices=get_args(DecoderName),
        default="auto",
        help="auto: beam where a model or a hotword asks for it",
    )
    parser.add_argument("--lm", default="", metavar="NAME|FILE", help="language model: the bundle's, or a file")
    parser.add_argument(
        "--hotword", action="append", default=[], metavar="WORD[:WEIGHT]", help="expect this word (may be repeated)"
    )
    parser.add_argument("--diarize", action="store_true", help="tell speakers apart: docs/speakers.md")
    parser.add_argument("--num-speakers", metavar="N", help="number of speakers, where it is known (with --diarize)")
    parser.add_argument("--max-speakers", metavar="N", help="largest number of speakers (with --diarize; default: 8)")
    for name, values in TEXT_FIELDS.items():
        listed = name == "mask"
        parser.add_argument(
            f"--{name}",
            choices=None if listed else values,
            metavar="KIND,…" if listed else None,
            help=f"{', '.join(values)}: docs/hindi-text.md (default: the setting)",
        )


def request_options(arguments: argparse.Namespace, pipeline: Pipeline) -> Options:
    """Read the options of decoding and text; a language model that is a file is loaded.

    Args:
        arguments: Parsed arguments of `add_request_options`.
        pipeline: The model's pipeline.

    Returns:
        The options.

    Raises:
        HindiSTTError: One of them cannot be used with the model.
    """
    if (file := Path(arguments.lm)).is_file():
        pipeline.decoders.add_language_model(arguments.lm, file)
    fields = {name: getattr(arguments, name) for name in TEXT_FIELDS}
    fields |= {"num_speakers": arguments.num_speakers, "max_speakers": arguments.max_speakers}
    if arguments.diarize:
        fields["diarize"] = "true"
    options = pipeline.options({name: value for name, value in fields.items() if value is not None})
    decoding = DecodingOptions(arguments.decoder, arguments.lm, parse_hotwords(arguments.hotword))
    pipeline.decoders.choose(decoding)  # complains now rather than at every file
    return Options(options.text, decoding, options.speakers)
