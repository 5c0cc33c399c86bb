"""Which test modules `make coverage-modules` counts for a module; what it measures is measured there."""

from __future__ import annotations

import pytest

from tests.support.module_coverage import ROOT, modules_under_test, own_tests

TESTS = ["tests/audio/test_tags.py", "tests/text/test_masking.py", "tests/text/test_masking_over_pauses.py"]


def test_the_mirrored_place_and_the_package() -> None:
    modules = ["hindi_stt/text/masking.py", "hindi_stt/text/__init__.py", "hindi_stt/audio/mask.py"]
    found = own_tests(modules, TESTS)
    assert found == {modules[0]: TESTS[1:], modules[1]: TESTS[1:], modules[2]: []}


def test_what_a_test_module_declares() -> None:
    source = 'import os\n\nMODULES_UNDER_TEST = (\n    "hindi_stt/a.py",\n    "hindi_stt/b.py",\n)\n'
    assert modules_under_test(source) == ["hindi_stt/a.py", "hindi_stt/b.py"]
    assert modules_under_test("import os\n") == []


def test_every_module_that_a_test_declares_is_there() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        for module in modules_under_test(path.read_text(encoding="utf-8")):
            assert (ROOT / module).is_file(), f"{path.name} tests {module}"


def test_a_name_of_no_module_is_an_error() -> None:
    declaring = next(
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if modules_under_test(path.read_text(encoding="utf-8"))
    )
    with pytest.raises(ValueError, match="not there"):
        own_tests(["hindi_stt/audio/tags.py"], [declaring])
