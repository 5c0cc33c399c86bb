"""hindi-stt bulk MANIFEST --out DIR: an archive, overnight."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hindi_stt.bulk.items import read_items
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.options import add_request_options, request_options
from hindi_stt.cli.speaker_source import speaker_source
from hindi_stt.errors import BulkNotInstalled
from hindi_stt.settings import get_settings
from hindi_stt.transcription.pipeline import Pipeline

__all__ = ["add_bulk"]


def add_bulk(commands: Any, resolve: Callable[[], Bundle]) -> None:
    """Add the command to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
        resolve: Finds the bundle that the settings name.
    """
    parser = commands.add_parser("bulk", help="transcribe an archive over Ray; needs the extra 'bulk'")
    parser.add_argument("manifest", metavar="MANIFEST", type=Path, help="NeMo's JSONL, a table, or a list of paths")
    parser.add_argument("--out", required=True, metavar="DIR|URL", help="folder, or URL as fsspec takes it, for shards")
    parser.add_argument("--format", choices=["jsonl", "parquet"], default="jsonl", help="format of the shards")
    parser.add_argument(
        "--address", default="", metavar="ADDRESS", help="address of a Ray cluster (default: this machine)"
    )
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="number of workers, of one core each (default: all cores)"
    )
    parser.add_argument("--root", default="", metavar="DIR|URL", help="folder or URL below which every item has to be")
    parser.add_argument(
        "--commit-s", type=float, default=30.0, metavar="S", help="most seconds until a result is in a shard"
    )
    add_request_options(parser)
    parser.set_defaults(run=lambda arguments: _bulk(arguments, resolve))


def _bulk(arguments: argparse.Namespace, resolve: Callable[[], Bundle]) -> int:
    try:
        from hindi_stt.bulk import run as bulk
        from hindi_stt.bulk.output import Output
        from hindi_stt.bulk.sources import Sources
        from hindi_stt.bulk.worker import Plan
    except ImportError as error:
        raise BulkNotInstalled(f"The package {error.name} is missing.") from error
    settings = get_settings()
    bundle = resolve()
    source = speaker_source()
    options = request_options(arguments, Pipeline(bundle, settings, source))
    plan = Plan(
        bundle=str(bundle.folder.resolve()),
        tag=bundle.tag,
        settings=settings,
        options=options,
        language_model=arguments.lm if Path(arguments.lm).is_file() else "",
        sources=Sources(arguments.manifest.parent.resolve(), arguments.root, settings.max_body_bytes),
        form=str(bundle.form),
        speakers=str(source.bundle().folder.resolve()) if options.speakers.diarize else "",
    )
    items = read_items(arguments.manifest)
    with contextlib.closing(Output(arguments.out, arguments.format)) as output:
        workers = bulk.connect(arguments.address, max(0, arguments.workers))
        report = bulk.run(items, plan, output, workers=workers, commit_s=arguments.commit_s)
    failed = ", ".join(f"{count} {code}" for code, count in sorted(report.codes.items()))
    sys.stderr.write(
        f"{report.transcribed} transcribed ({report.audio_s:.0f} s of audio in {report.compute_s:.1f} s), "
        f"{report.done_before} done before, {len(report.failures)} without a transcript"
        f"{f': {failed}; see failures.jsonl' if failed else ''}\n"
    )
    return 1 if report.failures else 0
