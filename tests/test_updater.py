"""renovate.json names what is there: lock files that uv wrote with its command, and packages of theirs."""

from __future__ import annotations

import json
import re

from tests.support.server import ROOT


def test_it_updates_every_lock_that_uv_compiled() -> None:
    config = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    (pattern,) = (re.compile(text.strip("/")) for text in config["pip-compile"]["managerFilePatterns"])
    locks = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "requirements").glob("*.lock")}
    compiled = {name for name, text in locks.items() if "uv pip compile" in text}
    assert {name for name in locks if pattern.search(name)} == compiled


def test_its_rules_are_about_packages_that_are_used() -> None:
    config = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "serve.lock").read_text(), re.MULTILINE))
    for rule in config["packageRules"]:
        assert set(rule.get("matchPackageNames", [])) <= locked, rule["description"]
