"""hindi-stt models: the bundles in the BentoML model store."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hindi_stt.bundle.manifest import REPORT_FILE
from hindi_stt.bundle.speakers import SpeakerBundle, is_speaker_bundle
from hindi_stt.catalogue.entries import read_catalogue
from hindi_stt.cli.errors import reason
from hindi_stt.cli.models_get import add_get
from hindi_stt.errors import HindiSTTError, ModelNotFound
from hindi_stt.settings import get_settings

if TYPE_CHECKING:
    from hindi_stt.bundle.manifest import Bundle

__all__ = ["add_models", "add_punctuation"]

_MEGABYTE: Final = 10**6
# How a model of the catalogue becomes a bundle, in the words of the list.
_HOW: Final = {"onnx": "ready", "nemo": "export", "speakers": "ready", "none": "not yet"}


def add_models(commands: Any) -> None:
    """Add `models` to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
    """
    parser = commands.add_parser("models", help="get, list, show, verify or remove models")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the models in the store: tag, precisions, language, licence")
    listing.add_argument("--available", action="store_true", help="list the catalogue of published models instead")
    listing.set_defaults(run=_list)
    add_get(actions)
    for name, run, text in (
        ("show", _show, "the manifest of a model and what was measured when it was exported"),
        ("verify", _verify, "checksums, sessions, and whether the precisions and a batch agree"),
        ("remove", _remove, "delete a model from the store"),
    ):
        action = actions.add_parser(name, help=text)
        what = "a tag in the store" if name == "remove" else "a tag in the store, or a bundle's folder"
        action.add_argument("model", metavar="MODEL", help=what)
        action.set_defaults(run=run)

    add = actions.add_parser("add-punctuation", help="copy a bundle, with a punctuation model added")
    add.add_argument("model", metavar="MODEL", help="a tag in the store, or a bundle's folder")
    add.add_argument("onnx", type=Path, metavar="FILE.onnx", help="token classifier: input_ids, maybe attention_mask")
    add.add_argument("tokenizer", type=Path, metavar="tokenizer.json", help="its Hugging Face tokenizer")
    add.add_argument("--marks", required=True, metavar="JSON", help='the mark of each label: ["", ",", "।", "?"]')
    add.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="the new bundle")
    add.set_defaults(run=_add_punctuation)


def _open(arguments: argparse.Namespace) -> Bundle:
    from hindi_stt.bundle import store  # here, because importing BentoML takes seconds that --help need not wait for

    return store.resolve(get_settings().model_copy(update={"model": arguments.model}))


def _list(arguments: argparse.Namespace) -> int:
    if arguments.available:
        return _list_available()
    from hindi_stt.bundle import store

    status = 0
    for describe, tags in ((_described, store.tags()), (_speakers_described, store.speaker_tags())):
        for tag in tags:
            try:
                print(f"{tag}\t{describe(tag)}")
            except HindiSTTError as error:
                status = 1
                sys.stderr.write(f"hindi-stt: {tag}: {reason(error)}\n")
    return status


def _described(tag: str) -> str:
    from hindi_stt.bundle import store

    manifest = store.load(tag).manifest
    return f"{','.join(manifest.precisions)}\t{manifest.language}\t{manifest.licence}\t{manifest.description}"


def _speakers_described(tag: str) -> str:
    from hindi_stt.bundle import store

    manifest = store.load_speakers(tag).manifest
    return f"speakers\t-\t{manifest.licence}\t{manifest.description}"


def _list_available() -> int:
    """A line for each model of the catalogue, tabs between the columns."""
    print("NAME\tLANGUAGE\tLICENCE\tPARAMETERS\tDOWNLOAD\tVISTAAR WER\tHOW\tWHAT")
    for name, entry in read_catalogue(get_settings().model_catalogue).items():
        parameters = f"{entry.parameters_m:g} M" if entry.parameters_m else "?"
        size = f"{entry.n_bytes // _MEGABYTE} MB" if entry.n_bytes else "?"
        average = entry.wer.get("average")
        wer = "?" if average is None else f"{average:g} %"
        how = _HOW[entry.becomes] + (", gated" if entry.gated else "")
        what = f"{entry.title} ({entry.publisher}). {entry.notes}".strip()
        print(f"{name}\t{entry.language}\t{entry.licence}\t{parameters}\t{size}\t{wer}\t{how}\t{what}")
    return 0


def _open_speakers(name: str) -> SpeakerBundle | None:
    """The speaker bundle of this folder or tag; None where it is an acoustic model's, or there is none."""
    from hindi_stt.bundle import store

    tag = name if ":" in name else f"{name}:latest"
    is_tag = any(known == name or known.startswith(f"{name}:") for known in store.speaker_tags())
    return store.load_speakers(tag if is_tag else name) if is_tag or is_speaker_bundle(Path(name)) else None


