"""hindi-stt transcribe: recordings, folders of them, and standard input, in this process."""

from __future__ import annotations

import argparse
import contextlib
import glob
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from tqdm import tqdm

from hindi_stt import audio, render
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.cli.errors import reason
from hindi_stt.cli.options import add_request_options, request_options
from hindi_stt.cli.speaker_source import speaker_source
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.render.formats import CAPTION_FORMATS, FORMATS, TEXT_FORMATS, has_paragraphs, write_text
from hindi_stt.settings import Settings, get_settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Transcript

__all__ = ["add_transcribe"]

_STDIN: Final = "-"
_RTTM: Final = "rttm"
_NEEDS_SPEAKERS: Final = ("diarized_json", _RTTM)
# Of a folder, files with one of these endings are taken; a file that is named is taken whatever it is called.
_ENDINGS: Final = frozenset(
    {".3ga", ".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".au", ".avi", ".awb", ".caf", ".flac", ".flv"}
    | {".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".oga", ".ogg", ".opus"}
    | {".rf64", ".snd", ".spx", ".ts", ".tta", ".voc", ".w64", ".wav", ".wave", ".webm", ".wma", ".wv"}
)


@dataclass(frozen=True, slots=True)
class _Input:
    """A recording: its name as it is shown, its path (None: standard input), and what its output is called."""

    name: str
    path: Path | None
    output: Path


def add_transcribe(commands: Any, resolve: Callable[[Settings], Sequence[Bundle]]) -> None:
    """Add the command to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
        resolve: Finds the bundles that the settings name, the default one first.
    """
    parser = commands.add_parser("transcribe", help="transcribe recordings in this process")
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="FILE",
        help="a recording, a folder of them, a pattern in quotes, or - for standard input",
    )
    parser.add_argument(
        "--format",
        choices=(*FORMATS, _RTTM),
        default="text",
        help="text (default); json, verbose_json, diarized_json: one object a line; srt, vtt: subtitles; rttm: turns "
        "of speakers. The last and diarized_json go with --diarize",
    )
    parser.add_argument(
        "--output-dir",
        type=Path,
        metavar="DIR",
        help="write a file for each recording there, instead of standard output",
    )
    parser.add_argument(
        "--model", metavar="MODEL", help="a tag in the store, or a bundle's folder (default: the setting)"
    )
    parser.add_argument("--language", metavar="LANGUAGE", help="of HINDI_STT_MODELS take the first one for it: hi")
    parser.add_argument(
        "--paragraphs", action="store_true", help="divide the text at long pauses and for length (text, json)"
    )
    add_request_options(parser)
    parser.set_defaults(run=lambda arguments: _transcribe(arguments, resolve))


def _transcribe(arguments: argparse.Namespace, resolve: Callable[[Settings], Sequence[Bundle]]) -> int:
    inputs = _checked_inputs(arguments)
    settings = get_settings()
    if arguments.model:
        settings = settings.model_copy(update={"model": arguments.model, "models": ""})
    registry = Registry(resolve(settings))
    bundle = registry.choose(None, [arguments.language] if arguments.language else []).bundles[0]
    pipeline = Pipeline(bundle, settings if bundle is registry.default else settings.for_more_models, speaker_source())
    options = request_options(arguments, pipeline)
    if arguments.format in CAPTION_FORMATS:
        options = pipeline.captioned(options, {"punctuation"} if arguments.punctuation else ())
    if arguments.paragraphs and (arguments.format == _RTTM or not has_paragraphs(arguments.format)):
        sys.stderr.write(f"hindi-stt: warning: --paragraphs: --format {arguments.format} has no paragraphs\n")
    acoustic = LocalAcoustic(bundle, threads=settings.effective_threads)
    outputs = _outputs(inputs, _extension(arguments.format))
    failed: list[str] = []
    with _progress(inputs, pipeline) as (bar, on_progress):
        for one, output in zip(inputs, outputs, strict=True):
            try:
                with _opened(one) as source:
                    transcript = pipeline.transcribe(source, acoustic, options, on_progress=on_progress)
                named = len(inputs) > 1 and arguments.output_dir is None
                written = _written(
                    transcript, arguments.format, one.name, bundle.label, named=named, divided=arguments.paragraphs
                )
                if arguments.output_dir is None:
                    bar.write(written.removesuffix("\n"), file=sys.stdout)
                else:
                    _save(arguments.output_dir / output, written)
            except (HindiSTTError, OSError) as error:
                failed.append(one.name)
                bar.write(f"hindi-stt: {one.name}: {reason(error)}", file=sys.stderr)
            else:
                for warning in transcript.warnings:
                    bar.write(f"hindi-stt: {one.name}: warning: {warning}", file=sys.stderr)
            bar.update(len(inputs) > 1)
    if failed and len(inputs) > 1:
        sys.stderr.write(f"hindi-stt: {len(failed)} of {len(inputs)} recordings failed: {', '.join(failed)}\n")
    return 1 if failed else 0


def _checked_inputs(arguments: argparse.Namespace) -> list[_Input]:
    """The recordings that the arguments name. Raises InvalidRequest for none, and for too many for the output."""
    if arguments.format in _NEEDS_SPEAKERS and not arguments.diarize:
        raise InvalidRequest(f"--format {arguments.format} needs --diarize.")
    inputs = list(_inputs(arguments.inputs))
    if not inputs:
        raise InvalidRequest(f"There are no recordings in {', '.join(arguments.inputs)}.")
    if len(inputs) > 1 and _stands_alone(arguments.format) and arguments.output_dir is None:
        raise InvalidRequest(f"--format {arguments.format} of several recordings needs --output-dir.")
    return inputs


def _inputs(names: Sequence[str]) -> Iterator[_Input]:
    """Expand the arguments to files. A pattern without a match, or a missing file, fails when it is read."""
    for name in names:
        path = Path(name)
        if name == _STDIN:
            yield _Input(name, None, Path("stdin"))
        elif path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.is_file() and file.suffix.lower() in _ENDINGS:
                    yield _Input(str(file), file, file.relative_to(path))
        elif not path.exists() and (
            matches := sorted(glob.glob(name, recursive=True))  # noqa: PTH207  (the pattern may be absolute)
        ):
            yield from _inputs(matches)
        else:
            yield _Input(name, path, Path(path.name))


def _outputs(inputs: Sequence[_Input], ending: str) -> list[Path]:
    """A path for each: the recording's with another ending, behind its own where two would have the same."""
    short = [one.output.with_suffix(f".{ending}") for one in inputs]
    taken: dict[Path, None] = {}
    for one, path in zip(inputs, short, strict=True):
        found = path if short.count(path) == 1 else one.output.with_name(f"{one.output.name}.{ending}")
        n = 2
        while found in taken:
            found = one.output.with_name(f"{one.output.name}.{n}.{ending}")
            n += 1
        taken[found] = None
    return list(taken)


@contextlib.contextmanager
def _opened(one: _Input) -> Iterator[Path | BinaryIO]:
    if one.path is not None:
        yield one.path
    else:
        yield io.BytesIO(sys.stdin.buffer.read())


@contextlib.contextmanager
def _progress(inputs: Sequence[_Input], pipeline: Pipeline) -> Iterator[tuple[Any, Callable[[float], None]]]:
    """A progress bar on a terminal: of recordings, or of the seconds of a single one if its header states them."""
    hidden = None if sys.stderr.isatty() else True
    if len(inputs) > 1:
        with tqdm(total=len(inputs), unit="file", disable=hidden) as bar:
            yield bar, lambda _: None
        return
    total_s = None
    if not hidden and inputs[0].path is not None:
        with contextlib.suppress(HindiSTTError, OSError):
            total_s = audio.stated_duration_s(inputs[0].path, pipeline.limits)
    with tqdm(total=total_s and round(total_s), unit="s", disable=hidden, leave=False) as seconds:

        def on_progress(done_s: float) -> None:
            seconds.update(max(0, round(done_s) - seconds.n))

        yield seconds, on_progress


def _extension(form: str) -> str:
    if form == _RTTM:
        return _RTTM
    return TEXT_FORMATS[form].extension if form in TEXT_FORMATS else "json"


def _stands_alone(form: str) -> bool:
    """Whether several recordings in this format would run into each other on standard output."""
    return form in TEXT_FORMATS and not TEXT_FORMATS[form].joins


def _written(transcript: Transcript, form: str, name: str, model: str, *, named: bool, divided: bool) -> str:
    if (text_format := TEXT_FORMATS.get(form)) is not None:
        text = write_text(text_format, transcript, paragraphs=divided)
        return f"{name}\t{text}" if named and text_format.joins else text
    if form == _RTTM:
        return render.to_rttm(transcript, Path(name).stem)
    body: dict[str, Any]
    if form == "json":
        body = render.to_json(transcript, model)
    elif form == "diarized_json":
        body = render.to_diarized_json(transcript) | {"warnings": list(transcript.warnings)}
    else:
        body = render.to_verbose_json(transcript, words=True, segments=True) | {"warnings": list(transcript.warnings)}
    if divided:
        body["paragraphs"] = render.paragraphs_json(transcript)
    return json.dumps({"file": name, **body}, ensure_ascii=False) + "\n"


def _save(path: Path, content: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)
