"""How far each module of hindi_stt is tested by its own test modules: python -m tests.support.module_coverage.

Reads the data of a run with the plugin `tests.support.coverage_contexts`. A module's own test modules are those at the
mirrored place (`tests/audio/test_tags.py` for `hindi_stt/audio/tags.py`, and `test_tags_*.py`), and those that name it
in their constant `MODULES_UNDER_TEST`. Lines that the import alone runs count for every test module.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[2]
LEAST_PERCENT = 80.0
IMPORT_CONTEXT = "import"
IMPORT_ALL = """
import importlib, pkgutil
import hindi_stt
for module in pkgutil.walk_packages(hindi_stt.__path__, "hindi_stt."):
    try:
        importlib.import_module(module.name)
    except ImportError:  # of a package that this environment has not
        continue
"""


def own_tests(modules: list[str], tests: list[str]) -> dict[str, list[str]]:
    """The own test modules of each module.

    Args:
        modules: Paths from the root, as "hindi_stt/audio/tags.py".
        tests: Paths from the root, as "tests/audio/test_tags.py".
    """
    declared: dict[str, list[str]] = {}
    for test in tests:
        for module in modules_under_test((ROOT / test).read_text(encoding="utf-8")):
            declared.setdefault(module, []).append(test)
    unknown = set(declared) - set(modules)
    if unknown:
        raise ValueError(f"MODULES_UNDER_TEST names modules that are not there: {', '.join(sorted(unknown))}.")
    return {module: sorted({*_mirrored(module, tests), *declared.get(module, [])}) for module in modules}


def _mirrored(module: str, tests: list[str]) -> Iterator[str]:
    folder, name = module.removeprefix("hindi_stt/").removesuffix(".py").rpartition("/")[::2]
    place = f"tests/{folder}/" if folder else "tests/"
    # The package itself is the subject of every test module at its place.
    form = r"test_\w+\.py" if name == "__init__" else rf"test_{name}(_\w+)?\.py"
    return (test for test in tests if re.fullmatch(re.escape(place) + form, test))


def modules_under_test(source: str) -> list[str]:
    """The paths of the modules that a test module declares: MODULES_UNDER_TEST = ("hindi_stt/audio/tags.py", …)."""
    for statement in ast.parse(source).body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(target := statement.targets[0], ast.Name)
            and target.id == "MODULES_UNDER_TEST"
        ):
            found: tuple[str, ...] = ast.literal_eval(statement.value)
            return list(found)
    return []


def measure(modules: dict[str, list[str]]) -> dict[str, float]:
    """Percent of the statements and branches of each module that its tests run.

    Args:
        modules: The test modules of each; only these and the import count.
    """
    coverage = Coverage(config_file=str(ROOT / "pyproject.toml"))
    coverage.load()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        for module, tests in modules.items():
            contexts = [f"^{IMPORT_CONTEXT}$", *(f"^{re.escape(test)}$" for test in tests)]
            # The whole table can be asked for in the configuration only.
            coverage.set_option("report:fail_under", 0)
            coverage.json_report([str(ROOT / module)], contexts=contexts, outfile=str(report))
            found[module] = json.loads(report.read_text())["totals"]["percent_covered"]
    return found


def main() -> int:
    """Print a table of the modules below the least; returns 1 where there are any."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", dir=ROOT / "build", encoding="utf-8") as script:
        script.write(IMPORT_ALL)
        script.flush()
        command = [sys.executable, "-m", "coverage", "run", f"--context={IMPORT_CONTEXT}", script.name]
        subprocess.run(command, cwd=ROOT, check=True)
    subprocess.run([sys.executable, "-m", "coverage", "combine", "-q", "--append"], cwd=ROOT, check=True)
    omitted = Coverage(config_file=str(ROOT / "pyproject.toml")).get_option("report:omit")
    modules = [
        path
        for path in sorted(str(path.relative_to(ROOT)) for path in (ROOT / "hindi_stt").rglob("*.py"))
        if not any(Path(path).match(pattern) for pattern in omitted)
    ]
    tests = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py"))
    own = own_tests(modules, tests)
    percents = measure(own)
    low = {module: percent for module, percent in percents.items() if percent < LEAST_PERCENT}
    for module, percent in sorted(low.items(), key=lambda item: item[1]):
        print(f"{percent:5.0f} %  {module}  {', '.join(own[module]) or 'no test module'}")
    print(f"{len(low)} of {len(modules)} modules are below {LEAST_PERCENT:g} % by their own test modules.")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
