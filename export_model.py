"""From a NeMo CTC or Wav2Vec2ForCTC model to a verified bundle: python export_model.py MODEL.nemo

SOURCE is a .nemo file, an https address, a Hugging Face id (owner/name), a bundle's folder, a folder with the files of
a Wav2Vec2ForCTC model, or the name of a published model (stt_hi_conformer_ctc_medium). See docs/models.md.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hindi_stt.bundle.manifest import Bundle, Identity
from hindi_stt.cli.interruption import exit_status, interruptible
from hindi_stt.errors import HindiSTTError, InvalidRequest, SourceUnavailable, needing_room
from hindi_stt.settings import available_cores

DOWNLOADS = Path.home() / ".cache" / "hindi-stt"


def main() -> int:
    """Run the command line; returns the exit status."""
    arguments = _parser().parse_args()
    try:
        with interruptible(), needing_room("the export"):
            bundle = _export(arguments)
        if arguments.to_store:
            from hindi_stt.bundle import store

            print(f"In the model store as {store.save(bundle)}")
        else:
            print(f"Bundle {bundle.tag} in {bundle.folder}")
    except HindiSTTError as error:
        message = " ".join(error.message.split())  # one line, also of a library's error that has several
        sys.stderr.write(f"export_model.py: {message} [{error.code}] {error.help}\n")
        return 1
    except KeyboardInterrupt as interruption:
        sys.stderr.write("export_model.py: Interrupted. No bundle was written.\n")
        return exit_status(interruption)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--name", help="name of the bundle (default: the file's name)")
    parser.add_argument("--language", default="hi", help="BCP 47 tag (default: hi)")
    parser.add_argument(
        "--licence", default="unknown", help="licence of the model, as an SPDX identifier (default: unknown)"
    )
    parser.add_argument("--description", default="")
    parser.add_argument(
        "--precision", choices=["fp32", "int8", "both"], default="both", help="precisions to export (default: both)"
    )
    parser.add_argument("--half", action="store_true", help="round the weights to float16: half the file of fp32")
    parser.add_argument(
        "--refresh",
        action="store_true",
        help="SOURCE is a bundle of an earlier version: apply this version's graph passes",
    )
    parser.add_argument("--verify", metavar="MANIFEST", type=Path, help="recordings (JSONL or TSV) to verify with")
    parser.add_argument(
        "--openvino-int8", action="store_true", help="add OpenVINO's int8 form; SOURCE may be a bundle, which is copied"
    )
    parser.add_argument(
        "--calibrate",
        metavar="MANIFEST",
        type=Path,
        help="recordings to take its scales from (default: synthesised speech, with espeak-ng)",
    )
    parser.add_argument("--sha256", default="", help="checksum that the file has to have")
    parser.add_argument(
        "--downloads", type=Path, default=DOWNLOADS, help=f"folder for downloads (default: {DOWNLOADS})"
    )
    parser.add_argument("--to", metavar="DIR", type=Path, help="folder to write the bundle to (default: build/NAME)")
    parser.add_argument("--to-store", action="store_true", help="also put the bundle into the BentoML model store")
    return parser


def _export(arguments: argparse.Namespace) -> Bundle:
    from hindi_stt.evaluation.manifest import read_manifest
    from hindi_stt.export.sources import fetch
    from hindi_stt.export.wav2vec2.config import is_transformers_folder

    if is_transformers_folder(Path(arguments.source)):
        return _export_wav2vec2(arguments, Path(arguments.source))
    source = fetch(arguments.source, arguments.downloads, sha256=arguments.sha256)
    if source.is_bundle:
        bundle = Bundle.open(source.path)
        if arguments.refresh:
            return _refresh(arguments, bundle)
        if not arguments.openvino_int8:
            return bundle
        return _with_openvino_int8(bundle, arguments, arguments.to or Path("build", f"{bundle.manifest.name}-int8"))
    if arguments.refresh:
        raise SourceUnavailable(f"--refresh takes a bundle's folder, and {arguments.source} is none.")
    utterances = read_manifest(arguments.verify) if arguments.verify else ()

    from hindi_stt.export.exporter import Options, export  # here: importing NeMo takes half a minute

    identity = _identity(arguments, source.path.stem)
    options = Options(
        identity=identity,
        precisions=_precisions(arguments),
        half=arguments.half,
        utterances=utterances,
        threads=available_cores(),
    )
    bundle, report = export(source, arguments.to or Path("build", identity.name), options)
    print(report)
    if arguments.openvino_int8:
        from hindi_stt.export.openvino_int8 import replace_bundle

        with tempfile.TemporaryDirectory() as folder:
            bundle = replace_bundle(bundle, _with_openvino_int8(bundle, arguments, Path(folder, "bundle")))
    return bundle


def _identity(arguments: argparse.Namespace, source_name: str) -> Identity:
    name = arguments.name or re.sub(r"[^a-z0-9_.-]+", "-", source_name.lower()).strip("-._") or "model"
    return Identity(name, arguments.language, arguments.licence, arguments.description)


def _precisions(arguments: argparse.Namespace) -> tuple[str, ...]:
    return ("fp32", "int8") if arguments.precision == "both" else (arguments.precision,)


def _export_wav2vec2(arguments: argparse.Namespace, folder: Path) -> Bundle:
    given = {
        "--half": arguments.half,
        "--refresh": arguments.refresh,
        "--verify": arguments.verify,
        "--openvino-int8": arguments.openvino_int8,
        "--sha256": arguments.sha256,
    }
    if unknown := [option for option, value in given.items() if value]:
        raise InvalidRequest(f"{', '.join(unknown)}: not for a Wav2Vec2ForCTC model.")
    identity = _identity(arguments, folder.resolve().name)
    target = arguments.to or Path("build", identity.name)
    if target.resolve() == folder.resolve():
        raise InvalidRequest(
            f"The bundle would be written into the model's own folder: name another one than {target} with --to."
        )

    from hindi_stt.export.wav2vec2.exporter import export  # here: importing PyTorch takes seconds
    from hindi_stt.inference.acoustic import weights_bytes

    bundle, fidelity = export(folder, target, identity, precisions=_precisions(arguments), threads=available_cores())
    for precision, found in fidelity.items():
        size = weights_bytes(bundle.with_precision(precision))
        print(
            f"  {precision}: {size:,} bytes, max |Δ log-prob| against transformers {found.max_alone:.1e} alone, "
            f"{found.max_batched:.1e} in a mixed batch, text differs in {found.texts_differ} of {found.n_clips} clips"
        )
    together = "in batches" if bundle.manifest.acoustic.batched else "one at a time: padding would change them"
    print(f"  clips run {together}")
    return bundle


def _refresh(arguments: argparse.Namespace, bundle: Bundle) -> Bundle:
    from hindi_stt.export.refresh import refresh  # here, too

    folder = arguments.to or Path("build", bundle.manifest.name)
    if folder.resolve() == bundle.folder.resolve():
        raise SourceUnavailable(f"--refresh writes a new bundle: name another folder than {folder} with --to.")
    refreshed, report = refresh(bundle, folder, threads=available_cores())
    for precision, size in report["bytes"].items():
        worst = report["fidelity"][precision]["max_alone"]
        print(f"  {precision}: {size:,} bytes, max |Δ log-prob| against NeMo {worst:.1e}")
    print("  nodes: " + ", ".join(f"{count} {name}" for name, count in report["nodes"].items()))
    return refreshed


def _with_openvino_int8(bundle: Bundle, arguments: argparse.Namespace, folder: Path) -> Bundle:
    from hindi_stt.evaluation.manifest import read_manifest
    from hindi_stt.export.openvino_int8 import add_openvino_int8, calibration_clips

    sources: Iterable[bytes | Path]
    if arguments.calibrate:
        sources = (utterance.file for utterance in read_manifest(arguments.calibrate))
    else:
        from tests.support import evaluation_set

        sources = (clip.wav for condition in evaluation_set.CONDITIONS for clip in evaluation_set.clips(condition))
    return add_openvino_int8(bundle, calibration_clips(bundle, sources), folder)


if __name__ == "__main__":
    sys.exit(main())
