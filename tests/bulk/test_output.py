"""Shards: whole or not there, in a folder and in an object store."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import fsspec
import pytest

from hindi_stt.bulk.output import Format, Output
from hindi_stt.errors import OutputUnusable

pytestmark = pytest.mark.bulk


def record(key: str) -> dict:
    word = {"word": "नमस्ते", "start": 0.1, "end": 0.5, "confidence": 0.9}
    return {
        "key": key, "source": "a.wav", "sha256": "0", "text": "नमस्ते", "language": "hi", "duration": 1.0,
        "words": [word], "model": "m", "warnings": [],
    }  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_is_committed_is_done_in_a_folder_and_in_a_store(tmp_path: Path, form: Format) -> None:
    for url in (str(tmp_path), f"memory://bulk-{form}"):
        output = Output(url, form)
        assert output.done() == set()
        output.commit([record("a"), record("b")])
        output.commit([record("c")])
        output.write_failures([{"line": 1, "code": "x"}])
        assert output.done() == {"a", "b", "c"}
        fs, root = fsspec.url_to_fs(url)
        output.close()
        assert json.loads(fs.cat_file(f"{root}/failures.jsonl")) == {"line": 1, "code": "x"}


def test_a_half_written_shard_is_none(tmp_path: Path) -> None:
    (tmp_path / ".part-1.jsonl.tmp").write_text('{"key": "a"')
    with contextlib.closing(Output(str(tmp_path), "jsonl")) as output:
        assert output.done() == set()
    assert not list(tmp_path.glob(".part*"))


def test_a_second_driver_and_a_strange_shard_are_refused(tmp_path: Path) -> None:
    first = Output(str(tmp_path), "jsonl")
    with pytest.raises(OutputUnusable, match="Another run"):
        Output(str(tmp_path), "jsonl")
    (tmp_path / "part-1.jsonl").write_text("[]\n")
    with pytest.raises(OutputUnusable, match="was not written by"):
        first.done()
    first.close()
