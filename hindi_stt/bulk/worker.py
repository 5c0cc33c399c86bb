"""The work of Ray's workers, on one core each: checksums of the items, then their transcription."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from hindi_stt import render
from hindi_stt.bulk.sources import Sources
from hindi_stt.bundle.forms import Form
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.errors import BundleInvalid, HindiSTTError, InternalError
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.processes.cpu_priority import yield_to_other_processes, yield_to_other_sessions
from hindi_stt.settings import Settings
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.transcription.options import Options
from hindi_stt.transcription.pipeline import Pipeline

__all__ = ["Plan", "Transcriber", "probe"]

_BLOCK_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a worker needs.

    Attributes:
        bundle: The bundle's folder, the same on every machine.
        tag: The tag that this bundle must have.
        settings: The server's settings.
        options: Transcription options of all items.
        language_model: A file that `options` names; empty for none.
        sources: Which recordings may be read.
        form: Runtime and precision, the same on every machine; empty: the bundle's own.
        speakers: The speaker bundle's folder, the same on every machine; empty for none.
    """

    bundle: str
    tag: str
    settings: Settings
    options: Options
    language_model: str
    sources: Sources
    form: str = ""
    speakers: str = ""


def probe(table: pa.Table, plan: Plan) -> pa.Table:
    """Read checksum and size of each item.

    Args:
        table: Columns line and source.
        plan: Which recordings may be read.

    Returns:
        Columns line, source, sha256 and bytes, or code and message of the error.
    """
    return pa.Table.from_pylist([_probe_row(row, plan.sources) for row in table.to_pylist()], schema=_PROBE_SCHEMA)


def _probe_row(row: dict[str, Any], sources: Sources) -> dict[str, Any]:
    try:
        with sources.open(row["source"]) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            return {**row, "sha256": digest, "bytes": file.tell(), "code": "", "message": ""}
    except HindiSTTError as error:
        return {**row, "sha256": "", "bytes": 0, "code": error.code, "message": error.message}


class Transcriber:
    """The transcription pipeline in a worker process.

    Args:
        plan: What the worker needs.

    Raises:
        BundleInvalid: This machine has another model than the plan names.
    """

    def __init__(self, plan: Plan) -> None:
        yield_to_other_processes()
        yield_to_other_sessions()
        bundle = Bundle.open(plan.bundle)
        if plan.form:
            bundle = bundle.with_form(Form.parse(plan.form))
        if bundle.tag != plan.tag:
            raise BundleInvalid(f"{plan.bundle} is {bundle.tag} on this machine, but the run needs {plan.tag}.")
        self._plan = plan
        speakers = SpeakerSource(lambda: SpeakerBundle.open(plan.speakers)) if plan.speakers else None
        self._pipeline = Pipeline(bundle, plan.settings, speakers)
        if plan.language_model:
            self._pipeline.decoders.add_language_model(plan.options.decoding.language_model, Path(plan.language_model))
        self._acoustic = LocalAcoustic(bundle, threads=1)

    def __call__(self, table: pa.Table) -> pa.Table:
        """line, source → line and the transcript as JSON, or code and message of the error; and when (Unix time)."""
        rows = []
        for row in table.to_pylist():
            began_s = time.time()
            result = self._transcribe(row)
            rows.append({**result, "began_s": began_s, "ended_s": time.time()})
        return pa.Table.from_pylist(rows, schema=_HEARD)

    def _transcribe(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            with self._plan.sources.open(row["source"]) as file:
                transcript = self._pipeline.transcribe(file, self._acoustic, self._plan.options)
        except HindiSTTError as error:
            failed = error
        except Exception as error:  # one item must not end the others
            failed = InternalError(f"The recording could not be transcribed: {type(error).__name__}.")
        else:
            record = render.to_json(transcript, self._plan.tag)
            return {"line": row["line"], "record": json.dumps(record), "code": "", "message": ""}
        return {"line": row["line"], "record": "", "code": failed.code, "message": failed.message}


_ERROR: Final = [("code", pa.string()), ("message", pa.string())]
_PROBE_SCHEMA: Final = pa.schema(
    [("line", pa.int64()), ("source", pa.string()), ("sha256", pa.string()), ("bytes", pa.int64()), *_ERROR]
)
_HEARD: Final = pa.schema(
    [("line", pa.int64()), ("record", pa.string()), ("began_s", pa.float64()), ("ended_s", pa.float64()), *_ERROR]
)
