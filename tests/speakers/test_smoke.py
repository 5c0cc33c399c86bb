"""The smoke of how well speakers are told apart: what fails it, and what skips it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.speakers import Score, worse
from tests.support.server import ROOT


def score(error_s: float, speakers: int, found: int, condition: str = "16 kHz") -> Score:
    """Of 100 s of speech."""
    return Score("a", condition, speakers, found, 100.0, error_s, error_s, 0.0, 0.0, 50.0, 50.0, 120.0, 3.0)


def test_what_is_worse_than_allowed_is_named_by_its_condition() -> None:
    good = [score(5, 2, 2), score(15, 3, 4), score(30, 1, 1)]
    assert worse(good, 12) == []
    bad = [*good, score(13, 2, 2, "noise"), score(0, 1, 2, "noise")]
    errors, several = worse(bad, 12)
    assert errors == "noise: DER 13.0 % is above 12 %"
    assert several.startswith("noise: a has one speaker, and 2 were found")
    assert worse([], 12)


@pytest.mark.slow
@pytest.mark.parametrize(("required", "code", "word"), [("", 75, "skipped"), ("required", 1, "failed")])
def test_without_the_package_index_it_is_skipped_by_name(tmp_path: Path, required: str, code: int, word: str) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speakers_smoke", str(tmp_path)],
        env={**os.environ, **nowhere, "HINDI_STT_TEST_TOOLS": required, "PIP_CONFIG_FILE": os.devnull},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    assert f"smoke-speakers: {word}: the synthesiser could not be fetched" in done.stdout
