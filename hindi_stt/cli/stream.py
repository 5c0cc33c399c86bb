"""hindi-stt stream FILE, hindi-stt listen: live words in this process."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import unicodedata
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import numpy as np
import regex

from hindi_stt import audio
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.errors import reason
from hindi_stt.cli.options import add_request_options, request_options
from hindi_stt.cli.speaker_source import speaker_source
from hindi_stt.errors import AudioTooShort, NoMicrophone
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import get_settings
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.streaming import Event, LocalBackend, Partial, Stream, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Float32, Segment

__all__ = ["add_stream"]

_PACKET_S: Final = 0.1
_CLUSTER: Final = regex.compile(r"\X")
_JOINERS: Final = "\u200c\u200d"
_CLEAR_LINE: Final = "\r\x1b[K"
_FAINT, _PLAIN = "\x1b[2m", "\x1b[0m"

Source = Callable[[int], AsyncIterator[Float32]]


def add_stream(commands: Any, resolve: Callable[[], Bundle]) -> None:
    """Add both commands to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
        resolve: Finds the bundle that the settings name.
    """
    stream = commands.add_parser("stream", help="transcribe a recording as if it came live")
    stream.add_argument("file", metavar="FILE", help="a recording in any format")
    stream.add_argument("--realtime", action="store_true", help="at the pace of speech, instead of as fast as possible")

    def from_file(arguments: argparse.Namespace, pipeline: Pipeline) -> Source:
        return lambda rate: _packets(arguments.file, rate, pipeline, realtime=arguments.realtime)

    listen = commands.add_parser("listen", help="transcribe the microphone until Ctrl-C; needs the extra 'listen'")
    for parser, source in ((stream, from_file), (listen, lambda *_: _microphone)):
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="text, or one JSON object an event"
        )
        add_request_options(parser)
        parser.set_defaults(run=_runner(resolve, source))


def _runner(
    resolve: Callable[[], Bundle], source: Callable[[argparse.Namespace, Pipeline], Source]
) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        settings = get_settings()
        bundle = resolve()
        pipeline = Pipeline(bundle, settings, speaker_source())
        options = request_options(arguments, pipeline)
        acoustic = LocalAcoustic(bundle, threads=settings.effective_threads)
        diarize = options.speakers.diarize
        speakers = LiveDiarization(pipeline.speakers.embedder, options.speakers) if diarize else None
        stream = Stream(pipeline, LocalBackend(acoustic), options, speakers=speakers)
        show = _show_json if arguments.format == "json" else _Captions()
        try:
            asyncio.run(_listen(stream, source(arguments, pipeline)(pipeline.sample_rate), show))
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            sys.stderr.write(f"hindi-stt: {error.filename}: {reason(error)}\n")
            return 1
        return 0

    return run


async def _listen(stream: Stream, packets: AsyncIterator[Float32], show: Callable[[Event], None]) -> None:
    try:
        async for samples in packets:
            async for event in stream.push(samples):
                show(event)
            async for event in stream.partial():
                show(event)
    except asyncio.CancelledError:  # Ctrl-C: the last utterance is still transcribed
        pass
    try:
        async for event in stream.commit():
            show(event)
    except AudioTooShort:  # it ended with an utterance
        pass


async def _packets(file: str, rate: int, pipeline: Pipeline, *, realtime: bool) -> AsyncIterator[Float32]:
    loop = asyncio.get_running_loop()
    start_s, sent = loop.time(), 0
    size = round(_PACKET_S * rate)
    blocks = audio.blocks(file, rate, pipeline.limits)
    for block in blocks:
        for samples in np.split(block.samples, range(size, len(block.samples), size)):
            sent += len(samples)
            if realtime:
                await asyncio.sleep(max(0.0, start_s + sent / rate - loop.time()))
            yield samples
    for warning in blocks.warnings:
        sys.stderr.write(f"hindi-stt: {file}: warning: {warning}\n")


async def _microphone(rate: int) -> AsyncIterator[Float32]:
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio itself is missing
        raise NoMicrophone("The package sounddevice cannot be used.") from error
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Float32] = asyncio.Queue()

    def take(samples: Float32, *_: Any) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, samples[:, 0].copy())

    try:
        microphone = sounddevice.InputStream(rate, round(_PACKET_S * rate), channels=1, dtype="float32", callback=take)
    except sounddevice.PortAudioError as error:
        raise NoMicrophone(f"The microphone cannot be opened: {error}.") from error
    with microphone:
        while True:
            yield await queue.get()


def _show_json(event: Event) -> None:
    body: dict[str, Any] = {"type": type(event).__name__}
    match event:
        case Partial(added, unstable):
            body |= {"added": [word.text for word in added], "unstable": [word.text for word in unstable]}
        case Utterance(start_s, end_s):
            body |= {"start": round(start_s, 3), "end": round(end_s, 3), "text": event.text}
            body["warnings"] = list(event.warnings)
            if told := [_turn_json(one) for one in event.segments if one.speaker is not None]:
                body["segments"] = told
        case _:
            return
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _turn_json(segment: Segment) -> dict[str, Any]:
    start, end = round(segment.start_s, 3), round(segment.end_s, 3)
    return {"speaker": segment.speaker, "start": start, "end": end, "text": segment.text}


def n_columns(text: str) -> int:
    """Count the columns that a text takes on a terminal.

    Args:
        text: Without control characters.

    Returns:
        One for each letter, none for a sign above, below or joined to one.
    """
    return sum(not unicodedata.category(letter).startswith("M") and letter not in _JOINERS for letter in text)


def last_columns(text: str, columns: int) -> str:
    """Cut a text to its end.

    Args:
        text: Without control characters.
        columns: Width of the terminal.

    Returns:
        As much of its end as fits, with an ellipsis in front where something is left out.
    """
    if n_columns(text) <= columns:
        return text
    clusters = _CLUSTER.findall(text)
    taken, left = len(clusters), columns - 1
    while taken and n_columns(clusters[taken - 1]) <= left:
        taken -= 1
        left -= n_columns(clusters[taken])
    return "…" + "".join(clusters[taken:]) if columns > 0 else ""


def _lines(utterance: Utterance) -> list[str]:
    """The text of an utterance; where speakers are told apart, a line for each turn."""
    if not any(segment.speaker for segment in utterance.segments):
        return [utterance.text]
    return [f"{segment.speaker}: {segment.text}" for segment in utterance.segments if segment.words]


class _Captions:
    """Print final texts, one per line; on a terminal also partial texts, with the unstable part faint."""

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._live = sys.stderr.isatty()

    def __call__(self, event: Event) -> None:
        match event:
            case Partial(added, unstable) if self._live:
                self._stable += [word.text for word in added]
                columns = shutil.get_terminal_size().columns - 1
                tail = last_columns(" ".join(word.text for word in unstable), columns)
                stable = last_columns(" ".join(self._stable), max(0, columns - n_columns(tail) - 1))
                sys.stderr.write(f"{_CLEAR_LINE}{stable} {_FAINT}{tail}{_PLAIN}")
                sys.stderr.flush()
            case Utterance():
                self._stable = []
                if self._live:
                    sys.stderr.write(_CLEAR_LINE)
                    sys.stderr.flush()
                for line in _lines(event):
                    sys.stdout.write(line + "\n")
                sys.stdout.flush()
