"""hindi-stt evaluate MANIFEST --models A,B,C: several models on the same recordings, each in a process of its own."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hindi_stt.cli.model_process import ModelTask
from hindi_stt.errors import InvalidRequest

__all__ = ["add_comparison", "check_output", "compare_models"]


def add_comparison(parser: argparse.ArgumentParser) -> None:
    """Add the options of a comparison to those of `hindi-stt evaluate`.

    Args:
        parser: That command's.
    """
    parser.add_argument(
        "--models",
        metavar="A,B,…",
        help="compare several: bundle folders, tags or 'embedded', with '+FORM' behind them for a form that is not the "
        "usual one (embedded+int8); the first is what the others are compared with",
    )
    parser.add_argument("--form", choices=["raw", "normalised", "lenient", "vistaar"], default="normalised",
        help="form in which --models compares texts (default: normalised)")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="with --models: write all measurements and texts")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="with --models: draw a PNG, SVG or PDF; needs matplotlib"
    )


def compare_models(arguments: argparse.Namespace) -> int:
    """Run the models one after the other and print the table.

    Args:
        arguments: Of `hindi-stt evaluate`.

    Returns:
        The exit status: 1 where a model could not be measured.

    Raises:
        InvalidRequest: The options contradict each other, or no model could be measured.
    """
    from hindi_stt.evaluation.manifest import read_references
    from hindi_stt.evaluation.model_plot import check_plot, plot_models
    from hindi_stt.evaluation.model_table import ModelRun, ModelTable

    names = _names(arguments)
    if arguments.plot:
        check_plot(arguments.plot)
    check_output("--json", arguments.json)
    utterances, warnings = read_references(arguments.manifest)
    runs: list[ModelRun] = []
    failed: list[dict[str, str]] = []
    for number, name in enumerate(names, 1):
        sys.stderr.write(f"{number}/{len(names)} {name}: {len(utterances)} recordings\n")
        found = _run(name, arguments)
        if "error" in found:
            failed.append({"name": name, **found["error"]})
            sys.stderr.write(f"{name} failed: {found['error']['message']} [{found['error']['code']}]\n")
        else:
            runs.append(ModelRun(**{**found, "texts": tuple(found["texts"])}))
    if not runs:
        raise InvalidRequest("None of the models could be measured.")
    table = ModelTable(utterances, runs, arguments.form)
    print(
        f"{len(table.runs[0].texts)} recordings, {runs[0].speech_s:.0f} s of speech; texts compared {arguments.form}\n"
    )
    print("\n".join(table.lines()))
    for warning in (*warnings, *(f"Left out for all models: {file}: {why}" for file, why in table.unread.items())):
        print(f"\n{warning}")
    for failure in failed:
        print(f"\nnot measured: {failure['name']}: {failure['message']} [{failure['code']}]")
    if failed and failed[0]["name"] == names[0]:
        print(f"The first model was not measured: the others are compared with {runs[0].name}.")
    if arguments.json:
        content = {"manifest": str(arguments.manifest), **table.to_json(), "failed": failed}
        arguments.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if arguments.plot:
        plot_models(table, arguments.plot)
    return 1 if failed else 0


def check_output(option: str, file: Path | None) -> None:
    """Check before hours of work whether a file can be written.

    Args:
        option: That names it, for the error.
        file: The file; None for none.

    Raises:
        InvalidRequest: Its folder is not there, or it is a folder itself.
    """
    if file is not None and (not file.parent.is_dir() or file.is_dir()):
        raise InvalidRequest(f"{option} {file}: there is no folder {file.parent}, or this is one itself.")


def _names(arguments: argparse.Namespace) -> Sequence[str]:
    single = {"--model": arguments.model, "--precision": arguments.precision, "--save": arguments.save,
        "--against": arguments.against, "--confusions": arguments.confusions}  # fmt: skip
    if used := [option for option, value in single.items() if value]:
        raise InvalidRequest(f"{', '.join(used)}: for one model, and --models names several. Use --json to keep them.")
    names = [name.strip() for name in arguments.models.split(",")]
    if not all(names):
        raise InvalidRequest("--models has an empty name between its commas.")
    if len(set(names)) < len(names):
        raise InvalidRequest("--models names a model twice; append '+FORM' to compare its forms.")
    return names


def _run(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What `model_process` found of one model, or its error."""
    with tempfile.TemporaryDirectory(prefix="hindi-stt-evaluate-") as folder:
        result = Path(folder, "result.json")
        task = ModelTask(name, str(arguments.manifest), str(result), arguments.decoder, arguments.lm)
        command = [sys.executable, "-m", "hindi_stt.cli.model_process"]
        done = subprocess.run(command, input=json.dumps(dataclasses.asdict(task)), text=True, check=False)
        if result.is_file():
            found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
            return found
    return {"error": {"code": "process_failed", "message": _ending(done.returncode)}}


def _ending(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        hint = "; the system ends a process so that takes more memory than there is" if name == "SIGKILL" else ""
        return f"Its process was ended by {name}{hint}."
    return f"Its process ended with status {status}; what it wrote stands above."
