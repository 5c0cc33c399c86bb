"""hindi-stt models: the bundles in the BentoML model store."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hindi_stt.bundle import REPORT_FILE
from hindi_stt.errors import ModelNotFound
from hindi_stt.settings import get_settings

if TYPE_CHECKING:
    from hindi_stt.bundle import Bundle

__all__ = ["add_models"]


def add_models(commands: Any) -> None:
    """Add the commands to a parser's sub-commands."""
    parser = commands.add_parser("models", help="list, show, verify or remove models in the store")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", help="tags, precisions, languages").set_defaults(run=_list)
    for name, run, text in (
        ("show", _show, "the manifest of a model and what was measured when it was exported"),
        ("verify", _verify, "checksums, sessions, and whether the precisions and a batch agree"),
        ("remove", _remove, "delete a model from the store"),
    ):
        action = actions.add_parser(name, help=text)
        what = "a tag in the store" if name == "remove" else "a tag in the store, or a bundle's folder"
        action.add_argument("model", metavar="MODEL", help=what)
        action.set_defaults(run=run)


def _open(arguments: argparse.Namespace) -> Bundle:
    from hindi_stt import store  # here, because importing BentoML takes seconds that --help need not wait for

    return store.resolve(get_settings().model_copy(update={"model": arguments.model}))


def _list(_: argparse.Namespace) -> int:
    from hindi_stt import store

    for tag in store.tags():
        manifest = store.load(tag).manifest
        print(
            f"{tag}\t{','.join(manifest.precisions)}\t{manifest.language}\t{manifest.licence}\t{manifest.description}"
        )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    bundle = _open(arguments)
    print(bundle.manifest.model_dump_json(indent=2))
    report = bundle.folder / REPORT_FILE
    if report.is_file():
        print(report.read_text(encoding="utf-8"), end="")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    """Opening checks the checksums; loading a precision checks its inputs and outputs."""
    from hindi_stt.evaluation.consistency import check_consistency

    bundle = _open(arguments)
    found = check_consistency(bundle, threads=get_settings().effective_threads)
    print(f"{bundle.tag}: {len(bundle.manifest.assets)} files have their checksums")
    print(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
    broken = [one.precision for one in found if not one.sound]
    if broken:
        print(f"Not sound: {', '.join(broken)}")
    return 1 if broken else 0


def _remove(arguments: argparse.Namespace) -> int:
    from hindi_stt import store

    if Path(arguments.model).is_dir():
        raise ModelNotFound(f"{arguments.model} is a folder, not a tag in the store: delete it yourself.")
    store.remove(arguments.model)
    return 0
