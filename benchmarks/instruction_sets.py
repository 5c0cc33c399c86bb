"""Whether a model writes the same texts on a CPU with other instructions: `python -m benchmarks.instruction_sets`.

The same clips go through the same code on this CPU, and on one without AVX-512 and VNNI that `qemu-x86_64` (Debian's
qemu-user) emulates: ONNX Runtime and NumPy choose their kernels by what the CPU says of itself. Clips are those of
`benchmarks.drift`, or of --manifest; one thread. Emulated, a clip takes seconds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.drift import recordings
from benchmarks.timing import cpu_name, report_table
from hindi_stt.bundle.forms import Form
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.errors import HindiSTTError
from hindi_stt.evaluation.metrics import compare, error_rate
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, Float32, LogProbs

FORMS = ("onnxruntime-fp32", "onnxruntime-int8")


class Keeping:
    """An acoustic model that keeps what it returned.

    Args:
        acoustic: The model.

    Attributes:
        log_probs: Of all calls, each float32 [frames, tokens + 1].
    """

    def __init__(self, acoustic: LocalAcoustic) -> None:
        self._acoustic = acoustic
        self.log_probs: list[Float32] = []

    def __call__(self, batch: Sequence[Features]) -> list[LogProbs | HindiSTTError]:
        """See `Acoustic`."""
        found = self._acoustic(batch)
        self.log_probs += [one.values for one in found if isinstance(one, LogProbs)]
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=EMBEDDED)
    parser.add_argument("--manifest", type=Path, help="recordings with texts (default: synthesised speech)")
    parser.add_argument("--clips", type=int, default=40, help="evenly spread over the recordings")
    parser.add_argument("--cpu", default="Haswell", help="a model of `qemu-x86_64 -cpu help` (AVX2, no AVX-512)")
    parser.add_argument("--form", choices=FORMS, help=argparse.SUPPRESS)  # for one of the two processes
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.form:
        transcribe_all(arguments)
        return
    qemu = shutil.which("qemu-x86_64") or parser.error("qemu-x86_64 is not installed: it is in Debian's qemu-user")
    references = [text for _, text in chosen(arguments)]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for form in FORMS:
            here, other = Path(name, f"{form}-here"), Path(name, f"{form}-other")
            run([], form, here)
            run([qemu, "-cpu", arguments.cpu], form, other)
            rows.append(row(form, references, here, other))
    print(f"this CPU: {cpu_name()}; the other: {arguments.cpu}, emulated; {len(references)} clips\n")
    head = ["form", "log-probs differ by at most", "best classes that differ", "texts that differ"]
    print(report_table([*head, "WER here", "the other's, points more (95 %)"], rows))


def chosen(arguments: argparse.Namespace) -> list[tuple[bytes | Path, str]]:
    """As many recordings as are asked for, with their texts."""
    every = list(recordings(arguments.manifest))
    return list(itertools.islice(every[:: max(1, len(every) // arguments.clips)], arguments.clips))


def run(emulator: list[str], form: str, to: Path) -> None:
    """Transcribe in a process of its own."""
    command = [
        *emulator,
        sys.executable,
        "-m",
        "benchmarks.instruction_sets",
        *sys.argv[1:],
        "--form",
        form,
        "--to",
        to,
    ]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL if emulator else None)


def transcribe_all(arguments: argparse.Namespace) -> None:
    bundle = Bundle.open(arguments.bundle)
    pipeline = Pipeline(bundle, Settings(model=""))
    acoustic = Keeping(LocalAcoustic(bundle, threads=1, form=Form.parse(arguments.form)))
    texts = [pipeline.transcribe(source, acoustic).text for source, _ in chosen(arguments)]
    arguments.to.with_suffix(".json").write_text(json.dumps(texts), encoding="utf-8")
    np.savez(arguments.to.with_suffix(".npz"), *acoustic.log_probs)


def row(form: str, references: list[str], here: Path, other: Path) -> list[str]:
    """A row of the table: how much the other CPU's log-probs and texts differ."""
    texts, others = (json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) for path in (here, other))
    with np.load(here.with_suffix(".npz")) as a, np.load(other.with_suffix(".npz")) as b:
        pairs = [(a[name], b[name]) for name in a.files]
    largest = max(float(np.abs(x - y).max()) for x, y in pairs)
    changed = sum(int((x.argmax(axis=1) != y.argmax(axis=1)).sum()) for x, y in pairs)
    frames = sum(len(x) for x, _ in pairs)
    differing = sum(x != y for x, y in zip(texts, others, strict=True))
    difference = compare(references, texts, others, "normalised")
    low, high = difference.interval
    return [
        form,
        f"{largest:.1e}",
        f"{changed} of {frames}",
        f"{differing} of {len(texts)}",
        f"{error_rate(references, texts, 'normalised').wer:.1%}",
        f"{100 * difference.delta_wer:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})",
    ]


if __name__ == "__main__":
    main()