def _show(arguments: argparse.Namespace) -> int:
    if (speakers := _open_speakers(arguments.model)) is not None:
        print(json.dumps({"manifest": speakers.manifest.model_dump(mode="json")}, indent=2, ensure_ascii=False))
        return 0
    bundle = _open(arguments)
    report = bundle.folder / REPORT_FILE
    measured = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else None
    shown = {"manifest": bundle.manifest.model_dump(mode="json"), "verification": measured}
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    """Opening checks the checksums; loading a precision checks its inputs and outputs."""
    from hindi_stt.evaluation.consistency import check_consistency
    from hindi_stt.speakers.embedder import Embedder

    if (speakers := _open_speakers(arguments.model)) is not None:
        Embedder(speakers)
        print(f"{speakers.tag}: {len(speakers.manifest.assets)} files have their checksums, and the models run")
        return 0
    bundle = _open(arguments)
    found = check_consistency(bundle, threads=get_settings().effective_threads)
    print(f"{bundle.tag}: {len(bundle.manifest.assets)} files have their checksums")
    print(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
    broken = [one.precision for one in found if not one.sound]
    if broken:
        print(f"Not sound: {', '.join(broken)}")
    return 1 if broken else 0


def _add_punctuation(arguments: argparse.Namespace) -> int:
    bundle = add_punctuation(_open(arguments), arguments.onnx, arguments.tokenizer, arguments.marks, arguments.output)
    print(f"{bundle.folder}: punctuation=model added")
    return 0


def add_punctuation(bundle: Bundle, onnx: Path, tokenizer: Path, marks_json: str, folder: Path) -> Bundle:
    """Copy a bundle into a new folder, with a punctuation model added.

    Args:
        bundle: The bundle.
        onnx: A token classifier.
        tokenizer: Tokenizer of the model, in Hugging Face's format.
        marks_json: JSON list of the mark of each label.
        folder: The new bundle.

    Returns:
        The new bundle.

    Raises:
        BundleInvalid: The model, its tokenizer or the marks cannot be used.
        InvalidRequest: The folder exists.
    """
    from hindi_stt.text.punctuation_model import PUNCTUATION_ROLE, ModelPunctuator

    with tempfile.NamedTemporaryFile(mode="w", suffix=".json", encoding="utf-8") as marks:
        marks.write(marks_json)
        marks.flush()
        files = {"model": onnx, "tokenizer": tokenizer, "marks": Path(marks.name)}
        ModelPunctuator(**files)  # complains before anything is written
        additions = [(PUNCTUATION_ROLE, name, f"punctuation-{name}{path.suffix}", path) for name, path in files.items()]
        return bundle.copy_with(folder, additions)


def _remove(arguments: argparse.Namespace) -> int:
    from hindi_stt.bundle import store

    if Path(arguments.model).is_dir():
        raise ModelNotFound(f"{arguments.model} is a folder, not a tag in the store: delete it yourself.")
    store.remove(arguments.model)
    return 0
