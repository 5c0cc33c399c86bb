"""Measures one model in a process of its own: python -m hindi_stt.cli.model_process; see hindi_stt.cli.compare.

The process reads one JSON object from standard input (`ModelTask`), and writes what it found as JSON into a file.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hindi_stt.bundle.forms import FORMS, ONNX_RUNTIME, Form
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import HindiSTTError
from hindi_stt.settings import Settings, get_settings

__all__ = ["ModelTask", "main", "open_model", "peak_memory_bytes"]

_EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class ModelTask:
    """What to measure.

    Attributes:
        name: The model: bundle folder or tag, or "embedded", with "+FORM" behind it for a form that is not the usual.
        manifest: List of recordings.
        result: File for the result.
        decoder: As in `hindi-stt evaluate --decoder`.
        language_model: As in `hindi-stt evaluate --lm`.
    """

    name: str
    manifest: str
    result: str
    decoder: str
    language_model: str


def main() -> int:
    """Run the task on standard input; the exit status is 1 where the model cannot be measured."""
    task = ModelTask(**json.load(sys.stdin))
    try:
        found = _measure(task)
    except HindiSTTError as error:
        found = {"error": {"code": error.code, "message": error.message}}
    Path(task.result).write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return 1 if "error" in found else 0


def open_model(name: str, settings: Settings) -> Bundle:
    """Open the bundle that a name of `--models` stands for.

    Args:
        name: As `ModelTask.name`.
        settings: Of the process.

    Returns:
        The bundle in the form that the name asks for, else in the usual one.

    Raises:
        ModelNotFound: There is no such bundle.
        BundleInvalid: The bundle's files differ from its manifest.
        InvalidSetting: The bundle lacks the form, or its runtime is not installed.
    """
    from hindi_stt.bundle import store  # here, because importing BentoML takes seconds

    model, form = _split(name)
    update: dict[str, str] = {"model": "" if model == _EMBEDDED else model}
    if form is not None:
        update |= {"backend": str(form), "precision": ""}
    return store.resolve(settings.model_copy(update=update))


def _split(name: str) -> tuple[str, Form | None]:
    """A model, and the form behind a plus sign: a precision of ONNX Runtime, or BACKEND-PRECISION."""
    model, plus, text = name.rpartition("+")
    if plus and (Form.parse(text) in FORMS or re.fullmatch(r"onnxruntime-[a-z0-9]+", text)):
        return model, Form.parse(text)
    if plus and re.fullmatch("fp32|int8|bf16", text):
        return model, Form(ONNX_RUNTIME, text)
    return name, None


def _measure(task: ModelTask) -> dict[str, Any]:
    from hindi_stt.bundle import store  # noqa: F401  # importing BentoML is no part of the time to load a model
    from hindi_stt.evaluation.manifest import read_references
    from hindi_stt.evaluation.model_table import ModelRun
    from hindi_stt.evaluation.run import transcribe_all
    from hindi_stt.inference.acoustic import LocalAcoustic, weights_bytes
    from hindi_stt.transcription.pipeline import Pipeline

    settings = get_settings()
    utterances, _ = read_references(Path(task.manifest))
    start_s = time.perf_counter()
    bundle = open_model(task.name, settings)
    acoustic = LocalAcoustic(bundle, threads=1, provider=settings.provider)
    load_s = time.perf_counter() - start_s
    pipeline = Pipeline(bundle, settings)
    options = pipeline.options({"decoder": task.decoder, "language_model": task.language_model})
    pipeline.warm_up()
    busy_s = _processor_s()
    run = transcribe_all(pipeline, acoustic, utterances, options, label=task.name, skip_unreadable=True)
    compute_s = _processor_s() - busy_s
    found = ModelRun(
        name=task.name,
        model=bundle.tag,
        form=str(acoustic.form),
        texts=run.texts,
        speech_s=run.speech_s,
        compute_s=compute_s,
        load_s=load_s,
        weights_bytes=weights_bytes(bundle),
        peak_memory_bytes=peak_memory_bytes(),
        unread={str(place): reason for place, reason in run.unread.items()},
    )
    return dataclasses.asdict(found)


def _processor_s() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_memory_bytes() -> int:
    """Largest resident memory of this process so far.

    Linux's `ru_maxrss` would be that of the program that started this one, if it was larger: it outlives exec. VmHWM
    begins anew there.

    Returns:
        Bytes.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(main())
