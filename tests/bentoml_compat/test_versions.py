"""Packages whose private names changed end the start of a real server in words, and untested versions are a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hindi_stt.bentoml_compat.versions import (
    PRIVATE_NAMES,
    TESTED,
    PrivateName,
    check_names,
    untested_versions,
)
from hindi_stt.errors import IncompatiblePackage
from tests.support.server import ROOT, Server

COMPAT = ROOT / "hindi_stt" / "bentoml_compat"


def test_the_locked_versions_are_the_tested_ones() -> None:
    """Red when the lock moves on: run the tests of bentoml_compat, and then write the new series down."""
    lock = (ROOT / "requirements" / "serve.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\d+\.\d+)", lock, re.MULTILINE))
    assert {package: locked[package] for package in TESTED} == TESTED
    assert untested_versions() == {}


def test_another_version_is_found(tmp_path: Path) -> None:
    metadata = tmp_path / "uvicorn-9.9.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: uvicorn\nVersion: 9.9.1\n")
    code = "from hindi_stt.bentoml_compat.versions import warn_of_untested_versions; warn_of_untested_versions()"
    environment = {"PYTHONPATH": ":".join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    (warning,) = done.stderr.splitlines()
    assert "uvicorn 9.9.1 is installed" in warning
    assert f"tested with {TESTED['uvicorn']}" in warning


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML's own models
def test_every_name_is_there() -> None:
    check_names()


def test_every_name_has_its_module() -> None:
    assert {name.user for name in PRIVATE_NAMES} <= {path.stem for path in COMPAT.glob("*.py")}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (PrivateName("readiness", "starlette.nothing", "Any"), "starlette.nothing.Any is gone"),
        (PrivateName("readiness", "starlette.routing", "Route.nothing"), "starlette.routing.Route.nothing is gone"),
        (
            PrivateName("readiness", "starlette.routing", "Route", ("path", "nothing")),
            "starlette.routing.Route no longer takes nothing",
        ),
    ],
)
def test_what_is_gone_is_named(name: PrivateName, said: str) -> None:
    with pytest.raises(IncompatiblePackage) as raised:
        check_names([name])
    assert said in raised.value.message
    assert "hindi_stt/bentoml_compat/readiness.py" in raised.value.message
    assert f"starlette {TESTED['starlette']}" in raised.value.message


@pytest.mark.slow
def test_a_server_does_not_start_without_a_name(tmp_path: Path) -> None:
    """BentoML renames a class; nothing of that is known before the server is started."""
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        """
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder

NAME = "bentoml._internal.server.http.traffic"

class Renaming(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != NAME:
            return None
        spec = PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            module.BoundMiddleware = module.TimeoutMiddleware
            del module.TimeoutMiddleware
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Renaming())
"""
    )
    server = Server(tmp_path, PYTHONPATH=str(hook))
    try:
        assert server.process.wait(60) != 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)
    finally:
        server.process.kill()
        server.process.wait()
    assert "bentoml._internal.server.http.traffic.TimeoutMiddleware is gone" in server.log
    assert IncompatiblePackage.help in server.log
    assert "Traceback" not in server.log
