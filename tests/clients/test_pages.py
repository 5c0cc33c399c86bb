"""The programs of docs/clients, run as the pages say against a real server: they print what the pages show."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.client_pages import Program, programs
from tests.support.litellm_proxy import KEY, LiteLLMProxy
from tests.support.server import ROOT, Server
from tests.support.tls_proxy import NODE_MODULES

pytestmark = pytest.mark.clients

PYTHON = programs("python")
NODE = [program for program in programs("javascript") if "speech.example" not in program.source]
NODE_TLS = [program for program in programs("javascript") if "speech.example" in program.source]


def printed(command: list[str], environment: dict[str, str] | None = None) -> str:
    """What a command prints when it is run from the root of the checkout."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def at(server: Server, source: str) -> str:
    return source.replace("localhost:3000", f"127.0.0.1:{server.port}")


@pytest.mark.parametrize("program", PYTHON, ids=str)
def test_python(server: Server, tmp_path: Path, program: Program) -> None:
    file = tmp_path / "program.py"
    file.write_text(at(server, program.source), encoding="utf-8")
    assert printed([sys.executable, "-W", "ignore", str(file)]) == (program.output or "")


def node(file: Path, source: str, **environment: str) -> str:
    if shutil.which("node") is None or not NODE_MODULES.is_dir():
        pytest.skip("needs node and the openai package for node")
    (file.parent / "node_modules").symlink_to(NODE_MODULES)  # imports look beside the program only
    file.write_text(source, encoding="utf-8")
    return printed(["node", str(file)], environment)


@pytest.mark.parametrize("program", NODE, ids=str)
def test_node(server: Server, tmp_path: Path, program: Program) -> None:
    assert node(tmp_path / "program.mjs", at(server, program.source)) == program.output


@pytest.mark.parametrize("program", NODE_TLS, ids=str)
def test_node_through_tls(tls: tuple[int, Path], tmp_path: Path, program: Program) -> None:
    port, certificate = tls
    source = program.source.replace("speech.example", f"localhost:{port}")
    assert node(tmp_path / "program.mjs", source, NODE_EXTRA_CA_CERTS=str(certificate)) == program.output


def test_litellms_proxy(server: Server, tmp_path: Path) -> None:
    """Its configuration and the request, as the page has them."""
    (configuration,) = [program.source for program in programs("yaml") if program.page == "litellm.md"]
    (request,) = [program for program in programs("bash") if program.source.startswith("curl")]
    assert yaml.safe_load(configuration)["model_list"][0]["model_name"] == "hindi"
    with LiteLLMProxy(tmp_path, at(server, configuration)) as proxy:
        source = request.source.replace("localhost:4000", proxy.removeprefix("http://"))
        assert printed(["bash", "-c", source.replace("sk-choose-one", KEY)]) == request.output
