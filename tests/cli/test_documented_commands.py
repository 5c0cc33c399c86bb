"""Each hindi-stt command of the README and of docs/ is one that the command line takes."""

from __future__ import annotations

import re
import shlex

import pytest

from hindi_stt.cli.main import _parser
from tests.support.server import ROOT

# In a block, after variables; up to a comment, a pipe, a redirection, or the end of $(…).
_COMMAND = re.compile(r"\s*(?:\$ )?(?:[A-Z_]+=(?:\$\()?\S*? ?)*?(?:\S*bin/)?hindi-stt (?P<rest>.+)")
_END = re.compile(r"\s+#\s|\) |\s[|>&<]")
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]


def commands(page: str) -> list[str]:
    fenced, found = False, []
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        if (fenced or line.startswith("    ")) and (match := _COMMAND.fullmatch(line)):
            found.append(_END.split(match["rest"])[0].rstrip("\\ "))
    return found


def test_the_commands_of_the_page_of_models_are_found() -> None:
    """So that the other test cannot pass because the form of the pages has changed."""
    found = commands("docs/models.md")
    assert "models get indicconformer-hi --accept-licence" in found
    assert {command.split()[0] for command in found} == {"models", "evaluate"}
    assert len(found) > 15


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_commands_are_taken(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in commands(page):
        words = shlex.split(re.sub(r"[\[\]]", "", command))  # brackets are around what can be left out
        try:
            _, unknown = _parser(words[0]).parse_known_args(words)
        except SystemExit as end:
            unknown = [] if end.code == 0 else [capsys.readouterr().err]  # 0: --help and --version
        assert unknown == [], f"{page}: hindi-stt {command}"
