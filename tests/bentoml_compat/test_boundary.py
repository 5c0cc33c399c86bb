"""Only hindi_stt/bentoml_compat touches the private side of BentoML, uvicorn, Starlette and prometheus_client."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import ROOT

COMPAT = ROOT / "hindi_stt" / "bentoml_compat"
# What the packages use between their own modules, and the packages below BentoML that it is built on.
PRIVATE_MODULES = (
    "_bentoml_impl",
    "_bentoml_sdk",
    "circus",
    "prometheus_client.mmap_dict",
    "prometheus_client.multiprocess",
    "prometheus_client.values",
    "uvicorn",
)
FRAMEWORKS = ("bentoml", "prometheus_client", "starlette", "uvicorn")
# Names of variables, files and objects of theirs, and words of their messages.
PRIVATE_WORDS = (
    "PROMETHEUS_MULTIPROC_DIR",
    "prometheus_multiproc_dir",
    "BentoMLContainer",
    "gauge_live",
    "bentoml-uds",
    "without completing handshake",
)
# Of the standard library: os._exit is public, and argparse has no public way to the sub-commands.
OTHER_PRIVATE_ATTRIBUTES = {
    "hindi_stt/cli/jobs.py": {"_exit"},
    "hindi_stt/cli/main.py": {"_actions", "_SubParsersAction"},
}


def sources() -> list[Path]:
    found = [ROOT / "service.py"]
    for folder in ("hindi_stt", "benchmarks", "loadtests"):
        found += (path for path in (ROOT / folder).rglob("*.py") if COMPAT not in path.parents)
    return found


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def touches(source: str) -> Iterator[str]:
    """What this source touches of the frameworks' private side: names of modules, attributes, words."""
    yield from (word for word in PRIVATE_WORDS if word in source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            modules = []
        for module in modules:
            first, *rest = module.split(".")
            if module.startswith(PRIVATE_MODULES) or (first in FRAMEWORKS and any(map(is_private, rest))):
                yield module
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}):
                yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and is_private(name.value):
                yield name.value


def uses_frameworks(source: str) -> bool:
    return any(name in source for name in FRAMEWORKS)


def test_nothing_else_touches_them() -> None:
    found: dict[str, set[str]] = {}
    for path in sources():
        source, name = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        touched = set(touches(source)) - OTHER_PRIVATE_ATTRIBUTES.get(name, set())
        if touched and (name.startswith("hindi_stt") or uses_frameworks(source)):
            found[name] = touched
    assert not found


@pytest.mark.parametrize(
    ("source", "touched"),
    [
        ("import bentoml._internal.utils", {"bentoml._internal.utils"}),
        ("from bentoml import _internal", {"bentoml._internal"}),
        ("from _bentoml_impl.server import serving", {"_bentoml_impl.server", "_bentoml_impl.server.serving"}),
        ("def f():\n    from prometheus_client import values", {"prometheus_client.values"}),
        ("from bentoml.container import BentoMLContainer", {"BentoMLContainer"}),
        ("import os\nos.environ['PROMETHEUS_MULTIPROC_DIR']", {"PROMETHEUS_MULTIPROC_DIR"}),
        ("from starlette._utils import x", {"starlette._utils", "starlette._utils.x"}),
        ("request._receive", {"_receive"}),
        ("getattr(factory, '_service_instance', None)", {"_service_instance"}),
        ("import bentoml\nfrom prometheus_client import Counter\nself._own, cls._own, x.__name__", set()),
    ],
)
def test_the_check_sees(source: str, touched: set[str]) -> None:
    assert set(touches(source)) == touched
