"""The documentation says what the code does: generated pages are current, and commands of the README run."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import hindi_stt.errors
from hindi_stt import __version__
from hindi_stt.errors import HindiSTTError, error_types
from tests.support.server import ROOT, Server


def generator() -> object:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["errors.md", "settings.md"])
def test_generated_pages_are_current(name: str) -> None:
    page = generator().PAGES[name]()
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page, "run: make docs"


def test_every_error_is_named_once_and_exported() -> None:
    leaves = [cls for cls in error_types() if not cls.__subclasses__()]
    codes = [cls.code for cls in leaves]
    assert len(set(codes)) == len(codes)
    names = {cls.__name__ for cls in error_types()} | {"HindiSTTError"}
    assert names <= set(hindi_stt.errors.__all__)
    drawn = re.findall(r"[├└]── (\w+)", hindi_stt.errors.__doc__ or "")
    assert sorted(drawn) == sorted(names - {"HindiSTTError"})
    for cls in leaves:
        assert 400 <= cls.status < 600
        assert cls.help != HindiSTTError.help
        assert not cls.__dict__.get("code", "").endswith("_")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def readme_commands(page: str = "README.md") -> list[str]:
    return [line for block in blocks(page, "bash") for line in block.splitlines() if line and not line.startswith("#")]


def test_the_readmes_requests_run(server: Server) -> None:
    """Every curl of the README, against the test server instead of port 3000."""
    commands = [*readme_commands(), *readme_commands("docs/api.md")]
    requests = [line for line in commands if line.startswith("curl ")]
    assert requests
    for line in requests:
        command = line.replace("localhost:3000", f"127.0.0.1:{server.port}")
        done = subprocess.run(
            ["bash", "-c", f"{command} --fail"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"


@pytest.mark.slow
def test_the_readmes_command_lines_run(tmp_path: Path) -> None:
    binaries = Path(sys.executable).parent
    every = [*readme_commands(), *readme_commands("docs/api.md")]
    commands = [line for line in every if line.startswith(".venv/bin/hindi-stt ")]
    assert commands
    for line in commands:
        command = line.replace(".venv/bin/", f"{binaries}/").replace("keys.json", str(tmp_path / "keys.json"))
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


@pytest.mark.slow
def test_the_pages_programs_run(server: Server, tmp_path: Path) -> None:
    """Python and JavaScript of the API's page, each language in one process; JavaScript where there is node."""
    programs = {"python": [sys.executable], "javascript": ["node"]}
    for (language, command), ending in zip(programs.items(), ("py", "mjs"), strict=True):
        source = tmp_path / f"page.{ending}"
        text = "\n".join(blocks("docs/api.md", language)).replace("localhost:3000", f"127.0.0.1:{server.port}")
        assert "transcri" in text
        source.write_text(text, encoding="utf-8")
        if shutil.which(command[0]) is None:
            continue
        done = subprocess.run([*command, source], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "बारिश" in done.stdout


def test_the_readmes_first_answer_is_real(server: Server) -> None:
    shown = re.search(r'^\{"text": ?"([^"]+)"', (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert shown is not None
    with (ROOT / "tests" / "data" / "rain_16k.wav").open("rb") as f:
        answer = httpx.post(f"{server.url}/transcribe", files={"file": f}, timeout=30).json()
    assert answer["text"] == shown[1]


def test_the_changelog_is_dated_and_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert re.fullmatch(rf"{re.escape(__version__)} - (unreleased|\d{{4}}-\d\d-\d\d)", headings[0])
    assert headings[1:]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", heading) for heading in headings[1:])
    groups = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize(
    ("page", "pattern"),
    [
        ("deploy/compose.yaml", r"hindi-stt:(\d[\d.]*\d)"),
        ("deploy/ray/raycluster.yaml", r"hindi-stt-ray:(\d[\d.]*\d)|hindi_stt-([\d.]+)-py3"),
        ("deploy/chart/Chart.yaml", r'[vV]ersion: "?(\d[\d.]*\d)"?'),
        ("docs/deployment.md", r"hindi-stt:(\d[\d.]*\d)|hindi_stt-([\d.]+)-py3"),
    ],
)
def test_the_version_is_the_same_everywhere(page: str, pattern: str) -> None:
    found = re.findall(pattern, (ROOT / page).read_text(encoding="utf-8"))
    versions = {"".join(groups) for groups in found}
    assert versions == {__version__}


def make_targets(text: str) -> list[str]:
    """What a shell block, a workflow or a code span calls make with; variables are left out."""
    calls = re.findall(r"(?:^|`|run: |&& |=required )make ([^`\n]+)", text, re.MULTILINE)
    return [word for call in calls for word in call.split() if re.fullmatch(r"[a-z][a-z-]*", word)]


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", ".github/workflows/ci.yml", ".github/pull_request_template.md"]
)
def test_make_targets_exist(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = make_targets((ROOT / page).read_text(encoding="utf-8"))
    assert targets
    for target in targets:
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/security.md"])
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert links
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_no_text_names_a_package_that_is_not_ours() -> None:
    """The project is not published: whoever took its name on PyPI would run on the machines of those who install it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    texts = [
        ROOT / name for name in listed if name.endswith((".md", ".py", ".js", ".html", ".yaml", ".txt", "Makefile"))
    ]
    advice = re.compile(r"(pip|uv|pipx)\s+(\S+\s+)*?install\s+[^\n`]*['\"\s]hindi[-_]stt\b(?!-[0-9.]+-py3)")
    assert texts
    named = [str(path) for path in texts if path.is_file() and advice.search(path.read_text(encoding="utf-8"))]
    assert named == []


def test_an_old_python_is_refused_in_words(tmp_path: Path) -> None:
    """A Python that says that it is 3.10: make tells what to do, and installs nothing."""
    old = tmp_path / "python3.10"
    pretend = "import sys; sys.version_info = (3, 10, 14, 'final', 0); exec(sys.argv[2])"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}" "$@"\n')
    old.chmod(0o755)
    command = ["make", "serve", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stderr
    assert "is Python 3.10" in done.stderr
    assert "make PYTHON=python3.12 serve" in done.stderr
    assert "pip" not in done.stdout + done.stderr
    assert not (tmp_path / "venv").exists()
