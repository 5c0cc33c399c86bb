"""What the tests share: the embedded model, a pipeline in this process, a real server, real speech."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from tests.support.guarded import Guarded
from tests.support.server import Server

DATA = Path(__file__).parent / "data"

with contextlib.suppress(ImportError):  # some environments of the Makefile have no Hypothesis
    import hypothesis

    # Its bound of 200 ms an example is an assertion on elapsed time, which fails on a busy machine.
    hypothesis.settings.register_profile("no deadline", deadline=None)
    hypothesis.settings.load_profile("no deadline")


def server_scope(fixture_name: str, config: pytest.Config) -> Literal["module", "session"]:
    """One server for all modules; for `make coverage-modules`, whose servers belong to a test module, one for each."""
    return "module" if config.getoption("server_per_module", default=False) else "session"


@pytest.fixture(autouse=True)
def product_log() -> None:
    """The product's log as its import leaves it: BentoML's set-up disables loggers, and ours does not propagate."""
    log = logging.getLogger("hindi_stt")
    log.disabled = False
    log.propagate = True
    log.setLevel(logging.NOTSET)
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return Bundle.open(EMBEDDED)


@pytest.fixture(scope="session")
def pipeline(bundle: Bundle) -> Pipeline:
    return Pipeline(bundle, Settings(model=""))


@pytest.fixture(scope="session")
def acoustic(bundle: Bundle) -> LocalAcoustic:
    return LocalAcoustic(bundle, threads=1)


@pytest.fixture(scope="session")
def speech() -> Path:
    """Folder of real clips, with transcripts.tsv."""
    folder = os.environ.get("HINDI_STT_TEST_SPEECH")
    if not folder:
        pytest.skip("HINDI_STT_TEST_SPEECH names no folder of real speech")
    return Path(folder)


@pytest.fixture(scope="session")
def number_cases() -> Path:
    """Spoken phrases with numbers, and how they are written: numerals.tsv of the folder that the environment names."""
    folder = os.environ.get("HINDI_STT_TEST_CASES")
    if not folder:
        pytest.skip("HINDI_STT_TEST_CASES names no folder of spoken phrases")
    return Path(folder) / "numerals.tsv"


@pytest.fixture(scope=server_scope)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two API workers, with bounds low enough to be reached: 2 MB of body, 20 s of audio."""
    running = Server(
        tmp_path_factory.mktemp("server"),
        HINDI_STT_MAX_BODY_BYTES="2000000",
        HINDI_STT_MAX_AUDIO_S="20",
        HINDI_STT_UPLOAD_TIMEOUT_S="5",
        HINDI_STT_API_WORKERS="2",
    )
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope=server_scope)
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server that lets in only who has a key."""
    running = Guarded(tmp_path_factory.mktemp("guarded"))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()
